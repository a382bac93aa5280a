// ADD: lets the container's addresses through, then shuts its bridge off from others if that is asked for.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { firewalldAdd, iptablesApply, nftApply } from '../sdk/gen/ops';
import { Request } from '../sdk/request';
import { Asked } from './asked';
import { zoned } from './backend';
import { iptablesLayouts } from './iptables-layout';
import { nftLayout } from './nft-layout';

export function add(length: i32): i32 {
  const request = Request.take(length);
  const asked = new Asked(request);
  if (asked.problem.length > 0) return fail(asked.problem);
  const failed = asked.backend == 'nftables' ? addToNft(request, asked) : addToOthers(asked);
  return failed != 0 ? failed : asked.result.set();
}

function addToNft(request: Request, asked: Asked): i32 {
  const applied = nftApply(nftLayout(request, asked, true));
  return applied.ok ? 0 : failWith(applied.error, 'failed to set up nftables rules');
}

function addToOthers(asked: Asked): i32 {
  if (asked.backend == 'firewalld' && asked.addresses.length > 0) {
    const bound = firewalldAdd(zoned(asked.conf, asked.addresses));
    if (!bound.ok) return failWith(bound.error);
  }
  const layouts = iptablesLayouts(asked);
  for (let i = 0; i < layouts.length; i++) {
    const applied = iptablesApply(layouts[i]);
    if (!applied.ok) return failWith(applied.error, 'failed to set up iptables rules');
  }
  return 0;
}
