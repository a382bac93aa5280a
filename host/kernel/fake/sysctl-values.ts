// Reads and writes sysctls of a fake namespace as data: which keys exist, their defaults, and how links inherit them.
// SPDX-License-Identifier: Apache-2.0

import { CONF, CONF_ALL, SINGLE } from './sysctl-defaults.ts';
import type { FakeNamespace } from './state.ts';

export interface ConfKey { family: 'ipv4' | 'ipv6'; link: string; name: string }

export function readSysctl(ns: FakeNamespace, key: string): string | undefined {
  const initial = initialValue(ns, sameKey(key));
  return initial === undefined ? undefined : ns.sysctl[sameKey(key)] ?? initial;
}

export const hasIpv6 = (ns: FakeNamespace, link: string): boolean => readSysctl(ns, `net/ipv6/conf/${link}/disable_ipv6`) === '0';

/** Only what differs is kept, so that a value written back leaves no trace. */
export function writeSysctl(ns: FakeNamespace, key: string, value: string): void {
  if (initialValue(ns, sameKey(key)) === value) delete ns.sysctl[sameKey(key)];
  else ns.sysctl[sameKey(key)] = value;
}

export function confKey(key: string): ConfKey | undefined {
  const [, family, link, name] = /^net\/(ipv4|ipv6)\/conf\/([^/]+)\/([^/]+)$/.exec(sameKey(key)) ?? [];
  return family && link && name ? { family: family as ConfKey['family'], link, name } : undefined;
}

const sameKey = (key: string): string => (key === 'net/ipv4/ip_forward' ? 'net/ipv4/conf/all/forwarding' : key);

function initialValue(ns: FakeNamespace, key: string): string | undefined {
  const conf = confKey(key);
  if (!conf) return SINGLE.get(key);
  const exists = conf.link === 'all' || conf.link === 'default' || ns.links.some(({ name }) => name === conf.link);
  return exists ? CONF_ALL.get(key) ?? CONF[conf.family].get(conf.name) : undefined;
}

/** A new link starts with what conf/default says. */
export function copyDefaults(ns: FakeNamespace, link: string): void {
  for (const [key, value] of Object.entries(ns.sysctl)) {
    const conf = confKey(key);
    if (conf?.link === 'default') ns.sysctl[`net/${conf.family}/conf/${link}/${conf.name}`] = value;
  }
}

export function dropLinkSysctls(ns: FakeNamespace, link: string): void {
  for (const key of Object.keys(ns.sysctl)) if (confKey(key)?.link === link) delete ns.sysctl[key];
}

export function renameLinkSysctls(ns: FakeNamespace, from: string, to: string): void {
  for (const [key, value] of Object.entries(ns.sysctl)) {
    const conf = confKey(key);
    if (conf?.link !== from) continue;
    delete ns.sysctl[key];
    ns.sysctl[`net/${conf.family}/conf/${to}/${conf.name}`] = value;
  }
}
