// ADD: lets the container's addresses through, then shuts its bridge off from others if that is asked for.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { firewalldAdd, iptablesApply, nftApply } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Request } from '../sdk/request';
import { FAMILIES, ofFamily } from './addresses';
import { Asked } from './asked';
import { zoned } from './backend';
import { FirewallConf } from './firewall-conf';
import { IptablesLayout } from './iptables-layout';
import { nftLayout } from './nft-layout';

export function add(length: i32): i32 {
  const request = Request.take(length);
  const asked = new Asked(request);
  if (asked.problem.length > 0) return fail(asked.problem);
  const conf = asked.conf;
  const addresses = asked.addresses;
  const bridge = asked.bridge;
  const backend = asked.backend;
  const failed = backend == 'nftables' ? addToNft(request, conf, addresses, bridge) : addToOthers(backend, conf, addresses, bridge);
  return failed != 0 ? failed : asked.result.set();
}

function addToNft(request: Request, conf: FirewallConf, addresses: Prefix[], bridge: string): i32 {
  const applied = nftApply(nftLayout(request, conf, addresses, bridge, true));
  return applied.ok ? 0 : failWith(applied.error, 'failed to set up nftables rules');
}

/** A policy is made with iptables, whichever of the two lets the addresses through. */
function addToOthers(backend: string, conf: FirewallConf, addresses: Prefix[], bridge: string): i32 {
  if (backend == 'firewalld' && addresses.length > 0) {
    const bound = firewalldAdd(zoned(conf, addresses));
    if (!bound.ok) return failWith(bound.error);
  }
  for (let i = 0; i < FAMILIES.length; i++) {
    const some = ofFamily(addresses, FAMILIES[i]);
    if (some.length == 0 || (backend == 'firewalld' && bridge.length == 0)) continue;
    const layout = new IptablesLayout(FAMILIES[i]);
    if (backend == 'iptables') layout.admits(some, conf);
    if (bridge.length > 0) layout.isolates(bridge, conf.policy);
    const applied = iptablesApply(layout.json());
    if (!applied.ok) return failWith(applied.error, 'failed to set up iptables rules');
  }
  return 0;
}
