// CHECK: everything that ADD would make is there, the policy included. It changes nothing.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { fail, failWith, PLUGIN_ERROR } from '../sdk/fail';
import { firewalldQuery, iptablesCheck, nftCheck } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Request } from '../sdk/request';
import { FAMILIES, ofFamily } from './addresses';
import { Asked } from './asked';
import { zoned } from './backend';
import { FirewallConf } from './firewall-conf';
import { IptablesLayout } from './iptables-layout';
import { nftLayout } from './nft-layout';

export function check(length: i32): i32 {
  const request = Request.take(length);
  const asked = new Asked(request);
  if (asked.problem.length > 0) return fail(asked.problem);
  const conf = asked.conf;
  const addresses = asked.addresses;
  const bridge = asked.bridge;
  const backend = asked.backend;
  if (backend == 'nftables') return complete(nftCheck(nftLayout(request, conf, addresses, bridge, false)));
  if (backend == 'firewalld' && checkZone(conf, addresses) != 0) return 1;
  for (let i = 0; i < FAMILIES.length; i++) {
    const some = ofFamily(addresses, FAMILIES[i]);
    if (some.length == 0 || (backend == 'firewalld' && bridge.length == 0)) continue;
    const layout = new IptablesLayout(FAMILIES[i]);
    if (backend == 'iptables') layout.admits(some, conf);
    if (bridge.length > 0) layout.isolates(bridge, conf.policy);
    if (complete(iptablesCheck(layout.json())) != 0) return 1;
  }
  return 0;
}

function checkZone(conf: FirewallConf, addresses: Prefix[]): i32 {
  const found = firewalldQuery(zoned(conf, addresses));
  if (!found.ok) return failWith(found.error);
  const why = found.json.get('why').str();
  if (!found.json.get('bus').bool()) return fail(why);
  const bound = new Set<string>();
  for (let e = found.json.get('bound').first(); e.present; e = e.next()) bound.add(e.str());
  for (let i = 0; i < addresses.length; i++) {
    const address = addresses[i].text();
    if (!bound.has(address)) return fail('failed to find the address ' + address + ' in ' + conf.zone + ' zone', PLUGIN_ERROR, why);
  }
  return 0;
}

/** In the reference's words, which are those of the rule without quotes. */
function complete(answer: Answer): i32 {
  if (!answer.ok) return failWith(answer.error);
  const missing = answer.json.get('missing').first();
  if (!missing.present) return 0;
  const chain = missing.get('chain').str();
  const rule = missing.get('rule').str().replaceAll('"', '');
  if (rule.length == 0) return fail('expected chain ' + chain + ' not found');
  const isAddress = rule.startsWith('-d ') || rule.startsWith('-s ');
  return fail('expected ' + (isAddress ? '' : chain + ' ') + 'rule [' + rule + '] not found');
}
