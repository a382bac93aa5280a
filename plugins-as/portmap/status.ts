// STATUS: is there anything ports could be forwarded with?
// SPDX-License-Identifier: Apache-2.0

import { fail } from '../sdk/fail';
import { Request } from '../sdk/request';
import { whyNoIptables, whyNoNft } from './backend';
import { PortmapConfig, UNSUPPORTED_FIELD } from './config';

/** SPEC §STATUS */
const NOT_AVAILABLE: i32 = 50;

export function status(length: i32): i32 {
  const config = new PortmapConfig(Request.take(length).config);
  if (config.problem.length > 0) return fail('failed to parse config: ' + config.problem);
  if (config.unsupported.length > 0) return fail(config.unsupported, UNSUPPORTED_FIELD);
  const noIptables = config.backend == 'nftables' ? 'not asked for' : whyNoIptables(false);
  if (noIptables.length == 0) return 0;
  const noNft = config.backend == 'iptables' ? 'not asked for' : whyNoNft();
  if (noNft.length == 0) return 0;
  return fail('no backend for port mappings is usable: iptables: ' + noIptables + '; nftables: ' + noNft, NOT_AVAILABLE);
}
