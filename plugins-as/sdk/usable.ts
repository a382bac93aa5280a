// Can a part of the node be used, a packet filter or a kind of link? What the `usable` operations answer.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from './answer';
import { NOT_GRANTED } from './fail';
import { iptablesUsable, nftUsable, sysctlUsable } from './gen/ops';
import { Obj } from './json';

/** '' when it can be used. Otherwise why not, be it that nobody could say. */
export function whyNot(answer: Answer): string {
  if (!answer.ok) return answer.error.msg;
  if (answer.json.get('usable').bool()) return '';
  const reason = answer.json.get('why').str();
  return reason.length > 0 ? reason : 'it cannot be used';
}

/** It is known that it cannot be used, by anybody or by this plugin. One that only does not answer now lacks nothing. */
export function isLacking(answer: Answer): bool {
  return answer.ok ? !answer.json.get('usable').bool() : answer.error.code == NOT_GRANTED;
}

export function askNft(): Answer {
  return nftUsable(new Obj().str('ns', 'host'));
}

export function whyNoNft(): string {
  return whyNot(askNft());
}

/** For the nat table; `family` is ip or ip6. */
export function askIptables(family: string): Answer {
  return iptablesUsable(new Obj().str('ns', 'host').str('family', family));
}

/**
 * Is nftables all that can be used, so that it is the choice of a configuration that makes none? Where iptables only does not answer now it is
 * not: that is no reason for another backend than the containers before had. `iptables` is what was answered of it.
 */
export function isOnlyNft(iptables: Answer): bool {
  return isLacking(iptables) && whyNoNft().length == 0;
}

/** Of the node, whose mount of /proc/sys is that of all containers. */
export function whyNoSysctls(): string {
  const why = whyNot(sysctlUsable(new Obj().str('ns', 'host')));
  return why.length == 0 ? '' : 'sysctls cannot be written: ' + why;
}
