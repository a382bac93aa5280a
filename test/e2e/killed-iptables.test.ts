// kill -9 in the middle of ADD and DEL, with iptables.
// SPDX-License-Identifier: Apache-2.0

import { killTests } from './killed.ts';

killTests('iptables');
