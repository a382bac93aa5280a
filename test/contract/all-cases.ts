// The whole contract, by domain.
// SPDX-License-Identifier: Apache-2.0

import type { Cases } from './case.ts';
import { addressCases } from './cases/addresses.ts';
import { iptablesCases } from './cases/iptables.ts';
import { linkChangeCases } from './cases/link-changes.ts';
import { linkCases } from './cases/links.ts';
import { neighbourCases } from './cases/neighbours.ts';
import { nftCases } from './cases/nft.ts';
import { policyRuleCases } from './cases/policy-rules.ts';
import { routeCases } from './cases/routes.ts';
import { sysctlCases } from './cases/sysctls.ts';
import { trafficControlCases } from './cases/traffic-control.ts';
import { vlanCases } from './cases/vlans.ts';

export const CONTRACT: Readonly<Record<string, Cases>> = {
  links: linkCases,
  'link changes': linkChangeCases,
  vlans: vlanCases,
  addresses: addressCases,
  routes: routeCases,
  'policy rules': policyRuleCases,
  neighbours: neighbourCases,
  nft: nftCases,
  iptables: iptablesCases,
  'traffic control': trafficControlCases,
  sysctls: sysctlCases,
};
