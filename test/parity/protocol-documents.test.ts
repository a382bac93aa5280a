// What stdin holds, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { documents } from './cases/protocol.ts';
import { compared } from './compared.ts';

compared([...documents]);
