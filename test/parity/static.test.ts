// static by itself and behind a bridge, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { staticCases, staticErrors } from './cases/static.ts';
import { compared } from './compared.ts';

compared([...staticCases, ...staticErrors]);
