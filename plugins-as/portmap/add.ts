// ADD: for each address family of the container the rules, then the flows that would not meet them, then access by localhost.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { iptablesApply, nftApply } from '../sdk/gen/ops';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { misfit, usesNft } from './backend';
import { PortmapConfig } from './config';
import { flushUdp } from './conntrack';
import { containerAddresses } from './container-address';
import { iptablesLayout } from './iptables-layout';
import { enableLocalnet } from './localnet';
import { nftLayout } from './nft-layout';

export function add(length: i32): i32 {
  const request = Request.take(length);
  const config = new PortmapConfig(request.config);
  if (config.problem.length > 0) return fail('failed to parse config: ' + config.problem);
  const wrongBackend = misfit(config);
  if (wrongBackend.length > 0) return fail('failed to parse config: ' + wrongBackend);
  if (!request.prevResult.exists) return fail('must be called as chained plugin');
  const result = Result.from(request.prevResult);
  return config.mappings.length > 0 && forwardPorts(request, config, result) != 0 ? 1 : result.set();
}

function forwardPorts(request: Request, config: PortmapConfig, result: Result): i32 {
  const addresses = containerAddresses(request, result);
  const nft = addresses.length > 0 && usesNft(config, addresses[0].ip.v6);
  for (let i = 0; i < addresses.length; i++) {
    const v6 = addresses[i].ip.v6;
    const applied = nft ? nftApply(nftLayout(request, config, addresses[i])) : iptablesApply(iptablesLayout(request, config, addresses[i]));
    if (!applied.ok) return failWith(applied.error, nft ? 'unable to set up nftables rules for port mappings' : 'unable to setup DNAT');
    flushUdp(config.mappings, v6);
    if (!config.snat || v6) continue;
    const problem = enableLocalnet(addresses[i].ip, result.interfaces);
    if (problem.length > 0) return fail('unable to enable route_localnet: ' + problem);
  }
  return 0;
}
