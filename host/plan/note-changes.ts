// Notes each change that is asked of a kernel, once it has worked; a read, and a change to what is already so, leaves no note.
// SPDX-License-Identifier: Apache-2.0

import type { Requests } from '../../abi/gen/types.ts';
import { renderIptablesCommand } from '../kernel/iptables-text.ts';
import { renderNftRule, nameNftCommand } from '../kernel/nft-text.ts';
import type { Filter, HtbClass, Kernel, Link, LinkChange, NewLink, NftCommand, NftTable, Ns, PolicyRule, Route } from '../kernel/kernel.ts';

/** What a module imports and is granted to do the same, by which policy and log name it. */
export type OpName = keyof Requests;

export type Note = (op: OpName, ns: Ns, texts: readonly string[]) => void;

/** Each is said before it is done: afterwards what it takes away has no name any more. `noteOfHost` is for what no module asks for. */
export function notingKernel(kernel: Kernel, note: Note, noteOfHost: Note): Kernel {
  const { link, addr, route, policyRule, neigh, nft, iptables, tc, sysctl, conntrack, firewalld } = kernel;
  const noting = <Args extends [Ns, ...unknown[]], T>(op: OpName, say: (...args: Args) => readonly string[], act: (...args: Args) => T, tell = note) => (...args: Args): T => {
    const texts = say(...args);
    const result = act(...args);
    tell(op, args[0], texts);
    return result;
  };
  const name = (ns: Ns, index: number): string => `"${link.get(ns, { index })?.name ?? index}"`;
  const routeText = (ns: Ns, { dst, gw, src, index, table = 254, metric, mtu, advmss }: Partial<Route>): string => [
    dst, gw && `via ${gw}`, index && `dev ${name(ns, index)}`, src && `src ${src}`, table !== 254 && `table ${table}`, metric && `metric ${metric}`, mtu && `mtu ${mtu}`, advmss && `advmss ${advmss}`,
  ].filter(Boolean).join(' ');
  const ruleText = ({ family, from, to, table, priority }: PolicyRule): string => [
    family, from && `from ${from}`, to && `to ${to}`, `lookup ${table}`, priority !== undefined && `priority ${priority}`].filter(Boolean).join(' ');
  const classText = (ns: Ns, { index, classid, rate, ceil }: HtbClass): string => `${hex(classid)} on ${name(ns, index)}, rate ${rate * 8} bit/s, ceil ${ceil * 8} bit/s`;
  const filterText = (ns: Ns, { index, parent, src, dst, classid, redirect }: Omit<Filter, 'kind' | 'handle'>): string => [
    `at ${hex(parent)} on ${name(ns, index)}`, src && `src ${src}`, dst && `dst ${dst}`, classid && `to class ${hex(classid)}`, redirect && `redirected to ${name(ns, redirect)}`].filter(Boolean).join(' ');
  /** Modules bind what is bound already, and take away what may not be. */
  const sourcesText = (verb: 'add' | 'remove', zone: string, sources: readonly string[]): string[] => {
    const { bound } = firewalld.query(zone, sources);
    return sources.filter((source) => bound.includes(source) === (verb === 'remove')).map((source) => `${verb} source ${source} of zone ${zone}`);
  };
  const notingSources = (verb: 'add' | 'remove') => (zone: string, sources: readonly string[]): void =>
    noting(`firewalld.${verb}`, () => sourcesText(verb, zone, sources), () => firewalld[verb](zone, sources))('host');
  return {
    ...kernel,
    link: {
      ...link,
      create: noting('link.create', (_, made) => [createText(made)], link.create),
      set: noting('link.set', (ns, index, change) => settings(newIn(change, link.get(ns, { index })), (master) => name(ns, master)).map((text) => `set ${text} of ${name(ns, index)}`), link.set),
      delete: noting('link.delete', (ns, index) => [`delete ${name(ns, index)}`], link.delete),
      deleteTogether: noting('link.delete', (ns, indexes) => indexes.filter((index) => link.get(ns, { index })).map((index) => `delete ${name(ns, index)}`), link.deleteTogether, noteOfHost),
    },
    addr: {
      ...addr,
      add: noting('addr.add', (ns, index, address) => [`add ${address} to ${name(ns, index)}`], addr.add),
      delete: noting('addr.delete', (ns, index, address) => [`delete ${address} from ${name(ns, index)}`], addr.delete),
    },
    route: {
      ...route,
      add: noting('route.add', (ns, made) => [`add ${routeText(ns, made)}`], route.add),
      delete: noting('route.delete', (ns, gone) => [`delete ${routeText(ns, gone)}`], route.delete),
    },
    policyRule: {
      ...policyRule,
      add: noting('rule.add', (_, rule) => [`add ${ruleText(rule)}`], policyRule.add),
      delete: noting('rule.delete', (_, rule) => [`delete ${ruleText(rule)}`], policyRule.delete),
    },
    neigh: {
      ...neigh,
      add: noting('neigh.add', (ns, index, ip, mac) => [`add ${ip} at ${mac} on ${name(ns, index)}`], neigh.add),
      delete: noting('neigh.delete', (ns, index, ip) => [`delete ${ip} on ${name(ns, index)}`], neigh.delete),
    },
    nft: { ...nft, apply: noting('nft.apply', (ns, commands) => commands.map((command) => nftText(command, (family, table) => nft.read(ns, family, table))), nft.apply) },
    iptables: {
      ...iptables,
      restore: noting('iptables.apply', (_, family, table, commands) => commands.map((command) => `${family === 'ip' ? 'iptables' : 'ip6tables'} -t ${table} ${renderIptablesCommand(family, command)}`), iptables.restore),
    },
    tc: {
      ...tc,
      addQdisc: noting('tc.qdisc', (ns, made) => [`add ${made.kind} to ${name(ns, made.index)}${made.kind === 'tbf' ? `, rate ${made.tbf.rate * 8} bit/s, limit ${made.tbf.limit} bytes` : ''}`], tc.addQdisc),
      deleteQdisc: noting('tc.delete', (ns, gone) => [`delete ${gone.kind} of ${name(ns, gone.index)}`], tc.deleteQdisc),
      addClass: noting('tc.class', (ns, made) => [`add ${classText(ns, made)}`], tc.addClass),
      deleteClass: noting('tc.delete', (ns, index, classid) => [`delete ${hex(classid)} on ${name(ns, index)}`], tc.deleteClass),
      addFilter: noting('tc.filter', (ns, made) => [`add ${filterText(ns, made)}`], tc.addFilter),
      deleteFilter: noting('tc.delete', (ns, gone) => [`delete ${filterText(ns, gone)}`], tc.deleteFilter),
    },
    sysctl: {
      ...sysctl,
      set: noting('sysctl.set', (ns, key, value) => {
        const old = readable(sysctl, ns, key);
        return old === value ? [] : [`${key} ${old ?? '(write only)'} → ${value}`];
      }, sysctl.set),
    },
    conntrack: { delete: noting('conntrack.flush', (_, { family, proto, dports, daddr }) => [`forget ${family} ${proto} connections to ${daddr ?? 'any address'}, port ${dports.join(', ')}`], conntrack.delete) },
    firewalld: { ...firewalld, add: notingSources('add'), remove: notingSources('remove') },
  };
}

