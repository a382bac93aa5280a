// One port of the host that leads to one of the container.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { Ip } from '../sdk/ip';
import { quote } from '../sdk/quote';

/** Those with ports. */
const PROTOCOLS: string[] = ['tcp', 'udp', 'sctp', 'dccp'];

export class PortMapping {
  constructor(readonly hostPort: i64, readonly containerPort: i64, readonly protocol: string, readonly hostIp: string) {}

  get problem(): string {
    if (!isPort(this.containerPort)) return 'Invalid container port number: ' + this.containerPort.toString();
    if (!isPort(this.hostPort)) return 'Invalid host port number: ' + this.hostPort.toString();
    if (!PROTOCOLS.includes(this.protocol)) {
      return 'invalid protocol ' + quote(this.protocol) + ' of host port ' + this.hostPort.toString() + '; give tcp, udp, sctp or dccp';
    }
    if (this.hostIp.length > 0 && Ip.parse(this.hostIp) === null) {
      return 'invalid host IP ' + quote(this.hostIp) + ' of host port ' + this.hostPort.toString() + '; give an IPv4 or IPv6 address';
    }
    return '';
  }

  /** A mapping of one host address is of that address's family only, even when it is 0.0.0.0 or ::. */
  isOf(v6: bool): bool {
    const ip = Ip.parse(this.hostIp);
    return ip === null || ip.v6 == v6;
  }

  /** The one address of the host it listens on; '' for all of them. */
  get destination(): string {
    const ip = Ip.parse(this.hostIp);
    return ip === null || ip.isUnspecified ? '' : ip.text();
  }
}

export function mappingFrom(keys: Config): PortMapping {
  return new PortMapping(keys.int('hostPort'), keys.int('containerPort'), keys.str('protocol').toLowerCase(), keys.str('hostIP'));
}

export function isPort(port: i64): bool {
  return port > 0 && port <= 65535;
}
