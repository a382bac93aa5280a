// Bridge, key by key, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { bridgeVersions, bridgeKeys } from './cases/bridge.ts';
import { compared } from './compared.ts';

compared([...bridgeVersions, ...bridgeKeys]);
