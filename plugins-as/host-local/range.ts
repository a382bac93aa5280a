// One range of a pool: a subnet, and the part of it that is handed out.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { Ip, Prefix } from '../sdk/ip';
import { Obj } from '../sdk/json';

/** Stands for the subnets of this node's pods, as in the configurations that Kubernetes' own pages show. */
export const POD_CIDR = 'usePodCidr';

export class Range {
  start: Ip = Ip.v4(0);
  end: Ip = Ip.v4(0);
  gateway: Ip = Ip.v4(0);

  private constructor(readonly subnet: Prefix) {}

  /** The range a text stands for, its defaults filled in; null with `text.problem` said. */
  static from(text: RangeText): Range | null {
    const subnet = Prefix.parse(text.subnet);
    if (subnet === null) return text.refuse('IP <nil> not v4 nor v6');
    const written = subnet.text();
    if (subnet.bits > subnet.ip.width - 2) return text.refuse('Network ' + written + ' too small to allocate from');
    const network = subnet.first();
    if (!subnet.ip.equals(network)) {
      return text.refuse('Network has host bits set. For a subnet mask of length ' + subnet.bits.toString() + ' the network address is ' + network.text());
    }
    const start = Ip.parse(text.start);
    const end = Ip.parse(text.end);
    if (start !== null && (!subnet.contains(start) || (end !== null && end.v6 == start.v6 && start.compare(end) > 0))) {
      return text.refuse('RangeStart ' + start.text() + ' not in network ' + written);
    }
    const first = start === null ? network.next() : start;
    if (end !== null && (!subnet.contains(end) || first.compare(end) > 0)) return text.refuse('RangeEnd ' + end.text() + ' not in network ' + written);
    const gateway = Ip.parse(text.gateway);
    const range = new Range(subnet);
    range.gateway = gateway === null ? network.next() : gateway;
    range.start = first;
    // IPv6 has no broadcast address to leave out.
    range.end = end !== null ? end : subnet.ip.v6 ? subnet.last() : subnet.last().previous();
    return range;
  }

  contains(ip: Ip): bool {
    return ip.v6 == this.start.v6 && this.subnet.contains(ip) && ip.compare(this.start) >= 0 && ip.compare(this.end) <= 0;
  }

  overlaps(other: Range): bool {
    return this.contains(other.start) || this.contains(other.end) || other.contains(this.start) || other.contains(this.end);
  }

  /** How many addresses there are to hand out, as far as 64 bits can count. */
  get size(): u64 {
    if (this.end.high != this.start.high) return u64.MAX_VALUE;
    const all = this.end.low - this.start.low;
    return this.contains(this.gateway) ? all : all == u64.MAX_VALUE ? all : all + 1;
  }

  text(): string {
    return this.start.text() + '-' + this.end.text();
  }

  /** As store.firstFree takes it. */
  json(): Obj {
    return new Obj().str('start', this.start.text()).str('end', this.end.text()).str('gateway', this.gateway.text());
  }
}

/** A range as the configuration writes it. */
export class RangeText {
  subnet: string = '';
  start: string = '';
  end: string = '';
  gateway: string = '';
  problem: string = '';

  /** What is no address goes to `config`, as a value that does not decode. */
  static decode(config: Config): RangeText {
    const text = new RangeText();
    text.subnet = config.str('subnet');
    text.start = config.str('rangeStart', '', 'net.IP');
    text.end = config.str('rangeEnd', '', 'net.IP');
    text.gateway = config.str('gateway', '', 'net.IP');
    if (config.has('subnet') && text.subnet != POD_CIDR && Prefix.parse(text.subnet) === null) config.refuse('invalid CIDR address: ' + text.subnet);
    const addresses = [text.start, text.end, text.gateway];
    for (let i = 0; i < addresses.length; i++) {
      if (addresses[i].length > 0 && Ip.parse(addresses[i]) === null) config.refuse('invalid IP address: ' + addresses[i]);
    }
    return text;
  }

  /** The same range of this subnet. */
  on(subnet: string): RangeText {
    const text = new RangeText();
    text.subnet = subnet;
    text.start = this.start;
    text.end = this.end;
    text.gateway = this.gateway;
    return text;
  }

  refuse(problem: string): Range | null {
    this.problem = problem;
    return null;
  }
}
