// Bridge: gateways, families and masquerading, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { bridgeProducts } from './cases/bridge.ts';
import { compared } from './compared.ts';

compared([...bridgeProducts]);