function createText(link: NewLink): string {
  const more = settings(link, String);
  return [`create ${link.kind} "${link.name}"`, ...(link.kind === 'veth' ? [`peer "${link.peer.name}" ${WHERE[link.peer.ns]}`] : []), ...more].join(', ');
}

const WHERE: Readonly<Record<Ns, string>> = { host: 'on the host', container: 'in the container' };

function settings({ up, mtu, mac, name, alias, master, promisc, allmulti, txqlen, group, hairpin, isolated, vlans, ...rest }: LinkChange & { vlanFiltering?: boolean; kind?: string }, nameOf: (index: number) => string): string[] {
  const { vlanFiltering, kind: made } = rest;
  const flags = { promisc, allmulti, hairpin, isolated, 'VLAN filtering': vlanFiltering };
  const values = { mtu, mac, ...(made === undefined ? { name } : {}), alias, txqlen, group };
  return [
    ...Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [`${key} ${value}`])),
    ...Object.entries(flags).flatMap(([key, on]) => (on === undefined ? [] : [`${key} ${on ? 'on' : 'off'}`])),
    ...(master === undefined ? [] : [master ? `master ${nameOf(master)}` : 'no master']),
    ...(vlans ? [`VLANs ${vlans.map((vlan) => JSON.stringify(vlan)).join(' ')}`] : []),
    ...(up === undefined ? [] : [up ? 'up' : 'down']),
  ];
}

/** Modules set what they want without asking what is so. */
function newIn(change: LinkChange, link: Link | undefined): LinkChange {
  const now: LinkChange = link ? { ...link, ...link.port, master: link.master ?? null } : {};
  return Object.fromEntries(Object.entries(change).filter(([key, value]) => now[key as keyof LinkChange] !== (key === 'master' && value === 0 ? null : value)));
}

function nftText(command: NftCommand, read: (family: NftCommand['family'], table: string) => NftTable | undefined): string {
  const name = nameNftCommand(command);
  if (command.do === 'add rule') return `${command.at === 'start' ? name.replace('nft add', 'nft insert') : name} ${renderNftRule(command.family, command.rule)}`;
  if (command.do !== 'delete rule') return name;
  const gone = read(command.family, command.table)?.chains.find((chain) => chain.name === command.chain)?.rules.find(({ handle }) => handle === command.handle);
  return gone?.rule ? `${name.replace(/ handle.*/, '')} ${renderNftRule(command.family, gone.rule)}` : name;
}

const hex = (handle: number): string => `${(handle >>> 16).toString(16)}:${(handle & 0xffff).toString(16)}`;

function readable(sysctl: Kernel['sysctl'], ns: Ns, key: string): string | undefined {
  try {
    return sysctl.get(ns, key);
  } catch {
    return undefined;
  }
}
