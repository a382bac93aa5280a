// Firewall with iptables, beside the reference.
// SPDX-License-Identifier: Apache-2.0

import { firewallCases, firewallErrors } from './cases/firewall.ts';
import { compared } from './compared.ts';

compared([...firewallCases, ...firewallErrors]);
