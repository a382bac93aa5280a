// Writes a fake kernel's state as text that people read, tests compare and parse.ts reads back. Handles of rules are left out:
// they say when a rule was made, not what it is.
// SPDX-License-Identifier: Apache-2.0

import { handleText, parentText } from '../tc-handles.ts';
import type { PortVlans } from '../vlans.ts';
import { familyOf } from './prefix.ts';
import { writeRule } from './rule-text.ts';
import type { FakeIptablesTable, FakeLink, FakeNamespace, FakeState, FakeTable } from './state.ts';
import { named, pairs, PROTOCOLS, SCOPES, TABLES, word } from './words.ts';

export const dump = (state: FakeState): string =>
  [...dumpNamespace('host', state.host), ...(state.container ? dumpNamespace('container', state.container) : [])].map((line) => `${line}\n`).join('');

function dumpNamespace(name: string, ns: FakeNamespace): string[] {
  const dev = (index: number | undefined): string | undefined => index === undefined ? undefined : ns.links.find((link) => link.index === index)?.name ?? `/${index}`;
  return [
    `namespace ${name} ${word(ns.id)}`,
    ...Object.entries(ns.unusable).sort().map(([filter, why]) => `unusable ${filter} ${JSON.stringify(why)}`),
    ...byIndex(ns.links).map((link) => dumpLink(link, dev)),
    ...byIndex(ns.addrs.toSorted((a, b) => compare(familyOf(a.address), familyOf(b.address)))).map(({ index, address, scope, tentative, dadFailed }) =>
      `address ${address}${pairs({ dev: dev(index), scope: named(SCOPES, scope), tentative, dadfailed: dadFailed })}`),
    ...ns.routes.map(({ dst, gw, src, index, table, metric, scope, protocol, mtu, advmss }) =>
      `route ${dst}${pairs({ via: gw, dev: dev(index), table: named(TABLES, table), metric, scope: named(SCOPES, scope), proto: named(PROTOCOLS, protocol), src, mtu, advmss })}`),
    ...ns.rules.map(({ family, priority, from, to, table }) => `rule ${family} ${priority}${pairs({ from, to, lookup: named(TABLES, table) })}`),
    ...ns.neighs.map(({ index, ip, mac, state }) => `neighbour ${ip}${pairs({ dev: dev(index), lladdr: mac, state })}`).sort(),
    ...byIndex(ns.qdiscs).map(({ index, kind, handle, parent, tbf, defaultClass }) =>
      `qdisc ${kind} ${handleText(handle)}${pairs({ dev: dev(index), parent: parentText(parent), ...tbfPairs(tbf), default: defaultClass })}`),
    ...byIndex(ns.classes).map(({ index, classid, parent, rate, ceil, bufferUs }) =>
      `class ${handleText(classid)}${pairs({ dev: dev(index), parent: parentText(parent), rate, ceil, buffer: bufferUs })}`),
    ...byIndex(ns.filters).map(({ index, kind, parent, priority, protocol, handle, classid, redirect, src, dst }) =>
      `filter ${kind} ${handle.toString(16)}${pairs({
        dev: dev(index), parent: parentText(parent), pref: priority, protocol, flowid: classid === undefined ? undefined : handleText(classid),
        src, dst, redirect: redirect === 0 ? 'nowhere' : dev(redirect),
      })}`),
    ...Object.entries(ns.sysctl).sort().map(([key, value]) => `sysctl ${key} ${word(value)}`),
    ...ns.conntrack.map(({ family, proto, daddr, dport }) => `connection ${family} ${proto} ${daddr} ${dport}`).sort(),
    ...(ns.zones ? ['firewalld', ...Object.entries(ns.zones).sort().map(([zone, sources]) => `zone ${zone} ${sources.toSorted().join(' ')}`)] : []),
    ...[...ns.nft].sort((a, b) => compare(`${a.family} ${a.name}`, `${b.family} ${b.name}`)).flatMap(dumpTable),
    ...[...ns.iptables].sort((a, b) => compare(`${a.family} ${a.name}`, `${b.family} ${b.name}`)).flatMap(dumpIptables),
  ];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byIndex = <T extends { index: number }>(all: readonly T[]): T[] => [...all].sort((a, b) => a.index - b.index);

function dumpLink(link: FakeLink, dev: (index: number | undefined) => string | undefined): string {
  const { index, name, kind, mtu, mac, up, promisc, allmulti, txqlen, peer, master, alias, group, port, vlans, vlanFiltering, fixed } = link;
  return `link ${index} ${word(name)}${pairs({
    kind: kind || undefined, mtu, qlen: txqlen, mac: mac || undefined, group: group || undefined, alias,
    peer: peer && `${peer.ns}:${peer.index}`, master: dev(master), up, promisc, allmulti,
    hairpin: port?.hairpin, isolated: port?.isolated, vlans: port && vlansOf(vlans), vlan_filtering: vlanFiltering, 'fixed-mac': fixed?.mac, 'fixed-mtu': fixed?.mtu,
  })}`;
}

/** Nothing for those of a new port; `-` for none. */
function vlansOf(vlans: readonly PortVlans[] = []): string | undefined {
  const text = vlans.map(({ id, last, pvid, untagged }) => `${id}${last === undefined ? '' : `-${last}`}${pvid ? 'p' : ''}${untagged ? 'u' : ''}`).join(',');
  return text === '1pu' ? undefined : text || '-';
}

const tbfPairs = (tbf: { rate: number; limit: number; bufferUs: number } | undefined): Record<string, number> =>
  (tbf ? { rate: tbf.rate, limit: tbf.limit, buffer: tbf.bufferUs } : {});

function dumpTable({ family, name, comment, chains }: FakeTable): string[] {
  return [
    `table ${family} ${word(name)}${pairs({ comment })}`,
    ...[...chains].sort((a, b) => compare(a.name, b.name)).flatMap((chain) => [
      `  chain ${word(chain.name)}${pairs({ ...(chain.hook ?? {}), comment: chain.comment })}`,
      ...chain.rules.map((rule) => `    ${writeRule(rule)}`),
    ]),
  ];
}

function dumpIptables({ family, name, chains }: FakeIptablesTable): string[] {
  return [
    `iptables ${family} ${name}`,
    ...chains.map((chain) => `  :${chain.name} ${chain.policy ?? '-'}`),
    ...chains.flatMap((chain) => chain.rules.map((rule) => `  -A ${chain.name} ${rule}`.trimEnd())),
  ];
}
