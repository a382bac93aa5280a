// Random changes to a fake kernel, in the few names and numbers that make them meet each other.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { Kernel, LinkChange, Ns } from '../../host/kernel/kernel.ts';
import { restoreLines } from '../support/iptables-lines.ts';
import { anyRule } from './rules.ts';

export interface Step { words: string; do(kernel: Kernel): void }

/** Names and numbers of what furnish() makes come more often than others. */
const often = <T>(usual: fc.Arbitrary<T>, ...rare: T[]): fc.Arbitrary<T> => fc.oneof({ arbitrary: usual, weight: 9 }, fc.constantFrom(...rare));
const ns = fc.constantFrom<Ns>('host', 'container');
const index = often(fc.integer({ min: 1, max: 4 }), 5, 6, 99);
const ifname = often(fc.constantFrom('a', 'b', 'c', 'd'), 'cni0', 'lo', 'a name that is too long');
const mac = often(fc.constantFrom('02:00:00:00:00:01', '02:00:00:00:00:fe'), '01:00:5e:00:00:01');
const mtu = often(fc.constantFrom(1400, 1500, 9000), 70000);
const address = fc.constantFrom('10.1.0.5/24', '10.1.0.6/24', '10.1.0.5/32', '10.2.0.1/16', '2001:db8::5/64', '2001:db8::6/64');
const gateway = fc.constantFrom('10.1.0.1', '10.2.0.9', '192.0.2.1', '2001:db8::1', 'fe80::1');
const network = fc.constantFrom('0.0.0.0/0', '192.0.2.0/24', '10.1.0.0/24', '::/0', '2001:db8:1::/64');
const table = fc.constantFrom(100, 254);
const chain = often(fc.constantFrom('CNI-a', 'CNI-b'), 'POSTROUTING', 'none');
const flag = fc.boolean();
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

