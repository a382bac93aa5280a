// The bandwidth plugin against a scripted host: what it asks for, for the configurations that runtimes send.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlugin, refuse, type Answers } from '../support/guest-host.ts';

const bandwidth = loadPlugin('bandwidth');

/** SHA-512 of "podnet" + "c1". */
const IFB = 'bwp1d96a4c7e0d1';
const VETH = { link: 2, name: 'veth1', kind: 'veth', mtu: 1450, mac: '02:00:00:00:00:02', up: true, state: 'up', promisc: false, peer: 3, index: 9, owner: 'attachment' };
const ETH0 = { ...VETH, link: 1, name: 'eth0', peer: 9, index: 3 };
const MADE = { ...VETH, link: 3, name: IFB, kind: 'ifb', mac: '02:00:00:00:00:03', index: 10 };
const prevResult = {
  interfaces: [{ name: 'cni0', mac: '02:00:00:00:00:01' }, { name: 'veth1' }, { name: 'eth0', sandbox: 'container' }],
  ips: [{ address: '10.88.0.2/16', gateway: '10.88.0.1', interface: 2 }],
  routes: [{ dst: '0.0.0.0/0' }],
};
const conf = (keys: object): Record<string, unknown> => ({ cniVersion: '1.0.0', name: 'podnet', type: 'bandwidth', prevResult, ...keys });

const node: Answers = {
  'link.get': ({ name, endOf, link }) => (name === 'eth0' ? ETH0 : endOf === 1 ? VETH : name === IFB || link === 3 ? MADE : refuse('not-found', `no ${name}`)()),
  'link.create': { link: 3 },
  'link.delete': {},
  'tc.qdisc': {},
  'tc.filter': {},
};
const tbf = (link: number, rate: number, limit: number, bufferUs: number): object => ({ op: 'tc.qdisc', request: { link, kind: 'tbf', rate, limit, bufferUs } });
const found = [{ op: 'link.get', request: { name: 'eth0' } }, { op: 'link.get', request: { endOf: 1 } }];

test('limits both directions as containerd asks for it, with keys in capitals', () => {
  const config = conf({ runtimeConfig: { bandwidth: { IngressRate: 10_000_000, IngressBurst: 4_294_967_295, EgressRate: 20_000_000, EgressBurst: 4_294_967_295 } } });
  const { asked, result, error } = bandwidth({ verb: 'ADD', config }, node);
  assert.is(error, undefined);
  assert.equal(asked, [
    ...found,
    tbf(2, 1_250_000, 536_902_161, 429_496_728),
    { op: 'link.create', request: { ns: 'host', name: IFB, kind: 'ifb', mtu: 1450, txqlen: 0, up: true } },
    { op: 'tc.qdisc', request: { link: 2, kind: 'ingress' } },
    { op: 'tc.filter', request: { link: 2, parent: 'ingress', priority: 1, redirect: 3 } },
    tbf(3, 2_500_000, 536_933_411, 214_748_364),
    { op: 'link.get', request: { link: 3 } },
  ]);
  assert.equal(result, { ...prevResult, interfaces: [...prevResult.interfaces, { name: IFB, mac: MADE.mac }] });
});

test('STATUS asks whether the kernel has intermediate devices', () => {
  const status = (answer: object) => bandwidth({ verb: 'STATUS', config: { cniVersion: '1.1.0', name: 'podnet', type: 'bandwidth' } }, { 'link.usable': answer });
  assert.is(status({ usable: true }).error, undefined);
  assert.equal(status({ usable: false, why: 'Unknown device type' }).error, { code: 50, msg: 'the kernel cannot make intermediate devices: Unknown device type; load its module ifb' });
  assert.is(bandwidth({ verb: 'STATUS', config: { cniVersion: '1.1.0', name: 'podnet', type: 'bandwidth', ingressRate: 8 } }).error!.msg, 'if rate is set, burst must also be set');
});

