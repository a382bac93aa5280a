// STATUS: is there anything ports could be forwarded with?
// SPDX-License-Identifier: Apache-2.0

import { fail, NOT_AVAILABLE } from '../sdk/fail';
import { Request } from '../sdk/request';
import { askIptables, whyNoNft, whyNot } from '../sdk/usable';
import { misfit, whyNoNftWithConditions } from './backend';
import { PortmapConfig } from './config';

export function status(length: i32): i32 {
  const config = new PortmapConfig(Request.take(length).config);
  if (config.problem.length > 0) return fail('failed to parse config: ' + config.problem);
  const wrongBackend = misfit(config);
  if (wrongBackend.length > 0) return fail('failed to parse config: ' + wrongBackend);
  const noIptables = config.backend == 'nftables' ? 'not asked for' : whyNot(askIptables('ip'));
  if (noIptables.length == 0) return 0;
  const noNft = config.backend == 'iptables' ? 'not asked for' : config.conditions.nftOnly.length > 0 ? whyNoNftWithConditions() : whyNoNft();
  if (noNft.length == 0) return 0;
  return fail('no backend for port mappings is usable: iptables: ' + noIptables + '; nftables: ' + noNft, NOT_AVAILABLE);
}
