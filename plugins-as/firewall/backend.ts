// Which of the node's packet filters lets the traffic through.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { firewalldQuery, iptablesUsable } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Obj } from '../sdk/json';
import { isOnlyNft, whyNot } from '../sdk/usable';
import { texts } from './addresses';
import { FirewallConf } from './firewall-conf';

/** firewalld where it runs, as the reference has it; then iptables, unless only nftables can be used. */
export function backendOf(conf: FirewallConf, addresses: Prefix[]): string {
  const asked = conf.backend;
  if (asked == 'iptables' || asked == 'firewalld' || asked == 'nftables') return asked;
  const found = firewalldQuery(zoned(conf, addresses));
  if (found.ok && found.json.get('running').bool()) return 'firewalld';
  const v6 = addresses.length > 0 && addresses[0].ip.v6;
  return isOnlyNft(askIptables(v6 ? 'ip6' : 'ip')) ? 'nftables' : 'iptables';
}

/** What the operations of firewalld ask for. */
export function zoned(conf: FirewallConf, addresses: Prefix[]): Obj {
  return new Obj().str('zone', conf.zone).arr('sources', texts(addresses));
}

/** What the operations of iptables ask for. */
export function filterTable(family: string): Obj {
  return new Obj().str('ns', 'host').str('family', family).str('table', 'filter');
}

export function askIptables(family: string): Answer {
  return iptablesUsable(filterTable(family));
}

/** '' when it can be used. */
export function whyNoIptables(family: string): string {
  return whyNot(askIptables(family));
}

/** firewalld itself may be started by the first who calls it. */
export function whyNoBus(conf: FirewallConf): string {
  const found = firewalldQuery(zoned(conf, []));
  if (!found.ok) return found.error.msg;
  return found.json.get('bus').bool() ? '' : found.json.get('why').str();
}
