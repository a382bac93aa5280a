// Masquerading in nf_tables: the reference's table, chains and comments, so that either of us finds the other's rules.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from './ip';
import { Arr, Json, Obj } from './json';
import { Request } from './request';
import { AssignedIp } from './result';

const TABLE = 'cni_plugins_masquerade';
const TABLE_COMMENT = 'Masquerading for plugins from github.com/containernetworking/plugins';
const CHECKS = 'masq_checks';
const CHECKS_COMMENT = 'Masquerade traffic from certain IPs to any (non-multicast) IP outside their subnet';
/** Longer comments the nft program would not take. */
const COMMENT_BYTES = 128;

/** The table as the reference has it, with a rule for each address; `replacing` what an earlier ADD of the attachment left. */
export function nftRules(request: Request, ips: AssignedIp[], replacing: bool): Obj {
  const rules = nftTable();
  const comment = commentOf(request.networkHash, request.interfaceHash, facts(request.network, request.ifname, request.containerId));
  if (replacing) rules.arr('remove', new Arr().obj(ownRules(request)));
  rules.str('tableComment', TABLE_COMMENT);
  rules.arr('chains', new Arr()
    .obj(new Obj().str('name', CHECKS).str('comment', CHECKS_COMMENT).str('life', 'network'))
    .obj(new Obj().str('name', 'postrouting').obj('hook', new Obj().str('type', 'nat').str('hook', 'postrouting').int('priority', 100)).str('life', 'network')));
  rules.arr('set', new Arr().obj(new Obj().str('chain', 'postrouting').arr('rules', new Arr()
    .obj(rule(new Obj().str('daddr', '224.0.0.0/4'), new Obj().str('verdict', 'return')))
    .obj(rule(new Obj().str('daddr', 'ff00::/8'), new Obj().str('verdict', 'return')))
    .obj(new Obj().arr('match', new Arr()).obj('action', new Obj().str('goto', CHECKS))))));
  const add = new Arr();
  for (let i = 0; i < ips.length; i++) {
    const prefix = Prefix.parse(ips[i].address);
    if (prefix !== null) add.obj(new Obj().str('chain', CHECKS).obj('rule', masquerade(prefix, comment)));
  }
  return rules.arr('add', add);
}

/** Takes the attachment's rules away, whatever their addresses. */
export function nftWithout(request: Request): Obj {
  return nftTable().arr('remove', new Arr().obj(ownRules(request)));
}

/** Takes away the rules of the network whose attachment is not among `valid`; `listed` is what nft.list found. */
export function nftWithoutStale(request: Request, listed: Json, valid: Json): Obj {
  const keep = new Set<string>();
  const start = request.networkHash.substring(0, 16) + '-';
  const hashes = start.length + 16;
  for (let e = valid.first(); e.present; e = e.next()) {
    const comment = cut('-'.repeat(hashes) + facts(request.network, e.get('ifname').str(), e.get('containerID').str()));
    keep.add(comment.substring(hashes));
  }
  const remove = new Arr();
  for (let chain = listed.get('chains').first(); chain.present; chain = chain.next()) {
    if (chain.get('name').str() != CHECKS) continue;
    for (let e = chain.get('rules').first(); e.present; e = e.next()) {
      const comment = e.get('comment').str();
      if (comment.startsWith(start) && !keep.has(comment.substring(hashes))) remove.obj(new Obj().str('chain', CHECKS).str('comment', comment));
    }
  }
  return nftTable().arr('remove', remove);
}

/** Where the rules are; as such what a listing asks for. */
export function nftTable(): Obj {
  return new Obj().str('ns', 'host').str('family', 'inet').str('table', TABLE);
}

function ownRules(request: Request): Obj {
  return new Obj().str('chain', CHECKS).str('commentPrefix', commentOf(request.networkHash, request.interfaceHash, ''));
}

function masquerade(prefix: Prefix, comment: string): Obj {
  return new Obj()
    .arr('match', new Arr()
      .obj(new Obj().str('saddr', Prefix.of(prefix.ip).text()))
      .obj(new Obj().str('daddr', prefix.network().text()).bool('not', true)))
    .obj('action', new Obj().bool('masquerade', true))
    .str('comment', comment);
}

function rule(match: Obj, action: Obj): Obj {
  return new Obj().arr('match', new Arr().obj(match)).obj('action', action);
}

function commentOf(networkHash: string, interfaceHash: string, facts: string): string {
  return cut(networkHash.substring(0, 16) + '-' + interfaceHash.substring(0, 16) + facts);
}

function facts(network: string, ifname: string, containerId: string): string {
  return ', net: ' + network + ', if: ' + ifname + ', id: ' + containerId;
}

/** Names of networks and containers are ASCII; only an interface may be called otherwise. */
function cut(comment: string): string {
  const plain = comment.replaceAll('"', '');
  let end = plain.length;
  while (String.UTF8.byteLength(plain.substring(0, end)) > COMMENT_BYTES) end--;
  return plain.substring(0, end);
}
