// Spoof check and VLANs, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { guards } from './cases/guards.ts';
import { compared } from './compared.ts';

compared([...guards]);
