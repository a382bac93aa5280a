// macspoofchk: what comes from the container's port with another source hardware address is dropped. The reference's chains, names and
// comments in the nf_tables table `bridge nat`, so that either of us finds the other's.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { complete } from '../sdk/complete';
import { failWith } from '../sdk/fail';
import { linkGet, nftApply, nftCheck, nftList } from '../sdk/gen/ops';
import { Arr, Json, Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { Rule } from '../sdk/rule';
import { rulesOf } from '../sdk/rules-of';
import { whyNoNft } from '../sdk/usable';

const PREROUTING = 'PREROUTING';
const CHAIN_START = 'cni-br-iface-';
const COMMENT_START = 'macspoofchk-';
/** bytes that nft reads back from its own listing; the reference writes more, and then the rules cannot be loaded again from what `nft list` printed */
const KEPT = 128;
/** NF_BR_PRI_NAT_DST_BRIDGED, nft's `dstnat` for bridges. */
const PRIORITY = -300;

/** `port` is the host end of the pair, `mac` the container end's. Returns 0, or what fail() returned. */
export function checkSpoofing(request: Request, port: string, mac: string): i32 {
  const made = nftApply(rules(request, port, mac, commentOf(request).substring(0, KEPT)));
  return made.ok ? 0 : failWith(made.error, 'failed to setup spoof-check');
}

/** CHECK: fails with the first rule that is not there. */
export function spoofingChecked(request: Request, port: string, mac: string): i32 {
  const comment = commentOf(request);
  const own = nftCheck(rules(request, port, mac, comment.substring(0, KEPT)));
  const theirs = comment.length > KEPT ? nftCheck(rules(request, port, mac, comment)) : own;
  return theirs.ok && !theirs.json.get('missing').first().present ? 0 : complete(own, 'spoof-check');
}

/** DEL: needs neither namespace nor interface. */
export function uncheckSpoofing(request: Request): Answer {
  const chain = chainOf(request);
  return nftApply(table()
    .arr('remove', new Arr().obj(new Obj().str('chain', PREROUTING).str('jump', chain)))
    .arr('drop', new Arr().obj(new Obj().str('chain', chain)).obj(new Obj().str('chain', chain + '-mac'))));
}

/**
 * GC: the names say the container and not the network, so a chain may be another network's. One whose port is gone, and one that nothing
 * calls, is nobody's.
 */
export function collectSpoofChecks(): i32 {
  const listed = nftList(table());
  // Where there is no such table to be read there is nothing to collect.
  if (!listed.ok) return 0;
  const drop = new Arr();
  for (let chain = listed.json.get('chains').first(); chain.present; chain = chain.next()) {
    const name = chain.get('name').str();
    if (!name.startsWith(CHAIN_START) || name.endsWith('-mac') || hasPort(listed.json, name)) continue;
    drop.obj(new Obj().str('chain', name)).obj(new Obj().str('chain', name + '-mac'));
  }
  if (drop.isEmpty) return 0;
  const dropped = nftApply(table().arr('drop', drop));
  return dropped.ok ? 0 : failWith(dropped.error, 'failed to teardown spoof-check');
}

/** STATUS: why an ADD would fail, '' when it would not. */
export function cannotCheckSpoofing(): string {
  const why = whyNoNft();
  return why.length == 0 ? '' : 'macspoofchk needs nf_tables, which cannot be used on this node: ' + why;
}

/** Is the chain called for an interface that is there? */
function hasPort(listed: Json, name: string): bool {
  for (let e = rulesOf(PREROUTING, listed); e.present; e = e.next()) {
    const text = e.get('text').str();
    if (text.includes(' jump ' + name + ' ') && (!text.startsWith('iifname "') || isThere(text.split('"')[1]))) return true;
  }
  return false;
}

function isThere(port: string): bool {
  return !linkGet(new Obj().str('ns', 'host').str('name', port)).missing;
}

function rules(request: Request, port: string, mac: string, comment: string): Obj {
  const chain = chainOf(request);
  return table()
    .arr('chains', new Arr()
      .obj(new Obj().str('name', PREROUTING).obj('hook', new Obj().str('type', 'filter').str('hook', 'prerouting').int('priority', PRIORITY)).str('life', 'network'))
      .obj(new Obj().str('name', chain)).obj(new Obj().str('name', chain + '-mac')))
    .arr('set', new Arr()
      .obj(content(chain, new Arr().obj(new Rule().jump(chain + '-mac').comment(comment).json())))
      .obj(content(chain + '-mac', new Arr()
        .obj(new Rule().fromMac(mac).back().comment(comment).json())
        .obj(new Rule().drop().comment(comment).json()))))
    .arr('add', new Arr().obj(new Obj().str('chain', PREROUTING).obj('rule', new Rule().in(port).jump(chain).comment(comment).json())));
}

function table(): Obj {
  return new Obj().str('ns', 'host').str('family', 'bridge').str('table', 'nat');
}

function idOf(request: Request): string {
  return request.containerId + '-' + request.ifname;
}

function commentOf(request: Request): string {
  return COMMENT_START + idOf(request);
}

function chainOf(request: Request): string {
  return CHAIN_START + idOf(request);
}

function content(chain: string, rules: Arr): Obj {
  return new Obj().str('chain', chain).arr('rules', rules);
}
