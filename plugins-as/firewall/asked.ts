// What ADD makes and CHECK looks for: the configuration, the result before it, and what follows from both.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from '../sdk/ip';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { addressesOf } from './addresses';
import { backendOf } from './backend';
import { FirewallConf } from './firewall-conf';

export class Asked {
  /** '' when everything below stands. */
  problem: string = '';
  readonly conf: FirewallConf;
  readonly result: Result;
  addresses: Prefix[] = [];
  /** The bridge that the policy is about, '' for none. */
  bridge: string = '';
  backend: string = '';

  constructor(request: Request) {
    this.conf = new FirewallConf(request.config);
    this.result = Result.from(request.prevResult);
    this.addresses = addressesOf(this.result);
    this.bridge = this.conf.bridgeOf(this.result);
    if (this.conf.problem.length > 0) this.problem = this.conf.problem;
    else if (!request.prevResult.exists) this.problem = 'missing prevResult from earlier plugin';
    else this.problem = this.conf.policyProblem(this.result);
    if (this.problem.length == 0) this.backend = backendOf(this.conf, this.addresses);
  }
}
