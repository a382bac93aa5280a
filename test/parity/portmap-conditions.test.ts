// Port mappings with conditions and marks, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { portmapConditions } from './cases/portmap.ts';
import { compared } from './compared.ts';

compared([...portmapConditions]);
