// The configuration, read as the reference reads it.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { Json } from '../sdk/json';
import { quote } from '../sdk/quote';
import { Result } from '../sdk/result';

export class FirewallConf {
  /** '' when everything is as it should be. */
  problem: string = '';
  /** `iptables`, `firewalld` or `nftables`; anything else, as podman's '', leaves the choice to us. */
  readonly backend: string;
  readonly adminChain: string;
  readonly zone: string;
  /** `same-bridge`, `isolated`, or '' for open. */
  readonly policy: string;

  constructor(json: Json) {
    const keys = new Config(json, 'FirewallNetConf');
    const policy = keys.str('ingressPolicy');
    this.backend = keys.str('backend');
    this.adminChain = orDefault(keys.str('iptablesAdminChainName'), 'CNI-ADMIN');
    this.zone = orDefault(keys.str('firewalldZone'), 'trusted');
    this.policy = policy == 'open' ? '' : policy;

    if (keys.problem.length > 0) this.problem = 'failed to load netconf: ' + keys.problem;
    else if (this.policy.length > 0 && policy != 'same-bridge' && policy != 'isolated') this.problem = 'unknown ingress policy: ' + quote(policy);
  }

  /** The bridge that the policy is about. */
  bridgeOf(result: Result): string {
    return this.policy.length == 0 || result.interfaces.length == 0 ? '' : result.interfaces[0].name;
  }

  /** '' unless the policy has no bridge to be about. */
  policyProblem(result: Result): string {
    if (this.policy.length == 0 || this.bridgeOf(result).length > 0) return '';
    return 'interface needs to be set for ingress policy ' + quote(this.policy) + ', make sure to chain "firewall" plugin with "bridge"';
  }
}

function orDefault(value: string, otherwise: string): string {
  return value.length > 0 ? value : otherwise;
}
