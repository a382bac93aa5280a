// The environment, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { environment } from './cases/protocol.ts';
import { compared } from './compared.ts';

compared([...environment]);
