// bridgeNfCallIptables: lets iptables see what the bridge forwards between its ports, as kube-proxy in iptables mode needs it.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { sysctlGet, sysctlSet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';

const KEYS = ['net/bridge/bridge-nf-call-iptables', 'net/bridge/bridge-nf-call-ip6tables'];
const WHAT_TO_DO = 'the kernel part is not loaded; load it with "modprobe br_netfilter", and at boot with a line "br_netfilter" in /etc/modules-load.d';

/** Returns 0, or what fail() returned. */
export function callIptables(): i32 {
  for (let i = 0; i < KEYS.length; i++) {
    const set = sysctlSet(host(KEYS[i]).str('value', '1'));
    if (set.ok) continue;
    const prefix = 'failed to enable bridgeNfCallIptables';
    return set.missing ? fail(prefix + ': ' + missing(KEYS[i]), set.error.code, WHAT_TO_DO) : failWith(set.error, prefix);
  }
  return 0;
}

/** CHECK: which of them is off or missing, '' when none. */
export function notCallingIptables(): string {
  for (let i = 0; i < KEYS.length; i++) {
    const now = sysctlGet(host(KEYS[i]));
    if (!now.ok || now.json.get('value').str() != '1') return 'sysctl ' + KEYS[i] + ' is not 1, though bridgeNfCallIptables is set';
  }
  return '';
}

/** STATUS: why an ADD would fail, '' when it would not. */
export function cannotCallIptables(): string {
  for (let i = 0; i < KEYS.length; i++) {
    const now = sysctlGet(host(KEYS[i]));
    if (now.ok && !now.json.get('value').exists) return 'bridgeNfCallIptables is set, but ' + missing(KEYS[i]) + ': ' + WHAT_TO_DO;
  }
  return '';
}

function host(key: string): Obj {
  return new Obj().str('ns', 'host').str('key', key);
}

function missing(key: string): string {
  return 'there is no sysctl ' + key;
}