const numbers = (rate: number, burst: number, ...expected: [number, number, number]): void => {
  test(`rate ${rate} and burst ${burst} are the numbers of the reference`, () => {
    const { asked } = bandwidth({ verb: 'ADD', config: conf({ ingressRate: rate, ingressBurst: burst }) }, node);
    assert.equal(asked.slice(2), [tbf(2, ...expected)]);
  });
};
numbers(1_000_000, 8_000_000, 125_000, 1_003_125, 8_000_000);
numbers(20_000_000, 4_294_967_295, 2_500_000, 536_933_411, 214_748_364);
numbers(123, 456, 15, 57, 3_800_000);
// A µs count that no longer fits is cut to its lower 32 bits.
numbers(800, 80_000_000, 100, 10_000_002, (10_000_000 * 1e6 / 100) % 2 ** 32);
// CRI-O's burst, which does not fit into 32 bits of bits.
numbers(8_000_000_000, 34_359_738_344, 1_000_000_000, 24_999_997, 4_294_967);

test('top-level keys make those of the runtime void', () => {
  const config = conf({ egressRate: 0, runtimeConfig: { bandwidth: { ingressRate: 1000, ingressBurst: 1000 } } });
  const { asked, result } = bandwidth({ verb: 'ADD', config }, node);
  assert.equal(asked, []);
  assert.equal(result, prevResult);
});

test('without limits the result is passed on', () => {
  assert.equal(bandwidth({ verb: 'ADD', config: conf({}) }).result, prevResult);
  assert.equal(bandwidth({ verb: 'ADD', config: conf({ runtimeConfig: { bandwidth: {} } }) }).result, prevResult);
});

const refuses = (title: string, keys: object, msg: string, answers: Answers = node): void => {
  test(`refuses ${title}`, () => {
    const { error, result } = bandwidth({ verb: 'ADD', config: conf(keys) }, answers);
    assert.equal([error, result], [{ code: 999, msg }, undefined]);
  });
};
const limit = { ingressRate: 1_000_000, ingressBurst: 1_000_000 };
const egress = { egressRate: 1_000_000, egressBurst: 1_000_000 };
refuses('a rate without burst', { ingressRate: 1000 }, 'if rate is set, burst must also be set');
refuses('a burst without rate', { egressBurst: 1000 }, 'if burst is set, rate must also be set');
refuses('a burst of 4 GB', { ingressRate: 1000, ingressBurst: 34_359_738_360 }, 'burst cannot be more than 4GB');
refuses('less than a byte per second', { ingressRate: 7, ingressBurst: 8 }, 'invalid rate: 7; give at least 8 bits per second');
refuses('a rate below zero', { ingressRate: -1, ingressBurst: 8 },
  'failed to parse network configuration: json: cannot unmarshal number -1 into Go struct field PluginConf.ingressRate of type uint64');
refuses('limits without a chain, and no limits without one', { prevResult: undefined }, 'must be called as chained plugin');
refuses('a result without interfaces', { ...limit, prevResult: {} }, 'no interfaces provided');
refuses('a veth that the chain did not make', { ...limit, prevResult: { interfaces: [{ name: 'eth0', sandbox: 'container' }] } }, 'no veth peer of container interface found in host ns');
refuses('what is no veth', limit, 'container interface eth0 has no veth peer: it is a link of kind "macvlan"; only veth can be limited', { 'link.get': { ...ETH0, kind: 'macvlan' } });
refuses('a veth whose other end is elsewhere', limit, 'veth peer with index 9 is not in host ns', {
  'link.get': ({ name }) => (name === 'eth0' ? ETH0 : refuse('not-found', 'link not found')()),
});

