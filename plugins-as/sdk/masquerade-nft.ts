// Masquerading in nf_tables: the reference's table, chains and comments, so that either of us finds the other's rules.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from './ip';
import { Arr, Json, Obj } from './json';
import { ownComment, removeOwn, removeStale } from './nft-owner';
import { Request } from './request';
import { AssignedIp } from './result';
import { Rule } from './rule';

const TABLE = 'cni_plugins_masquerade';
const TABLE_COMMENT = 'Masquerading for plugins from github.com/containernetworking/plugins';
const CHECKS = 'masq_checks';
const CHECKS_COMMENT = 'Masquerade traffic from certain IPs to any (non-multicast) IP outside their subnet';

/** The table as the reference has it, with a rule for each address; `replacing` what an earlier ADD of the attachment left. */
export function nftRules(request: Request, ips: AssignedIp[], replacing: bool): Obj {
  const rules = nftTable();
  const comment = ownComment(request);
  if (replacing) rules.arr('remove', new Arr().obj(removeOwn(CHECKS, request)));
  rules.str('tableComment', TABLE_COMMENT);
  rules.arr('chains', new Arr()
    .obj(new Obj().str('name', CHECKS).str('comment', CHECKS_COMMENT).str('life', 'network'))
    .obj(new Obj().str('name', 'postrouting').obj('hook', new Obj().str('type', 'nat').str('hook', 'postrouting').int('priority', 100)).str('life', 'network')));
  rules.arr('set', new Arr().obj(new Obj().str('chain', 'postrouting').arr('rules', new Arr()
    .obj(new Rule().to('224.0.0.0/4').back().json())
    .obj(new Rule().to('ff00::/8').back().json())
    .obj(new Rule().goto(CHECKS).json()))));
  const add = new Arr();
  for (let i = 0; i < ips.length; i++) {
    const prefix = Prefix.parse(ips[i].address);
    if (prefix === null) continue;
    const rule = new Rule().from(Prefix.of(prefix.ip).text()).notTo(prefix.network().text()).masquerade().comment(comment);
    add.obj(new Obj().str('chain', CHECKS).obj('rule', rule.json()));
  }
  return rules.arr('add', add);
}

/** Takes the attachment's rules away, whatever their addresses. */
export function nftWithout(request: Request): Obj {
  return nftTable().arr('remove', new Arr().obj(removeOwn(CHECKS, request)));
}

/** Takes away the rules of the network whose attachment is not valid any more; `listed` is what nft.list found. */
export function nftWithoutStale(request: Request, listed: Json): Obj {
  return nftTable().arr('remove', removeStale(CHECKS, request, listed));
}

/** Where the rules are; as such what a listing asks for. */
export function nftTable(): Obj {
  return new Obj().str('ns', 'host').str('family', 'inet').str('table', TABLE);
}
