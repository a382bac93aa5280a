// What is to be in the filter table for one family: the reference's chains, rules and comments, in its order, so that a node can be
// switched from one to the other with containers running.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from '../sdk/ip';
import { Arr, Obj } from '../sdk/json';
import { Rule } from '../sdk/rule';
import { FAMILIES, ofFamily } from './addresses';
import { Asked } from './asked';
import { filterTable } from './backend';
import { FirewallConf } from './firewall-conf';

const FORWARD = 'CNI-FORWARD';
const STAGE_1 = 'CNI-ISOLATION-STAGE-1';
const STAGE_2 = 'CNI-ISOLATION-STAGE-2';
const RULES = 'CNI firewall plugin rules';
const OVERRIDES = 'CNI firewall plugin admin overrides';
/** Of what both policies share. */
const POLICIES = 'same-bridge|isolated';

/** Of each family that has addresses. A policy is made with iptables, whichever of iptables and firewalld lets the addresses through. */
export function iptablesLayouts(asked: Asked): Obj[] {
  const layouts: Obj[] = [];
  const admits = asked.backend == 'iptables';
  const isolates = asked.bridge.length > 0;
  if (!admits && !isolates) return layouts;
  for (let i = 0; i < FAMILIES.length; i++) {
    const some = ofFamily(asked.addresses, FAMILIES[i]);
    if (some.length == 0) continue;
    const layout = new IptablesLayout(FAMILIES[i]);
    if (admits) layout.admits(some, asked.conf);
    if (isolates) layout.isolates(asked.bridge, asked.conf.policy);
    layouts.push(layout.json());
  }
  return layouts;
}

class IptablesLayout {
  private chains: Arr = new Arr();
  private add: Arr = new Arr();

  constructor(private family: string) {}

  json(): Obj {
    return filterTable(this.family).arr('chains', this.chains).arr('add', this.add);
  }

  admits(addresses: Prefix[], conf: FirewallConf): IptablesLayout {
    this.shared(FORWARD).shared(conf.adminChain);
    this.addShared('FORWARD', 'start', new Rule().jump(FORWARD).comment(RULES));
    this.addShared(FORWARD, 'start', new Rule().jump(conf.adminChain).comment(OVERRIDES));
    for (let i = 0; i < addresses.length; i++) {
      this.add.obj(own(answersTo(addresses[i]))).obj(own(comesFrom(addresses[i])));
    }
    return this;
  }

  /**
   * What comes from this bridge and leaves by another must not go to one that has a policy as well; isolated, it must not stay on this
   * one either. The rules are the bridge's, and stay with it as in the reference: taking them away with one container would open the others.
   */
  isolates(bridge: string, policy: string): IptablesLayout {
    this.shared(STAGE_1).shared(STAGE_2);
    this.addShared('FORWARD', 'start', new Rule().jump(STAGE_1).comment(about(POLICIES)));
    this.addShared(STAGE_1, 'start', new Rule().in(bridge).notOut(bridge).jump(STAGE_2).comment(about(policy)));
    if (policy == 'isolated') this.addShared(STAGE_1, 'start', new Rule().in(bridge).out(bridge).drop().comment(about(policy)));
    this.addShared(STAGE_1, 'end', new Rule().back().comment(about(POLICIES)));
    this.addShared(STAGE_2, 'start', new Rule().out(bridge).drop().comment(about(POLICIES)));
    this.addShared(STAGE_2, 'end', new Rule().back().comment(about(POLICIES)));
    return this;
  }

  private shared(name: string): IptablesLayout {
    this.chains.obj(new Obj().str('name', name).str('life', 'network'));
    return this;
  }

  private addShared(chain: string, at: string, rule: Rule): void {
    this.add.obj(new Obj().str('chain', chain).obj('rule', rule.json()).str('at', at).str('life', 'network'));
  }
}

/** Takes away what lets these addresses through. */
export function iptablesWithout(addresses: Prefix[], family: string): Obj {
  const remove = new Arr();
  for (let i = 0; i < addresses.length; i++) remove.obj(own(answersTo(addresses[i]))).obj(own(comesFrom(addresses[i])));
  return filterTable(family).arr('remove', remove);
}

function own(rule: Rule): Obj {
  return new Obj().str('chain', FORWARD).obj('rule', rule.json());
}

function answersTo(address: Prefix): Rule {
  return new Rule().to(address.text()).answering().accept();
}

function comesFrom(address: Prefix): Rule {
  return new Rule().from(address.text()).accept();
}

function about(policy: string): string {
  return RULES + ' (ingressPolicy: ' + policy + ')';
}
