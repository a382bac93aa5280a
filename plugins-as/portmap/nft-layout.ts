// What is to be in the table cni_hostport of one family: the reference's chains and rules. A rule's owner is its comment, the container.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from '../sdk/ip';
import { Arr, Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { PortmapConfig } from './config';
import { Rule } from '../sdk/rule';

export const HOSTPORTS = 'hostports';
export const HOSTIP_HOSTPORTS = 'hostip_hostports';
export const MASQUERADING = 'masquerading';
const HOSTPORTS_ALL = 'hostports_all';
/** `dstnat` and `srcnat` as nft calls them. */
const DSTNAT = -100;
const SRCNAT = 100;

export function nftTable(v6: bool): Obj {
  return new Obj().str('ns', 'host').str('family', v6 ? 'ip6' : 'ip').str('table', 'cni_hostport');
}

export function nftLayout(request: Request, config: PortmapConfig, address: Prefix, masqAll: bool = config.masqAll): Obj {
  const chains = new Arr().obj(chain(HOSTPORTS)).obj(chain(HOSTIP_HOSTPORTS)).obj(chain(HOSTPORTS_ALL))
    .obj(baseChain('prerouting', DSTNAT)).obj(baseChain('output', DSTNAT));
  if (config.snat) chains.obj(baseChain('postrouting', SRCNAT, MASQUERADING));
  // hostip_hostports stays empty: older versions of the reference had rules there, and it is called as long as there may be some.
  const toPorts = new Arr().obj(new Rule().jump(HOSTIP_HOSTPORTS).json()).obj(new Rule().jump(HOSTPORTS).json());
  // Only what is sent to the host itself: a rule for a port alone would catch what containers send to others (CVE-2025-67499).
  const toHost = new Arr().obj(new Rule().toHost().jump(HOSTPORTS_ALL).json());
  return nftTable(address.ip.v6)
    .str('tableComment', 'CNI portmap plugin')
    .arr('chains', chains)
    .arr('set', new Arr().obj(content(HOSTPORTS_ALL, toPorts)).obj(content('prerouting', toHost)).obj(content('output', toHost)))
    .arr('add', ownRules(request, config, address, masqAll));
}

function ownRules(request: Request, config: PortmapConfig, address: Prefix, masqAll: bool): Arr {
  const add = new Arr();
  const ip = address.ip.text();
  // In each rule its own network's, where the reference has those of the last network for all.
  const conditions = address.ip.v6 ? config.conditions.v6 : config.conditions.v4;
  for (let i = 0; i < config.mappings.length; i++) {
    const mapping = config.mappings[i];
    if (!mapping.isOf(address.ip.v6)) continue;
    const rule = new Rule().to(mapping.destination).port(mapping.protocol, mapping.hostPort).words(conditions).dnat(ip, mapping.containerPort);
    add.obj(own(HOSTPORTS, rule, request));
  }
  if (!config.snat) return add;
  if (masqAll) return add.obj(own(MASQUERADING, new Rule().from(address.ip.v6 ? '::/0' : '0.0.0.0/0').to(ip).masquerade(), request));
  add.obj(own(MASQUERADING, new Rule().from(ip).to(ip).masquerade(), request));
  return address.ip.v6 ? add : add.obj(own(MASQUERADING, new Rule().from('127.0.0.1').to(ip).masquerade(), request));
}

function own(chain: string, rule: Rule, request: Request): Obj {
  return new Obj().str('chain', chain).obj('rule', rule.comment(request.containerId).json());
}

function content(chain: string, rules: Arr): Obj {
  return new Obj().str('chain', chain).arr('rules', rules);
}

function chain(name: string): Obj {
  return new Obj().str('name', name).str('life', 'network');
}

function baseChain(hook: string, priority: i32, name: string = hook): Obj {
  return chain(name).obj('hook', new Obj().str('type', 'nat').str('hook', hook).int('priority', priority));
}