/** What fast-check leaves undefined is absent. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields).map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as { [K in keyof T]: Exclude<T[K], undefined> });
const step = <T>(words: string, arguments_: fc.Arbitrary<T>, act: (kernel: Kernel, of: T) => unknown): fc.Arbitrary<Step> =>
  arguments_.map((of) => ({ words: `${words} ${JSON.stringify(of)}`, do: (kernel) => void act(kernel, of) }));

const LINKS = [
  step('bridge', record({ ns, name: ifname, mtu: optional(mtu), mac: optional(mac), up: optional(flag) }), (kernel, { ns: where, ...link }) => kernel.link.create(where, { kind: 'bridge', ...link })),
  step('ifb', record({ ns, name: ifname }), (kernel, { ns: where, name }) => kernel.link.create(where, { kind: 'ifb', name })),
  step('veth', record({ ns, name: ifname, mac, up: optional(flag), peer: fc.record({ ns, name: ifname, mac }) }), (kernel, { ns: where, ...link }) => kernel.link.create(where, { kind: 'veth', ...link })),
  ...[
    { up: flag }, { mtu }, { mac }, { name: ifname }, { alias: fc.constantFrom('', 'of "blue"', 'x\ny') }, { master: fc.option(index) },
    { promisc: flag, allmulti: flag }, { txqlen: index, group: index }, { hairpin: flag, isolated: flag }, { vlans: fc.constantFrom([], [{ id: 100, pvid: true, untagged: true }], [{ id: 1, untagged: true }, { id: 5, last: 9 }, { id: 20, pvid: true }], [{ id: 4095 }]) },
  ].map((change) => step('set', record<{ ns: Ns; index: number } & LinkChange>({ ns, index, ...change } as never), (kernel, { ns: where, index: at, ...to }) => kernel.link.set(where, at, to))),
  step('up', record({ ns, index }), (kernel, { ns: where, index: at }) => kernel.link.set(where, at, { up: true })),
  step('delete link', record({ ns, index }), (kernel, { ns: where, index: at }) => kernel.link.delete(where, at)),
];

const NETWORK = [
  step('address', record({ ns, index, address }), (kernel, of) => kernel.addr.add(of.ns, of.index, of.address)),
  step('delete address', record({ ns, index, address }), (kernel, of) => kernel.addr.delete(of.ns, of.index, of.address)),
  step('route', record({ ns, dst: network, gw: optional(gateway), index: optional(index), table: optional(table), metric: optional(index), scope: optional(fc.constantFrom(0, 253)), mtu: optional(mtu) }),
    (kernel, { ns: where, ...route }) => kernel.route.add(where, route)),
  step('delete route', record({ ns, dst: network, gw: optional(gateway) }), (kernel, { ns: where, ...route }) => kernel.route.delete(where, route)),
  step('rule', record({ ns, family: fc.constantFrom('ip' as const), table, priority: optional(index), from: optional(fc.constant('10.1.0.5/32')) }), (kernel, { ns: where, ...rule }) => kernel.policyRule.add(where, rule)),
  step('neighbour', record({ ns, index: fc.integer({ min: 2, max: 6 }), ip: gateway, mac }), (kernel, of) => kernel.neigh.add(of.ns, of.index, of.ip, of.mac)),
  step('sysctl', record({ ns, key: fc.constantFrom('ipv4/ip_forward', 'ipv6/conf/a/disable_ipv6', 'ipv6/conf/all/disable_ipv6', 'ipv6/conf/default/accept_ra', 'ipv6/conf/eth0/keep_addr_on_down'), value: fc.constantFrom('0', '1', 'x') }),
    (kernel, of) => kernel.sysctl.set(of.ns, `net/${of.key}`, of.value)),
];

const TRAFFIC_CONTROL = [
  step('ingress', record({ ns, index }), (kernel, of) => kernel.tc.addQdisc(of.ns, { index: of.index, kind: 'ingress' })),
  step('tbf', record({ ns, index }), (kernel, of) => kernel.tc.addQdisc(of.ns, { index: of.index, kind: 'tbf', handle: 0x10000, parent: 0xffffffff, tbf: { rate: 5e9, limit: 7, bufferUs: 9 } })),
  step('htb', record({ ns, index }), (kernel, of) => kernel.tc.addQdisc(of.ns, { index: of.index, kind: 'htb', handle: 0x10000, parent: 0xffffffff, defaultClass: 0x30 })),
  step('class', record({ ns, index }), (kernel, of) => kernel.tc.addClass(of.ns, { index: of.index, classid: 0x10030, parent: 0x10000, rate: 5, ceil: 6, bufferUs: 7 })),
  step('filter', record({ ns, index, redirect: optional(index), parent: fc.constantFrom(0xffff0000, 0x10000), dst: optional(fc.constant('10.1.0.0/16')) }),
    (kernel, { ns: where, ...filter }) => kernel.tc.addFilter(where, { ...filter, priority: 1, protocol: 3, classid: 0x10030 })),
  step('delete qdisc', record({ ns, index }), (kernel, of) => kernel.tc.deleteQdisc(of.ns, { index: of.index, kind: 'ingress', handle: 0xffff0000, parent: 0xfffffff1 })),
];

const FILTERS = [
  step('nft', record({ ns, rule: anyRule('inet'), chain, at: fc.constantFrom('start' as const, 'end' as const), hooked: flag }), (kernel, of) => {
    const where = { family: 'inet', table: 'blue', chain: of.chain } as const;
    kernel.nft.apply(of.ns, [
      { do: 'add table', family: 'inet', table: 'blue', comment: 'a test' },
      { do: 'add chain', ...where, comment: 'two words', ...(of.hooked ? { hook: { type: 'nat', hook: 'postrouting', priority: -7 } } : {}) },
      { do: 'add rule', ...where, rule: of.rule, at: of.at },
    ]);
  }),
  step('delete nft rule', record({ ns, chain }), (kernel, of) => {
    const [first] = kernel.nft.read(of.ns, 'inet', 'blue')?.chains.find(({ name }) => name === of.chain)?.rules ?? [];
    kernel.nft.apply(of.ns, [{ do: 'delete rule', family: 'inet', table: 'blue', chain: of.chain, handle: first?.handle ?? 9999 }]);
  }),
  step('delete nft chain', record({ ns, chain }), (kernel, of) => kernel.nft.apply(of.ns, [{ do: 'delete chain', family: 'inet', table: 'blue', chain: of.chain }])),
  step('iptables', record({ ns, lines: fc.array(fc.oneof(
    chain.map((name) => `-N ${name}`), chain.map((name) => `-X ${name}`), chain.map((name) => `-F ${name}`),
    fc.tuple(fc.constantFrom('A', 'I', 'D'), chain, fc.constantFrom(' -j ACCEPT', ' -s 10.1.0.5/32 -j CNI-b', ' -m comment --comment "a  b" -j CNI-a')).map(([verb, name, rule]) => `-${verb} ${name}${rule}`),
  ), { maxLength: 4 }) }), (kernel, of) => restoreLines(kernel.iptables, of.ns, 'ip', 'nat', ...of.lines)),
];

const named = (step_: Step): Step => Object.assign(step_, { toString: () => step_.words });
export const anySteps = fc.array(fc.oneof({ arbitrary: fc.oneof(...LINKS), weight: 3 }, { arbitrary: fc.oneof(...NETWORK), weight: 2 }, fc.oneof(...TRAFFIC_CONTROL), fc.oneof(...FILTERS)).map(named), { maxLength: 40, size: 'max' });

/** A container on a bridge, so that steps find something to change. */
export function furnish(kernel: Kernel): void {
  kernel.link.create('container', { kind: 'veth', name: 'eth0', mac: '02:00:00:00:01:02', peer: { ns: 'host', name: 'veth1', mac: '02:00:00:00:00:02' } });
  kernel.link.create('host', { kind: 'bridge', name: 'cni0', up: true });
  kernel.link.create('host', { kind: 'ifb', name: 'bwp0', mac: '02:00:00:00:00:04', up: true });
  kernel.link.set('host', 2, { master: 3, up: true });
  kernel.link.set('container', 2, { up: true });
  kernel.addr.add('container', 2, '10.1.0.5/24');
  kernel.addr.add('container', 2, '2001:db8::5/64');
  kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1' });
  kernel.addr.add('host', 3, '10.1.0.1/24');
  kernel.tc.addQdisc('host', { index: 2, kind: 'ingress' });
  kernel.tc.addQdisc('host', { index: 4, kind: 'htb', handle: 0x10000, parent: 0xffffffff, defaultClass: 0x30 });
}

/** "done" or the errno; what a kernel refuses is as good a step. */
export function take({ do: act }: Step, kernel: Kernel): string {
  try {
    act(kernel);
    return 'done';
  } catch (error) {
    if (error instanceof KernelError) return error.errno;
    throw error;
  }
}
