// GC: takes away the iptables chains of this network's containers that are not listed any more. An nft rule names its container but not
// its network, so those are left to what the host has noted down of each attachment.
// SPDX-License-Identifier: Apache-2.0

import { failWith } from '../sdk/fail';
import { iptablesApply, iptablesList } from '../sdk/gen/ops';
import { Arr, Json, Obj } from '../sdk/json';
import { natTable } from '../sdk/nat-table';
import { Request } from '../sdk/request';
import { rulesOf } from '../sdk/rules-of';
import { askIptables, isLacking } from '../sdk/usable';
import { dnatComment, ownedBy } from './dnat-comment';
import { DNAT_CHAIN, HOSTPORT_DNAT, oldSnatChainOf } from './iptables-layout';

export function gc(length: i32): i32 {
  const request = Request.take(length);
  if (!request.validAttachments.exists) return 0;
  return collect(request, false) | collect(request, true);
}

function collect(request: Request, v6: bool): i32 {
  const what = v6 ? 'could not teardown ipv6 dnat' : 'could not teardown ipv4 dnat';
  const family = v6 ? 'ip6' : 'ip';
  const usable = askIptables(family);
  if (isLacking(usable)) return 0;
  if (!usable.ok) return failWith(usable.error, what);
  const found = iptablesList(natTable(family));
  if (!found.ok) return failWith(found.error, 'list the nat table');
  const drop = new Arr();
  const chains = staleChains(found.json, request);
  for (let i = 0; i < chains.length; i++) drop.obj(new Obj().str('chain', chains[i])).obj(new Obj().str('chain', oldSnatChainOf(chains[i])));
  if (drop.isEmpty) return 0;
  const dropped = iptablesApply(natTable(family).arr('drop', drop));
  return dropped.ok ? 0 : failWith(dropped.error, what);
}

/** Comments are compared whole: those of containers to keep are known, and where a long one was cut, both are cut. */
function staleChains(listed: Json, request: Request): string[] {
  const prefix = ownedBy(request.network);
  const kept = validComments(request);
  const chains: string[] = [];
  for (let entry = rulesOf(HOSTPORT_DNAT, listed); entry.present; entry = entry.next()) {
    const comment = entry.get('comment').str();
    if (!comment.startsWith(prefix) || kept.includes(comment)) continue;
    const chain = jumpTarget(entry.get('text').str());
    if (chain.startsWith(DNAT_CHAIN) && !chains.includes(chain)) chains.push(chain);
  }
  return chains;
}

function validComments(request: Request): string[] {
  const comments: string[] = [];
  for (let e = request.validAttachments.first(); e.present; e = e.next()) comments.push(dnatComment(request.network, e.get('containerID').str()));
  return comments;
}

/** The rule as iptables-save writes it ends with what it jumps to. */
function jumpTarget(rule: string): string {
  const at = rule.lastIndexOf('-j ');
  return at < 0 ? '' : rule.substring(at + 3).trim();
}
