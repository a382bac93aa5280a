// The one-line objects of a dump, each read by the reader of its first word.
// SPDX-License-Identifier: Apache-2.0

import type { PortVlans } from '../vlans.ts';
import type { FakeLink, FakeNamespace, FakePeer } from './state.ts';
import { Fields, numbered, PROTOCOLS, readClassId, readParent, SCOPES, TABLES, toNumber } from './words.ts';

/** The index of a link by its name; throws when there is none. */
export type Devices = (name: string) => number;
type LineReader = (ns: FakeNamespace, words: string[], device: Devices) => void;

export const LINE_READERS: Readonly<Record<string, LineReader>> = {
  unusable(ns, [filter, why = '']) {
    if (filter !== 'nft' && filter !== 'raw' && filter !== 'ip' && filter !== 'ip6') throw new Error('nft, raw, ip and ip6 can be unusable');
    ns.unusable[filter] = why;
  },
  link: (ns, [index, name = '', ...rest], device) => void ns.links.push(readLink(toNumber(index), name, rest, device)),
  address(ns, [address = '', ...rest], device) {
    const fields = new Fields(rest, ['dev', 'scope'], ['tentative', 'dadfailed']);
    ns.addrs.push({
      index: device(fields.need('dev')), address, scope: numbered(SCOPES, fields.text('scope') ?? 'global'),
      tentative: fields.has('tentative'), dadFailed: fields.has('dadfailed'),
    });
  },
  route(ns, [dst = '', ...rest], device) {
    const fields = new Fields(rest, ['via', 'dev', 'table', 'metric', 'scope', 'proto', 'src', 'mtu', 'advmss']);
    const dev = fields.text('dev');
    ns.routes.push({
      dst, table: numbered(TABLES, fields.text('table') ?? 'main'), metric: fields.number('metric') ?? 0,
      scope: numbered(SCOPES, fields.text('scope') ?? 'global'), protocol: numbered(PROTOCOLS, fields.text('proto') ?? 'boot'),
      ...given({ gw: fields.text('via'), src: fields.text('src'), index: dev === undefined ? undefined : device(dev), mtu: fields.number('mtu'), advmss: fields.number('advmss') }),
    });
  },
  rule(ns, [family, priority, ...rest]) {
    const fields = new Fields(rest, ['from', 'to', 'lookup']);
    if (family !== 'ip' && family !== 'ip6') throw new Error('a rule is of ip or ip6');
    ns.rules.push({ family, priority: toNumber(priority), table: numbered(TABLES, fields.need('lookup')), ...given({ from: fields.text('from'), to: fields.text('to') }) });
  },
  neighbour(ns, [ip = '', ...rest], device) {
    const fields = new Fields(rest, ['dev', 'lladdr', 'state']);
    ns.neighs.push({ index: device(fields.need('dev')), ip, state: fields.number('state') ?? 0x80, ...given({ mac: fields.text('lladdr') }) });
  },
  qdisc(ns, [kind = '', handle = '', ...rest], device) {
    const fields = new Fields(rest, ['dev', 'parent', 'rate', 'limit', 'buffer', 'default']);
    ns.qdiscs.push({
      index: device(fields.need('dev')), kind, handle: readClassId(handle), parent: readParent(fields.need('parent')),
      ...(kind === 'tbf' ? { tbf: { rate: fields.needNumber('rate'), limit: fields.needNumber('limit'), bufferUs: fields.needNumber('buffer') } } : {}),
      ...given({ defaultClass: fields.number('default') }),
    });
  },
  class(ns, [classid = '', ...rest], device) {
    const fields = new Fields(rest, ['dev', 'parent', 'rate', 'ceil', 'buffer']);
    ns.classes.push({
      index: device(fields.need('dev')), classid: readClassId(classid), parent: readParent(fields.need('parent')),
      rate: fields.needNumber('rate'), ceil: fields.needNumber('ceil'), bufferUs: fields.needNumber('buffer'),
    });
  },
  filter(ns, [kind = '', handle = '', ...rest], device) {
    const fields = new Fields(rest, ['dev', 'parent', 'pref', 'protocol', 'flowid', 'src', 'dst', 'redirect']);
    const [flow, to] = [fields.text('flowid'), fields.text('redirect')];
    ns.filters.push({
      index: device(fields.need('dev')), kind, handle: toNumber(`0x${handle}`), parent: readParent(fields.need('parent')),
      priority: fields.needNumber('pref'), protocol: fields.needNumber('protocol'),
      ...given({
        classid: flow === undefined ? undefined : readClassId(flow), src: fields.text('src'), dst: fields.text('dst'),
        redirect: to === undefined ? undefined : to === 'nowhere' ? 0 : device(to),
      }),
    });
  },
  sysctl(ns, [key = '', value = '']) {
    ns.sysctl[key] = value;
  },
  firewalld(ns) {
    ns.zones = {};
  },
  zone(ns, [zone = '', ...sources]) {
    ns.zones = { ...ns.zones, [zone]: sources };
  },
  connection(ns, [family, proto = '', daddr = '', dport]) {
    if (family !== 'ip' && family !== 'ip6') throw new Error('a connection is of ip or ip6');
    ns.conntrack.push({ family, proto, daddr, dport: toNumber(dport) });
  },
};

