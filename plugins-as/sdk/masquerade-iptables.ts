// Masquerading in iptables: one chain for each container of a network, as the reference names and fills it.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from './ip';
import { Arr, Json, Obj } from './json';
import { natTable } from './nat-table';
import { quote } from './quote';
import { Request } from './request';
import { AssignedIp } from './result';
import { Rule } from './rule';

/** xt_comment keeps no more; the reference gives iptables the whole, which cuts. */
const KEPT = 255;

/** What the addresses of this family need; `family` is ip or ip6. */
export function iptablesRules(request: Request, ips: AssignedIp[], family: string): Obj {
  const chain = chainOf(request);
  const comment = commentOf(request.network, request.containerId);
  const multicast = family == 'ip6' ? 'ff00::/8' : '224.0.0.0/4';
  const add = new Arr();
  for (let i = 0; i < ips.length; i++) {
    const prefix = Prefix.parse(ips[i].address);
    if (prefix === null || prefix.ip.v6 != (family == 'ip6')) continue;
    add.obj(inChain(chain, new Rule().to(prefix.network().text()).accept().comment(comment)));
    add.obj(inChain(chain, new Rule().notTo(multicast).masquerade().comment(comment)));
    add.obj(jump(Prefix.of(prefix.ip), chain, comment));
  }
  return natTable(family).arr('chains', new Arr().obj(new Obj().str('name', chain))).arr('add', add);
}

/**
 * Takes the attachment's rules away. Another interface of the container can use the same chain: only the jumps from the known
 * addresses go, and the chain when no jump is left. When the container itself is gone and no address is known, all goes.
 */
export function iptablesWithout(request: Request, addresses: Prefix[], family: string): Obj {
  const chain = chainOf(request);
  const comment = commentOf(request.network, request.containerId);
  const remove = new Arr();
  for (let i = 0; i < addresses.length; i++) {
    if (addresses[i].ip.v6 != (family == 'ip6')) continue;
    remove.obj(jump(Prefix.of(addresses[i].ip), chain, comment));
    // The form of old versions of the reference.
    remove.obj(jump(addresses[i].network(), chain, comment));
  }
  const drop = new Obj().str('chain', chain).bool('unreferenced', addresses.length > 0 || request.netns);
  return natTable(family).arr('remove', remove).arr('drop', new Arr().obj(drop));
}

/** Takes away the chains of the network whose container is not valid any more; `listed` is what iptables.list found. */
export function iptablesWithoutStale(request: Request, listed: Json, family: string): Obj {
  const keep = new Set<string>();
  const start = commentStart(request.network);
  for (let e = request.validAttachments.first(); e.present; e = e.next()) keep.add(commentOf(request.network, e.get('containerID').str()));
  const drop = new Arr();
  for (let chain = listed.get('chains').first(); chain.present; chain = chain.next()) {
    const name = chain.get('name').str();
    if (!isOurs(name)) continue;
    const comment = chain.get('rules').first().get('comment').str();
    if (comment.startsWith(start) && !keep.has(comment)) drop.obj(new Obj().str('chain', name));
  }
  return natTable(family).arr('drop', drop);
}

function chainOf(request: Request): string {
  return 'CNI-' + request.attachmentHash.substring(0, 24);
}

/** Not portmap's CNI-DN-… and CNI-HOSTPORT-…, which are longer or hold other letters. */
function isOurs(chain: string): bool {
  if (chain.length != 28 || !chain.startsWith('CNI-')) return false;
  for (let i = 4; i < chain.length; i++) {
    const unit = chain.charCodeAt(i);
    if (!(unit >= 0x30 && unit <= 0x39) && !(unit >= 0x61 && unit <= 0x66)) return false;
  }
  return true;
}

/** A name that leaves no room for a container begins no comment: which of two such networks a chain is of cannot be told. */
function commentStart(network: string): string {
  return 'name: ' + quote(network) + ' id: ';
}

function commentOf(network: string, containerId: string): string {
  return (commentStart(network) + quote(containerId)).substring(0, KEPT);
}

function jump(from: Prefix, chain: string, comment: string): Obj {
  return inChain('POSTROUTING', new Rule().from(from.text()).jump(chain).comment(comment));
}

function inChain(chain: string, rule: Rule): Obj {
  return new Obj().str('chain', chain).obj('rule', rule.json());
}
