// STATUS: is there anything ports could be forwarded with, and led to by 127.0.0.1?
// SPDX-License-Identifier: Apache-2.0

import { fail, NOT_AVAILABLE } from '../sdk/fail';
import { Request } from '../sdk/request';
import { askIptables, whyNoNft, whyNoSysctls, whyNot } from '../sdk/usable';
import { misfit, whyNoNftWithConditions } from './backend';
import { PortmapConfig } from './config';

export function status(length: i32): i32 {
  const config = new PortmapConfig(Request.take(length).config);
  if (config.problem.length > 0) return fail('failed to parse config: ' + config.problem);
  const wrongBackend = misfit(config);
  if (wrongBackend.length > 0) return fail('failed to parse config: ' + wrongBackend);
  const noIptables = config.backend == 'nftables' ? 'not asked for' : whyNot(askIptables('ip'));
  if (noIptables.length == 0) return needsSysctls(config);
  const noNft = config.backend == 'iptables' ? 'not asked for' : config.conditions.nftOnly.length > 0 ? whyNoNftWithConditions() : whyNoNft();
  if (noNft.length == 0) return needsSysctls(config);
  return fail('no backend for port mappings is usable: iptables: ' + noIptables + '; nftables: ' + noNft, NOT_AVAILABLE);
}

/** Where 127.0.0.1 is to lead to a container, every port of one is refused without it. */
function needsSysctls(config: PortmapConfig): i32 {
  const why = config.snat ? whyNoSysctls() : '';
  return why.length == 0 ? 0 : fail('ports cannot be made reachable by 127.0.0.1: ' + why, NOT_AVAILABLE, '"snat": false does without');
}
