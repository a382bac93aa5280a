// The addresses that were asked for, from the three places where one can ask.
// SPDX-License-Identifier: Apache-2.0

import { Args } from '../sdk/args';
import { Config } from '../sdk/config';
import { Ip, Prefix } from '../sdk/ip';
import { quote } from '../sdk/quote';
import { RangeSet } from './range-set';

/** Types of the reference that stand in its decoder's messages. */
const ARGS = 'struct { A *allocator.IPAMArgs "json:\\"cni\\"" }';
export const RUNTIME_CONFIG = 'struct { IPRanges []allocator.RangeSet "json:\\"ipRanges,omitempty\\""; IPs []*ip.IP "json:\\"ips,omitempty\\"" }';

export class Requested {
  problem: string = '';
  private ips: Ip[] = [];

  static from(args: string, config: Config): Requested {
    const requested = new Requested();
    const parsed = Args.parse(args, ['IP']);
    requested.problem = parsed.problem;
    const ip = parsed.get('IP');
    if (ip.length > 0 && !requested.add(ip) && requested.problem.length == 0) {
      requested.problem = 'ARGS: error parsing value of pair ' + quote('IP=' + ip) + ': invalid IP address ' + ip;
    }
    requested.addAll(config.part('args', ARGS).part('cni', 'allocator.IPAMArgs'));
    requested.addAll(config.part('runtimeConfig', RUNTIME_CONFIG));
    return requested;
  }

  private addAll(config: Config): void {
    const ips = config.strings('ips', '*ip.IP');
    for (let i = 0; i < ips.length; i++) {
      if (ips[i].length == 0) {
        if (this.problem.length == 0) this.problem = 'cannot understand ip: IP <nil> not v4 nor v6';
      } else if (!this.add(ips[i])) config.refuse('invalid IP address ' + ips[i]);
    }
  }

  /** A prefix length means nothing here: that of the subnet counts. */
  private add(text: string): bool {
    const prefix = Prefix.parse(text);
    const ip = prefix === null ? Ip.parse(text) : prefix.ip;
    if (ip === null) return false;
    for (let i = 0; i < this.ips.length; i++) {
      if (this.ips[i].equals(ip)) return true;
    }
    this.ips.push(ip);
    return true;
  }

  /** Takes the first one that lies in this set. */
  takeFrom(set: RangeSet): Ip | null {
    for (let i = 0; i < this.ips.length; i++) {
      if (set.rangeFor(this.ips[i]) !== null) return this.ips.splice(i, 1)[0];
    }
    return null;
  }

  /** Those that nobody took, each with a blank in front. */
  rest(): string {
    let text = '';
    for (let i = 0; i < this.ips.length; i++) text += ' ' + this.ips[i].text();
    return text;
  }
}
