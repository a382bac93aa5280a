// CHECK: everything that ADD would make is there, the policy included. It changes nothing.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { fail, failWith, PLUGIN_ERROR } from '../sdk/fail';
import { firewalldQuery, iptablesCheck, nftCheck } from '../sdk/gen/ops';
import { Request } from '../sdk/request';
import { Asked } from './asked';
import { zoned } from './backend';
import { iptablesLayouts } from './iptables-layout';
import { nftLayout } from './nft-layout';

export function check(length: i32): i32 {
  const request = Request.take(length);
  const asked = new Asked(request);
  if (asked.problem.length > 0) return fail(asked.problem);
  if (asked.backend == 'nftables') return complete(nftCheck(nftLayout(request, asked, false)));
  if (asked.backend == 'firewalld' && checkZone(asked) != 0) return 1;
  const layouts = iptablesLayouts(asked);
  for (let i = 0; i < layouts.length; i++) {
    if (complete(iptablesCheck(layouts[i])) != 0) return 1;
  }
  return 0;
}

function checkZone(asked: Asked): i32 {
  const addresses = asked.addresses;
  const found = firewalldQuery(zoned(asked.conf, addresses));
  if (!found.ok) return failWith(found.error);
  const why = found.json.get('why').str();
  if (!found.json.get('bus').bool()) return fail(why);
  const bound = new Set<string>();
  for (let e = found.json.get('bound').first(); e.present; e = e.next()) bound.add(e.str());
  for (let i = 0; i < addresses.length; i++) {
    const address = addresses[i].text();
    if (!bound.has(address)) return fail('failed to find the address ' + address + ' in ' + asked.conf.zone + ' zone', PLUGIN_ERROR, why);
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
