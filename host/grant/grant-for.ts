// imports ∩ manifest ∩ policy → what this module may do in this call, or the refusal with the line that would allow it.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { DEFAULT_LIMITS, NO_GRANTS, type Grants, type Limits, type Manifest } from './grants.ts';
import { covers } from './patterns.ts';
import type { Policy, Signer } from './policy.ts';

export interface Asked {
  name: string;
  digest: string;
  manifest: Manifest;
  /** imported operations, "link.create" */
  operations: readonly string[];
  network: string;
}

export interface Grant {
  grants: Grants;
  /** the operator's own words, each of which a text must fit, too; a module that ships with the host has none over it */
  granting?: readonly Grants[];
  granted: ReadonlySet<string>;
  limits: Limits;
}

/** Modules that ship with the host come with what they want, limits included. */
export function grantBuiltin(asked: Asked): Grant {
  return decide(asked, { ...NO_GRANTS, ...asked.manifest.wants }, { ...DEFAULT_LIMITS, ...asked.manifest.limits }, { why: 'its manifest wants none', allow: () => '' });
}

/** Throws code 101 when an import that is not optional is not granted. `signer` has vouched for these bytes. */
export function grantByPolicy(asked: Asked, policy: Policy, signer?: Signer): Grant {
  const word = wordOn(asked, policy, signer);
  return { ...decide(asked, intersect({ ...NO_GRANTS, ...asked.manifest.wants }, word.may), limitsOf(asked.manifest, word.limits), word), granting: word.granting };
}

/** What the policy says of a module on a network, before the module's own wishes come in. */
export interface Word {
  may: Grants;
  /** of what that is made */
  granting: readonly Grants[];
  limits: Partial<Limits>;
  /** where it comes from, and why there is no more */
  from: string;
  why: string;
  /** what would have to be added where, for a wish that is not fulfilled */
  allow(wish: Partial<Grants>): string;
}

/** The entry of its digest within what its signer may give at most; without an entry, all that its signer may give. */
export function wordOn({ digest, network }: Pick<Asked, 'digest' | 'network'>, { path, modules }: Policy, signer: Signer | undefined): Word {
  const entry = modules.get(digest);
  const module = `modules["${digest}"]`;
  const add = (where: string, what: object): string => `${where} += ${JSON.stringify(what)}`;
  const none = { may: NO_GRANTS, granting: [NO_GRANTS], limits: {} };
  if (signer && !appliesTo(signer, network)) {
    return { ...none, from: `signer "${signer.name}"`, why: `its signer "${signer.name}" may grant none on network "${network}"`, allow: () => `${path}: ${add(`signers["${signer.name}"].networks`, [network])}` };
  }
  if (entry && !appliesTo(entry, network)) {
    return { ...none, from: 'its entry in the policy', why: `policy grants none on network "${network}"`, allow: () => `${path}: ${add(`${module}.networks`, [network])}` };
  }
  const [own, most] = [{ ...NO_GRANTS, ...entry?.grants }, { ...NO_GRANTS, ...signer?.may }];
  if (entry && signer) {
    return {
      may: intersect(own, most), granting: [own, most], limits: atMost(entry.limits, signer.limits),
      from: `its entry in the policy, within what signer "${signer.name}" may give`, why: `policy grants none within what its signer "${signer.name}" may give`,
      allow: (wish) => `${path}: ${add(`${module}.grants`, wish)}, and ${add(`signers["${signer.name}"].may`, wish)}`,
    };
  }
  if (signer) {
    return {
      may: most, granting: [most], limits: signer.limits, from: `signer "${signer.name}"`, why: `its signer "${signer.name}" may not give it`,
      allow: (wish) => `${path}: ${add(`signers["${signer.name}"].may`, wish)}`,
    };
  }
  return {
    may: own, granting: [own], limits: entry?.limits ?? {}, from: entry ? 'its entry in the policy' : 'no entry in the policy', why: 'policy grants none',
    allow: (wish) => `${path}: ${add(`${module}.grants`, wish)}`,
  };
}

const appliesTo = ({ networks }: { networks?: string[] }, network: string): boolean => networks?.some((pattern) => covers(pattern, network)) ?? true;

