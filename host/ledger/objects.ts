// What an inverse would take away, as objects of the node that have a name: for people who ask what is whose.
// SPDX-License-Identifier: Apache-2.0

import { addressOf } from '../kernel/address.ts';
import type { Ns } from '../kernel/kernel.ts';
import { renderRule } from '../kernel/iptables-text.ts';
import { renderNftRule } from '../kernel/nft-text.ts';
import { isFamily, type Rule, type RuleFamily } from '../kernel/rule.ts';
import type { RuleSet } from '../ops/rules/rule-set.ts';
import type { Backend } from '../ops/rules/tables.ts';
import { folderFor } from '../store/disk-store.ts';
import { isCursor, type StorePlace } from '../store/store.ts';
import type { Inverse } from './undo.ts';

export type OwnedObject =
  | { kind: 'link'; ns: Ns; name: string; index?: number; type: string }
  | { kind: 'lease'; ip: string; folder: string }
  | { kind: 'chain'; backend: Backend; family: RuleFamily; table: string; chain: string }
  | { kind: 'rule'; backend: Backend; family: RuleFamily; table: string; chain: string; rule?: Rule; comment?: string }
  /** what only its attachment's name leads to */
  | { kind: 'other'; text: string; ip?: string };

export function objectsOf(inverse: Inverse): OwnedObject[] {
  switch (inverse.do) {
    case 'delete link': {
      const { ns, name, index, kind, peer } = inverse;
      return [linkObject(kind, ns, name, index), ...(peer ? [linkObject(kind, peer.ns, peer.name, peer.index)] : [])];
    }
    case 'delete entry': case 'put entry': return entryObjects(inverse.store, inverse.key);
    case 'nft': case 'iptables': return inverse.ns === 'host' ? rulesOf(inverse.do, inverse.rules) : [other(`${inverse.do} rules in the container, table ${inverse.rules.table}`)];
    case 'delete address': case 'add address': return [other(`address ${inverse.address} of link ${inverse.index} in the ${inverse.ns}`, addressOf(inverse.address))];
    case 'delete route': case 'add route': return [other(`route ${inverse.route.dst} in the ${inverse.ns}`)];
    case 'delete policy rule': case 'add policy rule': return [other(`policy rule ${JSON.stringify(inverse.rule)} in the ${inverse.ns}`)];
    case 'delete neighbour': case 'add neighbour': return [other(`neighbour ${inverse.ip} of link ${inverse.index} in the ${inverse.ns}`, inverse.ip)];
    case 'set link': return [other(`settings of link ${inverse.index} in the ${inverse.ns}`)];
    case 'delete qdisc': return [other(`qdisc ${inverse.qdisc.kind} of link ${inverse.qdisc.index} in the ${inverse.ns}`)];
    case 'delete class': return [other(`traffic class of link ${inverse.class.index} in the ${inverse.ns}`)];
    case 'delete filter': return [other(`traffic filter of link ${inverse.filter.index} in the ${inverse.ns}`)];
    case 'set sysctl': return [other(`sysctl ${inverse.key} in the ${inverse.ns}`)];
    case 'unbind sources': case 'bind sources': return inverse.sources.map((source) => other(`source ${source} in firewalld's zone ${inverse.zone}`, addressOf(source)));
    case 'delegate DEL': return [other(`whatever the IPAM program "${inverse.type}" holds`)];
    default: return newer(inverse);
  }
}

/** A record may be a newer host's, with what this one does not know. */
const newer = (inverse: never): OwnedObject[] => [other(`what only a newer version of cni-wasm knows ("${(inverse as Inverse).do}")`)];

export function textOf(object: OwnedObject): string {
  switch (object.kind) {
    case 'link': return `${object.type} "${object.name}"${object.ns === 'container' ? ' in the container' : object.index === undefined ? '' : `, index ${object.index}`}`;
    case 'lease': return `address ${object.ip}, leased in ${object.folder}`;
    case 'chain': return `${object.backend} chain ${object.family} ${object.table} ${object.chain}`;
    case 'rule': return `${object.backend} rule in ${object.family} ${object.table} ${object.chain}: ${ruleText(object) ?? `comment "${object.comment ?? ''}"`}`;
    case 'other': return object.text;
    default: return object satisfies never;
  }
}

/** As the backend's own listing has it; undefined for one that is known by a mark alone. */
export const ruleText = ({ backend, family, rule }: Extract<OwnedObject, { kind: 'rule' }>): string | undefined =>
  rule && (backend === 'iptables' && isFamily(family) ? renderRule(family, rule) : renderNftRule(family, rule));

const other = (text: string, ip?: string): OwnedObject => ({ kind: 'other', text, ...(ip === undefined ? {} : { ip }) });

const linkObject = (type: string, ns: Ns, name: string, index: number | undefined): OwnedObject => ({ kind: 'link', ns, name, type, ...(index === undefined ? {} : { index }) });

function entryObjects(store: StorePlace, key: string): OwnedObject[] {
  if (isCursor(key)) return [];
  return [store.layout === 'ipam'
    ? { kind: 'lease', ip: key, folder: folderFor(store) }
    : other(`entry "${key}" of the store of ${store.module ?? store.file ?? store.layout}`)];
}

/** A record takes away by removing and dropping; what a failed call would bring back is nobody's yet. */
function rulesOf(backend: Backend, { family, table, remove = [], drop = [] }: RuleSet): OwnedObject[] {
  return [
    ...drop.map(({ chain }): OwnedObject => ({ kind: 'chain', backend, family, table, chain })),
    ...remove.map(({ chain, rule, comment }): OwnedObject => {
      const mark = rule?.comment ?? comment;
      return { kind: 'rule', backend, family, table, chain, ...(rule ? { rule } : {}), ...(mark === undefined ? {} : { comment: mark }) };
    }),
  ];
}
