// What is to be in our own nf_tables table, which the reference does not have: the same order of judgement as its iptables chains.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from '../sdk/ip';
import { Arr, Json, Obj } from '../sdk/json';
import { COMMENT_BYTES, networkStart, ownComment, removeOwn, removeStale } from '../sdk/nft-owner';
import { Request } from '../sdk/request';
import { Rule } from '../sdk/rule';
import { rulesOf } from '../sdk/rules-of';
import { Asked } from './asked';

/** `filter` as nft calls it. */
const FILTER_PRIORITY = 0;
const FORWARD = 'forward';
/** The operator's own rules; we only make the chain. */
const ADMIN = 'admin';
const CONTAINERS = 'containers';
const POLICIES = 'policies';
const CLOSED = 'closed_bridges';

export function nftTable(): Obj {
  return new Obj().str('ns', 'host').str('family', 'inet').str('table', 'cni_firewall');
}

/** `replacing` what an earlier ADD of the attachment, and an earlier configuration of the network, left. */
export function nftLayout(request: Request, asked: Asked, replacing: bool): Obj {
  const chains = new Arr().obj(chain(POLICIES)).obj(chain(CLOSED)).obj(chain(ADMIN)).obj(chain(CONTAINERS))
    .obj(chain(FORWARD).obj('hook', new Obj().str('type', 'filter').str('hook', 'forward').int('priority', FILTER_PRIORITY)));
  const order = new Arr().obj(new Rule().jump(POLICIES).json()).obj(new Rule().jump(ADMIN).json()).obj(new Rule().jump(CONTAINERS).json());
  const add = new Arr();
  for (let i = 0; i < asked.addresses.length; i++) {
    const address = asked.addresses[i].text();
    add.obj(own(new Rule().to(address).answering().accept(), request)).obj(own(new Rule().from(address).accept(), request));
  }
  if (asked.bridge.length > 0) addPolicy(add, request, asked.conf.policy, asked.bridge);
  const table = nftTable();
  if (replacing) table.arr('remove', withoutPolicy(request).obj(removeOwn(CONTAINERS, request)));
  return table.str('tableComment', 'CNI firewall plugin').arr('chains', chains)
    .arr('set', new Arr().obj(new Obj().str('chain', FORWARD).arr('rules', order))).arr('add', add);
}

export function nftWithout(request: Request): Obj {
  return nftTable().arr('remove', new Arr().obj(removeOwn(CONTAINERS, request)));
}

export function nftWithoutStale(request: Request, listed: Json): Obj {
  return nftTable().arr('remove', removeStale(CONTAINERS, request, listed));
}

/** No attachment of the network has rules any more, so that nobody is behind its policy. */
export function isUnused(request: Request, listed: Json): bool {
  for (let e = rulesOf(CONTAINERS, listed); e.present; e = e.next()) {
    if (e.get('comment').str().startsWith(networkStart(request))) return false;
  }
  return true;
}

/** Each network has rules of its own for its bridge, so they can go with its last attachment. */
export function withoutPolicy(request: Request): Arr {
  return new Arr().obj(ofNetwork(POLICIES, request)).obj(ofNetwork(CLOSED, request));
}

function addPolicy(add: Arr, request: Request, policy: string, bridge: string): void {
  const remark = (networkStart(request) + 'policy, net: ' + request.network).substring(0, COMMENT_BYTES);
  if (policy == 'isolated') add.obj(shared(POLICIES, new Rule().in(bridge).out(bridge).drop().comment(remark)));
  add.obj(shared(POLICIES, new Rule().in(bridge).notOut(bridge).jump(CLOSED).comment(remark)));
  add.obj(shared(CLOSED, new Rule().out(bridge).drop().comment(remark)));
}

function ofNetwork(chain: string, request: Request): Obj {
  return new Obj().str('chain', chain).str('commentPrefix', networkStart(request));
}

function chain(name: string): Obj {
  return new Obj().str('name', name).str('life', 'network');
}

function shared(chain: string, rule: Rule): Obj {
  return new Obj().str('chain', chain).obj('rule', rule.json()).str('life', 'network');
}

function own(rule: Rule, request: Request): Obj {
  return new Obj().str('chain', CONTAINERS).obj('rule', rule.comment(ownComment(request)).json());
}
