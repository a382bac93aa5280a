// Whole chains, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { chainCases } from './cases/chains.ts';
import { compared } from './compared.ts';

compared([...chainCases]);
