// Port mappings: backends, families and masquerading, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { portmapProducts } from './cases/portmap.ts';
import { compared } from './compared.ts';

compared([...portmapProducts]);
