// kill -9 at every change of the chain's ADD and DEL, with nftables.
// SPDX-License-Identifier: Apache-2.0

import { killChainTests } from './killed-chain.ts';

killChainTests('nftables');
