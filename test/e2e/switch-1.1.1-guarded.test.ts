// Tuning, firewall and spoof check, switched between the reference 1.1.1 and us.
// SPDX-License-Identifier: Apache-2.0

import { testChains } from './switch-chains.ts';

testChains('1.1.1', /tuned|firewall|spoof/);
