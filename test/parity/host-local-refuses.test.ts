// What host-local refuses, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { hostLocalErrors } from './cases/host-local.ts';
import { compared } from './compared.ts';

compared(hostLocalErrors);