test('passes on what the host refuses, with what it was for', () => {
  const msg = (op: string, keys: object): string | undefined => bandwidth({ verb: 'ADD', config: conf(keys) }, { ...node, 'tc.list': { qdiscs: [], filters: [] }, [op]: refuse('exists', 'it is there') }).error?.msg;
  assert.is(msg('tc.qdisc', limit), 'create qdisc: it is there');
  assert.is(msg('link.create', egress), 'adding link: it is there');
  assert.is(msg('tc.qdisc', egress), 'create ingress qdisc: it is there');
  assert.is(msg('tc.filter', egress), 'add filter: it is there');
  const { error } = bandwidth({ verb: 'ADD', config: conf(egress) }, { ...node, 'tc.qdisc': ({ kind }) => (kind === 'tbf' ? refuse('exists', 'it is there')() : {}) });
  assert.is(error?.msg, 'create ifb qdisc: create qdisc: it is there');
});

test('DEL takes the IFB away, whatever the configuration says', () => {
  const { asked, error } = bandwidth({ verb: 'DEL', config: { name: 'podnet', ingressRate: 'much' }, netns: false }, node);
  assert.is(error, undefined);
  assert.equal(asked, [{ op: 'link.get', request: { ns: 'host', name: IFB } }, { op: 'link.delete', request: { link: 3 } }]);
});

test('DEL without an IFB is done', () => {
  assert.is(bandwidth({ verb: 'DEL', config: conf(limit) }, { 'link.get': refuse('not-found', 'no such link') }).error, undefined);
});

const queue = { kind: 'tbf', handle: '1:', parent: 'root', rate: 125_000, limit: 128_125, bufferUs: 1_000_000 };
const ingress = { kind: 'ingress', handle: 'ffff:', parent: 'ingress' };
const redirect = { kind: 'u32', parent: 'ffff:', redirect: 10 };
const checked = (veth: object, ifb: object = { qdiscs: [queue], filters: [] }): Answers => ({ ...node, 'tc.list': ({ link }) => (link === 2 ? veth : ifb) });

test('CHECK finds everything as ADD makes it', () => {
  const answers = checked({ qdiscs: [queue, ingress], filters: [redirect] });
  assert.is(bandwidth({ verb: 'CHECK', config: conf({ ...limit, ...egress }) }, answers).error, undefined);
  assert.is(bandwidth({ verb: 'CHECK', config: conf({}) }).error, undefined);
});

test('CHECK knows that the kernel cuts a long buffer', () => {
  const cut = { ...queue, rate: 1_250_000, limit: 536_902_161, bufferUs: Math.ceil(((429_496_728 * 15.625) % 2 ** 32) / 15.625) };
  const keys = { ingressRate: 10_000_000, ingressBurst: 4_294_967_295 };
  assert.is(bandwidth({ verb: 'CHECK', config: conf(keys) }, checked({ qdiscs: [cut], filters: [] })).error, undefined);
});

const missing = (title: string, msg: string, veth: object, ifb?: object): void => {
  test(`CHECK finds ${title}`, () => {
    assert.equal(bandwidth({ verb: 'CHECK', config: conf({ ...limit, ...egress }) }, checked(veth, ifb)).error, { code: 999, msg });
  });
};
missing('no queue on the veth', 'Failed to find qdisc', { qdiscs: [{ kind: 'noqueue', handle: '0:', parent: 'root' }], filters: [] });
missing('another rate', "Rate doesn't match", { qdiscs: [{ ...queue, rate: 1 }], filters: [] });
missing('another limit', "Limit doesn't match", { qdiscs: [{ ...queue, limit: 1 }], filters: [] });
missing('another buffer', "Buffer doesn't match", { qdiscs: [{ ...queue, bufferUs: 999_998 }], filters: [] });
missing('no ingress qdisc', 'Failed to find ingress qdisc on the host veth', { qdiscs: [queue], filters: [redirect] });
missing('no filter', `Failed to find filter that redirects to ${IFB}`, { qdiscs: [queue, ingress], filters: [{ ...redirect, redirect: 11 }] });
missing('no queue on the IFB', 'Failed to find qdisc', { qdiscs: [queue, ingress], filters: [redirect] }, { qdiscs: [], filters: [] });