/** Without the keys whose value is undefined. */
type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };
const given = <T extends object>(values: T): Given<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>;

function readLink(index: number, name: string, words: string[], device: Devices): FakeLink {
  const fields = new Fields(words, ['kind', 'mtu', 'qlen', 'mac', 'group', 'alias', 'peer', 'master', 'vlans'],
    ['up', 'promisc', 'allmulti', 'hairpin', 'isolated', 'vlan_filtering', 'fixed-mac', 'fixed-mtu']);
  const kind = fields.text('kind') ?? '';
  const [peer, master] = [fields.text('peer'), fields.text('master')];
  const fixed = { ...(fields.has('fixed-mac') ? { mac: true } : {}), ...(fields.has('fixed-mtu') ? { mtu: true } : {}) };
  return {
    index, name, kind, mtu: fields.number('mtu') ?? 1500, mac: fields.text('mac') ?? '', up: fields.has('up'),
    promisc: fields.has('promisc'), allmulti: fields.has('allmulti'), txqlen: fields.number('qlen') ?? 1000, group: fields.number('group') ?? 0,
    ...given({ alias: fields.text('alias'), peer: peer === undefined ? undefined : readPeer(peer) }),
    ...(master === undefined ? {} : { master: device(master), port: { hairpin: fields.has('hairpin'), isolated: fields.has('isolated') }, vlans: readVlans(fields.text('vlans') ?? '1pu') }),
    ...(kind === 'bridge' ? { vlanFiltering: fields.has('vlan_filtering') } : {}),
    ...(Object.keys(fixed).length > 0 ? { fixed } : {}),
  };
}

function readVlans(text: string): PortVlans[] {
  return (text === '-' ? [] : text.split(',')).map((entry) => {
    const [, id, last, flags = ''] = /^(\d+)(?:-(\d+))?(p?u?)$/.exec(entry) ?? [];
    if (id === undefined) throw new Error(`"${entry}" is no VLAN such as 100, 5-7u or 1pu`);
    return { id: Number(id), ...(last === undefined ? {} : { last: Number(last) }), ...(flags.includes('p') ? { pvid: true } : {}), ...(flags.includes('u') ? { untagged: true } : {}) };
  });
}

function readPeer(text: string): FakePeer {
  const [, ns, index] = /^(host|container|elsewhere):(\d+)$/.exec(text) ?? [];
  if (ns === undefined) throw new Error(`"${text}" is no peer such as container:2`);
  return { ns: ns as FakePeer['ns'], index: Number(index) };
}
