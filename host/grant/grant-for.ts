// imports ∩ manifest ∩ policy → what this module may do in this call, or the refusal with the line that would allow it.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { DEFAULT_LIMITS, NO_GRANTS, type Grants, type Limits, type Manifest } from './grants.ts';
import { covers } from './patterns.ts';
import type { Policy } from './policy.ts';

export interface Asked {
  name: string;
  digest: string;
  manifest: Manifest;
  /** imported operations, "link.create" */
  operations: readonly string[];
  network: string;
}

export interface Grant { grants: Grants; granted: ReadonlySet<string>; limits: Limits }

/** Modules that ship with the host come with what they want. */
export function grantBuiltin(asked: Asked): Grant {
  return decide(asked, { ...NO_GRANTS, ...asked.manifest.wants }, limitsOf(asked.manifest, {}), 'its manifest wants none', '');
}

/** Throws code 101 when an import that is not optional is not granted. */
export function grantByPolicy(asked: Asked, policy: Policy): Grant {
  const entry = policy.modules.get(asked.digest);
  const applies = entry !== undefined && (entry.networks?.some((pattern) => covers(pattern, asked.network)) ?? true);
  const grants = intersect({ ...NO_GRANTS, ...asked.manifest.wants }, { ...NO_GRANTS, ...(applies ? entry.grants : {}) });
  const why = entry === undefined ? 'policy grants none' : applies ? 'policy grants none' : `policy grants none on network "${asked.network}"`;
  return decide(asked, grants, limitsOf(asked.manifest, applies ? entry.limits : {}), why, policy.path);
}

function decide({ name, digest, manifest, operations }: Asked, grants: Grants, limits: Limits, why: string, policyPath: string): Grant {
  const allowed = new Set(operations.filter((operation) => isGranted(operation, grants)));
  const refused = operations.find((operation) => !allowed.has(operation) && !manifest.optional.includes(operation));
  if (refused !== undefined) throw refusal(name, digest, manifest, refused, why, policyPath);
  return { grants, granted: allowed, limits };
}

function refusal(name: string, digest: string, { wants }: Manifest, operation: string, why: string, policyPath: string): CniError {
  const [domain, op] = operation.split('.') as [string, string];
  const key = domain as keyof Grants;
  const wish = wants[key];
  const line = wish === undefined
    ? `its manifest does not want "${key}" either; the module must be built with it`
    : `allow it in ${policyPath}: modules["${digest}"].grants += ${JSON.stringify({ [key]: wish })}`;
  return new CniError(CODE.capabilityDenied, `plugin "${name}" asks for cni:${domain}/1.${op}; ${why}`, { kind: 'denied', op: operation, details: line });
}

/** Reading is free where a module may look at all; what it may touch is decided for each object. */
function isGranted(operation: string, grants: Grants): boolean {
  const [domain] = operation.split('.');
  switch (domain) {
    case 'link': return Object.values(grants.link).some((kinds) => kinds.length > 0) || grants.hostLinks.length > 0 || operation === 'link.get' || operation === 'link.list';
    case 'addr': case 'route': case 'rule': case 'neigh': case 'tc': return grants[domain].length > 0 || operation.endsWith('.list') || operation === 'addr.await';
    case 'nft': return grants.nft.length > 0 || operation === 'nft.usable';
    case 'iptables': return Object.keys(grants.iptables).length > 0 || operation === 'iptables.usable';
    case 'sysctl': return grants.sysctl.length > 0 || operation === 'sysctl.get';
    case 'conntrack': return grants.conntrack;
    case 'store': return grants.store !== 'none';
    case 'conf': return grants.conf.length > 0;
    case 'delegate': return grants.delegate.length > 0;
    default: return false;
  }
}

/** What both sides say: of two patterns the narrower one, whoever wrote it. */
function intersect(wants: Grants, may: Grants): Grants {
  const within = (narrow: readonly string[], wide: readonly string[]): string[] => narrow.filter((one) => wide.some((other) => covers(other, one)));
  const words = (wished: readonly string[], granted: readonly string[]): string[] => [...new Set([...within(wished, granted), ...within(granted, wished)])];
  const same = <T extends string>(wished: readonly T[], granted: readonly T[]): T[] => wished.filter((wish) => granted.includes(wish));
  return {
    link: Object.fromEntries((['host', 'container'] as const).map((ns) => [ns, words(wants.link[ns] ?? [], may.link[ns] ?? [])])),
    hostLinks: words(wants.hostLinks, may.hostLinks),
    addr: same(wants.addr, may.addr),
    route: same(wants.route, may.route),
    rule: same(wants.rule, may.rule),
    neigh: same(wants.neigh, may.neigh),
    tc: same(wants.tc, may.tc),
    nft: words(wants.nft, may.nft),
    iptables: Object.fromEntries(Object.entries(wants.iptables).flatMap(([table, scope]) => {
      const granted = may.iptables[table];
      return granted ? [[table, { chains: words(scope.chains, granted.chains), jumpFrom: words(scope.jumpFrom, granted.jumpFrom) }]] : [];
    })),
    sysctl: words(wants.sysctl, may.sysctl),
    conntrack: wants.conntrack && may.conntrack,
    store: wants.store === may.store ? wants.store : 'none',
    conf: words(wants.conf, may.conf),
    delegate: words(wants.delegate, may.delegate),
  };
}

/** The operator's word counts, then the module's, then the default; a module cannot give itself more than the default. */
function limitsOf({ limits }: Manifest, byPolicy: Partial<Limits>): Limits {
  const own = Object.fromEntries(Object.entries(limits).map(([key, value]) => [key, Math.min(value, DEFAULT_LIMITS[key as keyof Limits])]));
  return { ...DEFAULT_LIMITS, ...own, ...byPolicy };
}
