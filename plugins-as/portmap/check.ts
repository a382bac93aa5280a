// CHECK: everything that ADD would make is there.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith, PLUGIN_ERROR } from '../sdk/fail';
import { iptablesCheck, nftCheck } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Json } from '../sdk/json';
import { quote } from '../sdk/quote';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { misfit, usesNft } from './backend';
import { PortmapConfig } from './config';
import { containerAddresses } from './container-address';
import { dnatChain, iptablesLayout } from './iptables-layout';
import { missingLocalnet } from './localnet';
import { nftLayout } from './nft-layout';

export function check(length: i32): i32 {
  const request = Request.take(length);
  const config = new PortmapConfig(request.config);
  if (config.problem.length > 0) return fail(config.problem);
  const wrongBackend = misfit(config);
  if (wrongBackend.length > 0) return fail(wrongBackend);
  if (!request.prevResult.exists) return fail('Required prevResult missing');
  if (config.mappings.length == 0) return 0;
  const result = Result.from(request.prevResult);
  const addresses = containerAddresses(request, result);
  const nft = addresses.length > 0 && usesNft(config, addresses[0].ip.v6);
  for (let i = 0; i < addresses.length; i++) {
    const address = addresses[i];
    if ((nft ? checkNft(request, config, address) : checkIptables(request, config, address)) != 0) return 1;
    const problem = config.snat && !address.ip.v6 ? missingLocalnet(address.ip, result.interfaces) : '';
    if (problem.length > 0) return fail(problem);
  }
  return 0;
}

function checkIptables(request: Request, config: PortmapConfig, address: Prefix): i32 {
  const what = 'could not check ' + (address.ip.v6 ? 'ipv6' : 'ipv4') + ' dnat';
  const answer = iptablesCheck(iptablesLayout(request, config, address));
  if (!answer.ok) return failWith(answer.error, what);
  const missing = firstMissing(answer.json.get('missing'), dnatChain(request));
  if (!missing.present) return 0;
  const chain = missing.get('chain').str();
  const rule = missing.get('rule').str();
  if (rule.length == 0) return fail(what + ': chain ' + chain + ' not found in iptables table nat');
  return fail(what + ': rule ' + rule + ' in chain ' + chain + ' not found in table nat');
}

/** Its own chain before the shared ones, as the reference looks for them. */
function firstMissing(missing: Json, own: string): Json {
  for (let e = missing.first(); e.present; e = e.next()) {
    if (e.get('chain').str() == own) return e;
  }
  return missing.first();
}

function checkNft(request: Request, config: PortmapConfig, address: Prefix): i32 {
  const answer = nftCheck(nftLayout(request, config, address));
  if (!answer.ok) return failWith(answer.error, 'could not check nftables rules for port mappings');
  const missing = answer.json.get('missing').first();
  if (!missing.present) return 0;
  if (config.masqAll && isOfReference(request, config, address)) return 0;
  return fail('missing hostport rules in ' + quote(missing.get('chain').str()) + ' chain', PLUGIN_ERROR, missing.get('rule').str());
}

/** 1.9.1 ignores masqAll here: what it made was right then. */
function isOfReference(request: Request, config: PortmapConfig, address: Prefix): bool {
  const answer = nftCheck(nftLayout(request, config, address, false));
  return answer.ok && !answer.json.get('missing').first().present;
}
