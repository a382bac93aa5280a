// A gateway's place on the interface that carries it: it is there already, can be put there, or another address is in its way.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from '../sdk/ip';
import { Json } from '../sdk/json';
import { quote } from '../sdk/quote';

export class GatewayPlace {
  isThere: bool = false;
  /** What would have to go for it. */
  conflicts: string[] = [];

  constructor(readonly gateway: Prefix) {}

  /** `listed` is what addr.list answered. */
  static on(listed: Json, gateway: Prefix): GatewayPlace {
    const place = new GatewayPlace(gateway);
    for (let e = listed.get('addrs').first(); e.present; e = e.next()) {
      const there = Prefix.parse(e.get('address').str());
      if (there === null || there.ip.v6 != gateway.ip.v6) continue;
      if (there.equals(gateway)) place.isThere = true;
      // Several IPv6 subnets can share a bridge as long as they do not overlap; IPv4 has one.
      else if (!gateway.ip.v6 || there.overlaps(gateway)) place.conflicts.push(there.text());
    }
    return place;
  }

  get isTaken(): bool {
    return !this.isThere && this.conflicts.length > 0;
  }

  /** In the reference's words. */
  problem(what: string, name: string): string {
    return what + ': ' + quote(name) + ' already has an IP address different from ' + this.gateway.text();
  }

  get advice(): string {
    return 'it has ' + this.conflicts.join(', ') + '; give this network a bridge of its own, or "forceAddress": true to replace that';
  }
}
