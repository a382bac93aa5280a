// Loopback, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { loopback } from './cases/loopback.ts';
import { compared } from './compared.ts';

compared([...loopback]);
