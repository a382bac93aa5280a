// The configuration: how much may flow into the container (ingress) and out of it (egress).
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { Json } from '../sdk/json';

/** In bits per second and bits, as configured. */
export class Limit {
  constructor(readonly rate: u64, readonly burst: u64) {}

  get given(): bool {
    return this.rate > 0 && this.burst > 0;
  }

  get problem(): string {
    if (this.burst == 0 && this.rate != 0) return 'if rate is set, burst must also be set';
    if (this.rate == 0 && this.burst != 0) return 'if burst is set, rate must also be set';
    if (this.burst / 8 >= u32.MAX_VALUE) return 'burst cannot be more than 4GB';
    if (this.rate > 0 && this.rate < 8) return 'invalid rate: ' + this.rate.toString() + '; give at least 8 bits per second';
    return '';
  }
}

export class Limits {
  constructor(readonly ingress: Limit, readonly egress: Limit, readonly problem: string) {}

  get given(): bool {
    return this.ingress.given || this.egress.given;
  }

  /** One key at the top level is enough to make what the runtime asks for void. */
  static from(json: Json): Limits {
    const whole = new Config(json, 'PluginConf');
    const asked = whole.part('runtimeConfig', 'RuntimeConfig').part('bandwidth', 'BandwidthEntry');
    const keys = limitedBy(whole) ? whole : asked;
    const ingress = new Limit(keys.uint('ingressRate'), keys.uint('ingressBurst'));
    const egress = new Limit(keys.uint('egressRate'), keys.uint('egressBurst'));
    if (whole.problem.length > 0) return new Limits(ingress, egress, 'failed to parse network configuration: ' + whole.problem);
    return new Limits(ingress, egress, ingress.problem.length > 0 ? ingress.problem : egress.problem);
  }
}

function limitedBy(keys: Config): bool {
  return keys.has('ingressRate') || keys.has('ingressBurst') || keys.has('egressRate') || keys.has('egressBurst');
}