const atMost = (limits: Partial<Limits>, most: Partial<Limits>): Partial<Limits> => {
  const keys = Object.keys({ ...limits, ...most }) as (keyof Limits)[];
  return Object.fromEntries(keys.map((key) => [key, Math.min(limits[key] ?? DEFAULT_LIMITS[key], most[key] ?? Infinity)]));
};

function decide({ name, manifest, operations }: Asked, grants: Grants, limits: Limits, word: Pick<Word, 'why' | 'allow'>): Grant {
  const allowed = new Set(operations.filter((operation) => isGranted(operation, grants)));
  const refused = operations.find((operation) => !allowed.has(operation) && !manifest.optional.includes(operation));
  if (refused !== undefined) throw refusal(name, manifest, refused, word);
  return { grants, granted: allowed, limits };
}

function refusal(name: string, { wants }: Manifest, operation: string, { why, allow }: Pick<Word, 'why' | 'allow'>): CniError {
  const [domain, op] = operation.split('.') as [string, string];
  const key = domain as keyof Grants;
  const wish = wants[key];
  const line = wish === undefined
    ? `its manifest does not want "${key}" either; the module must be built with it`
    : `allow it in ${allow({ [key]: wish })}`;
  return new CniError(CODE.capabilityDenied, `plugin "${name}" asks for cni:${domain}/1.${op}; ${why}`, { kind: 'denied', op: operation, at: `cni:${domain}/1.${op}`, details: line });
}

/** Reading is free where a module may look at all; what it may touch is decided for each object. */
export function isGranted(operation: string, grants: Grants): boolean {
  const [domain] = operation.split('.');
  switch (domain) {
    case 'link': return Object.values(grants.link).some((kinds) => kinds.length > 0) || grants.hostLinks.length > 0 || ['link.get', 'link.list', 'link.usable'].includes(operation);
    case 'addr': case 'route': case 'rule': case 'neigh': case 'tc': return grants[domain].length > 0 || operation.endsWith('.list') || operation === 'addr.await' || operation === 'tc.sources';
    case 'nft': return grants.nft.length > 0 || operation === 'nft.usable';
    case 'iptables': return Object.keys(grants.iptables).length > 0 || operation === 'iptables.usable';
    case 'sysctl': return grants.sysctl.length > 0 || operation === 'sysctl.get';
    case 'conntrack': return grants.conntrack;
    case 'firewalld': return grants.firewalld.length > 0;
    case 'store': return grants.store !== 'none';
    case 'conf': return grants.conf.length > 0;
    case 'delegate': return grants.delegate.length > 0;
    default: return false;
  }
}

/** What both sides say: of two patterns the narrower one, whoever wrote it. What it stands for has to fit both all the same. */
export function intersect(wants: Grants, may: Grants): Grants {
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
      const granted = Object.hasOwn(may.iptables, table) ? may.iptables[table] : undefined;
      if (!granted) return [];
      const jumpTo = words(scope.jumpTo ?? [], granted.jumpTo ?? []);
      return [[table, { chains: words(scope.chains, granted.chains), jumpFrom: words(scope.jumpFrom, granted.jumpFrom), ...(jumpTo.length > 0 ? { jumpTo } : {}) }]];
    })),
    sysctl: words(wants.sysctl, may.sysctl),
    conntrack: wants.conntrack && may.conntrack,
    firewalld: words(wants.firewalld, may.firewalld),
    store: wants.store === may.store ? wants.store : 'none',
    conf: words(wants.conf, may.conf),
    delegate: words(wants.delegate, may.delegate),
    rawMatch: words(wants.rawMatch, may.rawMatch),
  };
}

/** The operator's word counts, then the module's, then the default; a module cannot give itself more than the default. */
function limitsOf({ limits }: Manifest, byPolicy: Partial<Limits>): Limits {
  const own = Object.fromEntries(Object.entries(limits).map(([key, value]) => [key, Math.min(value, DEFAULT_LIMITS[key as keyof Limits])]));
  return { ...DEFAULT_LIMITS, ...own, ...byPolicy };
}
