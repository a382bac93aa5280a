// Grants and limits as they stand in a manifest or in the policy: strictly parsed, every unknown key an error.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { isObject } from '../protocol/go-json.ts';
import { DEFAULT_LIMITS, type Grants, type Limits } from './grants.ts';
import { LONGEST, unknownPlaceholder } from './patterns.ts';

/** each is looked at in each operation */
const MOST_PATTERNS = 256;
/** 32 bits of the hash */
const OWN_DIGITS = 8;
const NAMESPACES = ['host', 'container'];

/** `got` is what stands there, when `why` does not say it. */
export const refuse = (where: string, key: string, why: string, got?: unknown): CniError =>
  new CniError(CODE.moduleRefused, `${where}: "${key}" ${why}${got === undefined ? '' : `, got ${JSON.stringify(got).slice(0, 64)}`}`, { kind: 'invalid', at: key });

const strings = (value: unknown, where: string, key: string, among?: readonly string[]): string[] => {
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string' || (among && !among.includes(item)))) {
    throw refuse(where, key, among ? `must be a list of ${among.join(', ')}` : 'must be a list of strings', value);
  }
  return value as string[];
};

const patterns = (value: unknown, where: string, key: string): string[] => {
  const list = strings(value, where, key);
  if (list.length > MOST_PATTERNS) throw refuse(where, key, `has ${list.length} patterns, more than ${MOST_PATTERNS}`);
  for (const pattern of list) {
    if (pattern.length > LONGEST) throw refuse(where, key, `has a pattern of ${pattern.length} characters, more than ${LONGEST}`, pattern);
    const unknown = unknownPlaceholder(key === 'sysctl' ? pattern.replaceAll('{link}', '') : pattern);
    if (unknown !== undefined) throw refuse(where, key, `has "${pattern}", in which ${unknown} is no placeholder; known are {attachment:N}, {containerId}, {ifname}, {config.KEY} and {config.KEY|WORD}${key === 'sysctl' ? ', and {link}' : ''}`);
  }
  return list;
};

const PARSERS: { [Key in keyof Grants]: (value: unknown, where: string, key: string) => Grants[Key] } = {
  link(value, where, key) {
    if (!isObject(value)) throw refuse(where, key, 'must be like {"container":["veth"],"host":["bridge"]}', value);
    return Object.fromEntries(Object.entries(value).map(([ns, kinds]) => {
      if (!NAMESPACES.includes(ns)) throw refuse(where, `${key}.${ns}`, 'is no namespace; known are host and container');
      return [ns, strings(kinds, where, `${key}.${ns}`)];
    }));
  },
  hostLinks(value, where, key) {
    const names = patterns(value, where, key);
    // By such a name a link is the attachment's own, to delete even; so it must be one that nobody else's fits.
    const short = names.find((pattern) => [...pattern.matchAll(/\{attachment:(\d+)\}/g)].some(([, digits]) => Number(digits) < OWN_DIGITS));
    if (short !== undefined) throw refuse(where, key, `has "${short}", which must have at least ${OWN_DIGITS} digits of the attachment`);
    return names;
  },
  addr: (value, where, key) => strings(value, where, key, NAMESPACES) as Grants['addr'],
  route: (value, where, key) => strings(value, where, key, NAMESPACES) as Grants['route'],
  rule: (value, where, key) => strings(value, where, key, NAMESPACES) as Grants['rule'],
  neigh: (value, where, key) => strings(value, where, key, NAMESPACES) as Grants['neigh'],
  tc: (value, where, key) => strings(value, where, key, NAMESPACES) as Grants['tc'],
  nft: patterns,
  iptables(value, where, key) {
    if (!isObject(value)) throw refuse(where, key, 'must be like {"nat":{"chains":["ACME-*"],"jumpFrom":["PREROUTING"]}}', value);
    return Object.fromEntries(Object.entries(value).map(([table, scope]) => {
      if (!isObject(scope)) throw refuse(where, `${key}.${table}`, 'must have chains and jumpFrom', scope);
      const unknown = Object.keys(scope).find((part) => !['chains', 'jumpFrom', 'jumpTo'].includes(part));
      if (unknown !== undefined) throw refuse(where, `${key}.${table}.${unknown}`, 'is unknown; known are chains, jumpFrom, jumpTo');
      return [table, { chains: patterns(scope['chains'] ?? [], where, `${key}.${table}.chains`), jumpFrom: strings(scope['jumpFrom'] ?? [], where, `${key}.${table}.jumpFrom`),
        ...(scope['jumpTo'] === undefined ? {} : { jumpTo: patterns(scope['jumpTo'], where, `${key}.${table}.jumpTo`) }) }];
    }));
  },
  sysctl: patterns,
  conntrack(value, where, key) {
    if (typeof value !== 'boolean') throw refuse(where, key, 'must be true or false', value);
    return value;
  },
  firewalld: patterns,
  store(value, where, key) {
    if (value !== 'ipam' && value !== 'own' && value !== 'dataDir' && value !== 'none') throw refuse(where, key, 'must be ipam, own, dataDir or none', value);
    return value;
  },
  conf: strings,
  delegate: strings,
  rawMatch: strings,
};

export function parseGrants(value: Record<string, unknown>, where: string): Partial<Grants> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => {
    if (!Object.hasOwn(PARSERS, key)) throw refuse(where, key, `is no grant; known are ${Object.keys(PARSERS).join(', ')}`);
    return [key, PARSERS[key as keyof Grants](item, where, key)];
  }));
}

export function parseLimits(value: Record<string, unknown>, where: string): Partial<Limits> {
  for (const [key, item] of Object.entries(value)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, key)) throw refuse(where, key, `is no limit; known are ${Object.keys(DEFAULT_LIMITS).join(', ')}`);
    if (!Number.isSafeInteger(item) || (item as number) < 1) throw refuse(where, key, 'must be a positive integer', item);
  }
  return value as Partial<Limits>;
}
