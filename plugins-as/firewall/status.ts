// STATUS: is there anything the traffic could be let through with?
// SPDX-License-Identifier: Apache-2.0

import { fail, NOT_AVAILABLE } from '../sdk/fail';
import { Request } from '../sdk/request';
import { whyNoNft } from '../sdk/usable';
import { whyNoBus, whyNoIptables } from './backend';
import { FirewallConf } from './firewall-conf';

export function status(length: i32): i32 {
  const conf = new FirewallConf(Request.take(length).config);
  if (conf.problem.length > 0) return fail(conf.problem);
  const why = whyNot(conf);
  return why.length == 0 ? 0 : fail('the firewall cannot be set up: ' + why, NOT_AVAILABLE);
}

function whyNot(conf: FirewallConf): string {
  if (conf.backend == 'nftables') return explained('nftables', whyNoNft());
  if (conf.backend == 'firewalld') {
    const noBus = explained('firewalld', whyNoBus(conf));
    return noBus.length > 0 || conf.policy.length == 0 ? noBus : explained('iptables, for the ingress policy', whyNoIptables('ip'));
  }
  const noIptables = explained('iptables', whyNoIptables('ip'));
  if (noIptables.length == 0 || conf.backend == 'iptables') return noIptables;
  const noNft = explained('nftables', whyNoNft());
  // Left to us, firewalld would be the first choice, but it needs iptables for a policy.
  if (noNft.length == 0 || (conf.policy.length == 0 && whyNoBus(conf).length == 0)) return '';
  return noIptables + '; ' + noNft;
}

function explained(what: string, why: string): string {
  return why.length == 0 ? '' : what + ': ' + why;
}
