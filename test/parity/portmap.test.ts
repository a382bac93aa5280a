// Port mappings, key by key, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { portmapKeys, portmapErrors } from './cases/portmap.ts';
import { compared } from './compared.ts';

compared([...portmapKeys, ...portmapErrors]);
