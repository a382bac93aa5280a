// STATUS: the sysctls that every ADD will have to write, as far as the configuration of host-local tells them before there is a result.
// SPDX-License-Identifier: Apache-2.0

import { sysctlGet } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { whyNoSysctls } from '../sdk/usable';
import { BridgeConf } from './bridge-conf';
import { notCallingIptables } from './bridge-netfilter';
import { setsOf } from './gateways-ahead';

/** Why an ADD would fail, '' when it would not: on a node that has all of them as they must be nothing is written. */
export function cannotWriteAhead(request: Request, conf: BridgeConf): string {
  return mustWrite(request, conf) ? whyNoSysctls() : '';
}

function mustWrite(request: Request, conf: BridgeConf): bool {
  if (conf.nfCallIptables && notCallingIptables().length > 0) return true;
  if (conf.ipam != 'host-local') return false;
  const sets = setsOf(request.config);
  for (let i = 0; i < sets.length; i++) {
    if (sets[i].length == 0) continue;
    const subnet = Prefix.parse(sets[i][0].field('subnet').str());
    if (subnet === null) continue;
    // In the container IPv6 is told to keep its addresses, which no namespace does from the beginning.
    if (subnet.ip.v6) return true;
    if (conf.isGateway && !isForwarding()) return true;
  }
  return false;
}

function isForwarding(): bool {
  const now = sysctlGet(new Obj().str('ns', 'host').str('key', 'net/ipv4/ip_forward'));
  return !now.ok || now.json.get('value').str() == '1';
}
