// Ports, limits and whole chains, switched between the reference 1.9.1 and us.
// SPDX-License-Identifier: Apache-2.0

import { testChains } from './switch-chains.ts';

testChains('1.9.1', /ports|limits|everything/);
