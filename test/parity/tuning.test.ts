// Tuning, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { tuningCases, tuningErrors } from './cases/tuning.ts';
import { compared } from './compared.ts';

compared([...tuningCases, ...tuningErrors]);
