// Limits, and the whole chain, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { bandwidthCases } from './cases/bandwidth.ts';
import { compared } from './compared.ts';

compared([...bandwidthCases]);
