// The checks rtnetlink makes on a link's name, MAC and MTU.
// SPDX-License-Identifier: Apache-2.0

import { KernelError } from '../kernel-error.ts';
import type { FakeNamespace } from './state.ts';

const IFNAMSIZ = 16;
const ETHERNET_MTU = [68, 65535] as const;

/** Netlink's own check, before anything else. */
export function checkLength(name: string, action: string): void {
  if (Buffer.byteLength(name) >= IFNAMSIZ) throw new KernelError('ERANGE', action, 'Attribute failed policy validation');
}

export function checkName(ns: FakeNamespace, name: string, action: string): void {
  // "all" and "default" are folders of sysctl.
  if (/^(|\.|\.\.|all|default)$|[/:%\s]/.test(name)) throw new KernelError('EINVAL', action);
  if (ns.links.some((link) => link.name === name)) throw new KernelError('EEXIST', action);
}

export function checkMac(mac: string, action: string): void {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) throw new KernelError('EINVAL', action, `"${mac}" is no hardware address`);
  const multicast = (parseInt(mac.slice(0, 2), 16) & 1) === 1;
  if (multicast || /^[0:]+$/.test(mac)) throw new KernelError('EADDRNOTAVAIL', action);
}

export function checkMtu(kind: string, mtu: number, action: string): void {
  if (kind !== 'veth' && kind !== 'bridge') return;
  if (mtu < ETHERNET_MTU[0]) throw new KernelError('EINVAL', action, 'mtu less than device minimum');
  if (mtu > ETHERNET_MTU[1]) throw new KernelError('EINVAL', action, 'mtu greater than device maximum');
}
