// host-local by itself, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { hostLocalCases } from './cases/host-local.ts';
import { compared } from './compared.ts';

compared(hostLocalCases);