test('CHECK without an IFB or without a chain fails', () => {
  const answers = { ...checked({ qdiscs: [], filters: [] }), 'link.get': (request: Record<string, unknown>) => (request['ns'] === 'host' ? refuse('not-found', 'link not found')() : request['name'] ? ETH0 : VETH) };
  assert.is(bandwidth({ verb: 'CHECK', config: conf(egress) }, answers).error?.msg, 'get ifb device: link not found');
  assert.is(bandwidth({ verb: 'CHECK', config: conf({ ...limit, prevResult: undefined }) }).error?.msg, 'must be called as a chained plugin');
});

test('an ingress qdisc of somebody else is used as it is', () => {
  const config = conf({ egressRate: 8000, egressBurst: 8000 });
  const taken = { ...node, 'tc.qdisc': ({ kind }: Record<string, unknown>) => (kind === 'ingress' ? refuse('exists', 'file exists', 'EEXIST')() : {}) };
  const listing = (qdiscs: object[]): Answers => ({ ...taken, 'tc.list': { qdiscs, filters: [] } });
  const { error, asked } = bandwidth({ verb: 'ADD', config }, listing([{ kind: 'ingress', handle: 'ffff:', parent: 'ingress' }]));
  assert.is(error, undefined);
  assert.is(asked.filter(({ op }) => op === 'tc.filter').length, 1);
  assert.is(bandwidth({ verb: 'ADD', config }, listing([{ kind: 'clsact', handle: 'ffff:', parent: 'ingress' }])).error?.msg, 'create ingress qdisc: file exists');
});

test('DEL of a second interface leaves the device of the first', () => {
  const ask = (sources: object[], call: object = {}, filters: object[] = []): string[] =>
    bandwidth({ verb: 'DEL', config: conf({ prevResult: undefined }), ...call }, { ...node, 'tc.list': { qdiscs: [], filters }, 'tc.sources': { links: sources } }).asked.map(({ op }) => op);
  const deleted = (...given: Parameters<typeof ask>): number => ask(...given).filter((op) => op === 'link.delete').length;
  assert.is(deleted([{ name: 'veth7', index: 77 }]), 0);
  assert.is(deleted([{ name: 'veth1', index: 9 }]), 1);
  assert.is(deleted([]), 1);
  assert.is(deleted([{ name: 'veth7', index: 77 }], { netns: false }), 1);
  // Where the own link is redirected to it, nobody else's need be looked at.
  assert.not.ok(ask([{ name: 'veth7', index: 77 }], {}, [{ kind: 'u32', parent: 'ffff:', redirect: 10 }]).includes('tc.sources'));
});

test('GC takes devices away that nothing is redirected to', () => {
  const ifb = (name: string, link: number): object => ({ ...MADE, name, link });
  const answers: Answers = {
    'link.list': { links: [ifb('bwp0123456789ab', 1), ifb('bwpfedcba987654', 2), ifb('bwp00000000000a', 3), ifb('bwp-not-of-ours', 4)] },
    'tc.list': ({ link }) => ({ qdiscs: link === 3 ? [] : [{ kind: 'tbf', handle: '1:', parent: 'root' }], filters: [] }),
    'tc.sources': ({ link }) => ({ links: link === 2 ? [{ name: 'veth1', index: 9 }] : [] }),
    'link.delete': {},
  };
  const gc = (validAttachments?: []): unknown => bandwidth({ verb: 'GC', config: conf({ prevResult: undefined }), containerId: '', ...(validAttachments ? { validAttachments } : {}) }, answers).asked.filter(({ op }) => op === 'link.delete').map(({ request }) => request);
  assert.equal(gc([]), [{ link: 1 }]);
  assert.equal(gc(), []);
});

test.run();
