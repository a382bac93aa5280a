// The host-local plugin against a store in memory: what it hands out, and what it says about configurations.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { collectLeases } from '../../host/store/collect.ts';
import { firstFree, type Range } from '../../host/store/first-free.ts';
import type { Store } from '../../host/store/store.ts';
import { loadPlugin, refuse, type Answers, type Call } from '../support/guest-host.ts';

const hostLocal = loadPlugin('host-local');
const V4 = { subnet: '192.0.2.0/24' };
const V6 = { subnet: '2001:db8::/64' };
const OWNER = 'c1\r\neth0';

type Entries = Record<string, string>;
const conf = (ipam: object | undefined, keys: object = {}): Record<string, unknown> =>
  ({ cniVersion: '1.0.0', name: 'blue', type: 'bridge', ...(ipam ? { ipam: { type: 'host-local', ...ipam } } : {}), ...keys });

/** Answers from `entries`, which calls change. */
function storeOf(entries: Entries, valid: Call['validAttachments'] = []): Answers {
  const keys = (): string[] => Object.keys(entries).filter((key) => !key.startsWith('last_reserved_ip.')).sort();
  const list = (value?: string): { key: string; value: string }[] => keys().filter((key) => value === undefined || entries[key] === value).map((key) => ({ key, value: entries[key]! }));
  return {
    'store.get': ({ key }) => (entries[key as string] === undefined ? { rev: 0 } : { value: entries[key as string], rev: 1 }),
    'store.list': ({ value }) => ({ entries: list(value as string | undefined) }),
    'store.put': ({ key, value, rev }) => {
      if (rev === 0 && entries[key as string] !== undefined) throw new CniError(CODE.tryAgainLater, 'taken', { kind: 'conflict' });
      entries[key as string] = value as string;
      return { rev: 1 };
    },
    'store.delete': ({ key }) => {
      delete entries[key as string];
      return {};
    },
    'store.collect': () => ({ deleted: collectLeases({ list, repair: () => {}, delete: (key) => { delete entries[key]; } } as Store, valid).deleted }),
    'store.firstFree': ({ ranges, after }) => firstFree({ has: (key: string) => key in entries }, ranges as Range[], after as string | undefined) ?? {},
  };
}

const run = (verb: Call['verb'], config: Record<string, unknown>, entries: Entries = {}, more: Partial<Call> = {}, podCidr?: Answers[string]): ReturnType<typeof hostLocal> =>
  hostLocal({ verb, config, ...more }, { ...storeOf(entries, more.validAttachments), ...(podCidr === undefined ? {} : { 'conf.file': podCidr }) });
const addresses = (config: Record<string, unknown>, entries: Entries = {}, more: Partial<Call> = {}): string[] | string => {
  const { result, error } = run('ADD', config, entries, more);
  return error ? error.msg : result!.ips!.map(({ address }) => address);
};

test('one address out of each set, with gateway and routes, in the reference\'s entries', () => {
  const entries: Entries = {};
  const routes = [{ dst: '198.51.100.1/24', gw: '192.0.2.9', mtu: 1300, table: 0 }];
  const { result } = run('ADD', conf({ ranges: [[V4], [V6]], routes }), entries);
  assert.equal(result, {
    ips: [{ address: '192.0.2.2/24', gateway: '192.0.2.1' }, { address: '2001:db8::2/64', gateway: '2001:db8::1' }],
    routes,
  });
  assert.equal(entries, {
    '192.0.2.2': OWNER, '2001:db8::2': OWNER, 'last_reserved_ip.0': '192.0.2.2', 'last_reserved_ip.1': '2001:db8::2',
  });
});

test('walks on from the last address, through the ranges of the set and around', () => {
  const pool = conf({ ranges: [[{ ...V4, rangeStart: '192.0.2.10', rangeEnd: '192.0.2.11' }, { subnet: '198.51.100.0/30' }]] });
  assert.equal(addresses(pool, { 'last_reserved_ip.0': '192.0.2.10' }), ['192.0.2.11/24']);
  assert.equal(addresses(pool, { 'last_reserved_ip.0': '192.0.2.11' }), ['198.51.100.2/30']);
  assert.equal(addresses(pool, { 'last_reserved_ip.0': '198.51.100.2' }), ['192.0.2.10/24']);
  assert.equal(addresses(pool, { 'last_reserved_ip.0': '203.0.113.1' }), ['192.0.2.10/24'], 'one that left the pool');
  assert.is(addresses(pool, { '192.0.2.10': 'a\r\neth0', '192.0.2.11': 'b\r\neth0', '198.51.100.2': 'c\r\neth0' }),
    'failed to allocate for range 0: no IP addresses available in range set: 192.0.2.10-192.0.2.11,198.51.100.1-198.51.100.2');
});

test('an attachment has one address in a set', () => {
  const again = 'failed to allocate for range 0: 192.0.2.5 has been allocated to c1, duplicate allocation is not allowed';
  assert.is(addresses(conf(V4), { '192.0.2.5': OWNER }), again);
  assert.is(addresses(conf(V4), { '192.0.2.5': 'c1' }), again, 'an entry of old versions');
  assert.equal(addresses(conf(V4), { '192.0.2.2': 'c1\r\nnet1', '198.51.100.5': OWNER }), ['192.0.2.3/24']);
});

test('addresses can be asked for in three ways, whatever their prefix length', () => {
  assert.equal(addresses(conf(V4), {}, { args: 'IgnoreUnknown=1;K8S_POD_NAME=x;IP=192.0.2.77' }), ['192.0.2.77/24']);
  assert.equal(addresses(conf(V4, { args: { cni: { ips: ['192.0.2.88/16'] } } })), ['192.0.2.88/24']);
  assert.equal(addresses(conf({ ranges: [[V4], [V6]] }, { runtimeConfig: { IPs: ['2001:db8::9/128'] } })), ['192.0.2.2/24', '2001:db8::9/64']);
  assert.is(addresses(conf(V4), { '192.0.2.77': OWNER }, { args: 'IP=192.0.2.77' }),
    'failed to allocate for range 0: requested IP address 192.0.2.77 is not available in range set 192.0.2.1-192.0.2.254');
  assert.is(addresses(conf(V4), {}, { args: 'IP=192.0.2.1' }), "failed to allocate for range 0: requested ip 192.0.2.1 is subnet's gateway");
  assert.is(addresses(conf(V4, { runtimeConfig: { ips: ['192.0.2.9', '198.51.100.7'] } })), 'failed to allocate all requested IPs: 198.51.100.7');
});

test('what is not handed out says who has it, and what can be done', () => {
  const why = (entries: Entries, args?: string): unknown => run('ADD', conf({ ...V4, rangeStart: '192.0.2.9', rangeEnd: '192.0.2.9' }), entries, args === undefined ? {} : { args }).error?.details;
  assert.is(why({ '192.0.2.9': 'c2\r\neth1' }, 'IP=192.0.2.9'), 'it is leased to container "c2", interface "eth1"; `cni-wasm why 192.0.2.9` tells more');
  assert.is(why({ '192.0.2.9': ' c\u001b2\n' }, 'IP=192.0.2.9'), 'it is leased to container "c\\x1b2"; `cni-wasm why 192.0.2.9` tells more', 'an entry of old versions');
  assert.is(why({ '192.0.2.9': OWNER }), 'this attachment has its lease already; DEL gives it back');
  assert.is(why({ '192.0.2.9': 'c2\r\neth0' }), 'all 1 addresses of range set 0 are leased; give it more, or have leases of containers that are gone freed by GC');
});

test('the runtime\'s ranges come first, then the single one, then the list', () => {
  const config = conf({ ...V4, ranges: [[V6]] }, { runtimeConfig: { ipRanges: [[{ subnet: '203.0.113.0/24' }]] } });
  assert.equal(addresses(config), ['203.0.113.2/24', '192.0.2.2/24', '2001:db8::2/64']);
});

test('IPv6 hands out the last address of a subnet, IPv4 does not', () => {
  assert.equal(addresses(conf({ subnet: '2001:db8::/126' }), { '2001:db8::2': 'a\r\neth0' }), ['2001:db8::3/126']);
  assert.match(addresses(conf({ subnet: '192.0.2.0/30' }), { '192.0.2.2': 'a\r\neth0' }) as string, /no IP addresses available/);
});

test('resolv.conf becomes the result\'s dns', () => {
  const text = '# comment\nnameserver 192.0.2.53\n; other\n\tnameserver  192.0.2.54\ndomain example.org\nsearch a  b\nsearch c\noptions ndots:2 edns0\nnameserver\n';
  const { asked, result } = hostLocal({ verb: 'ADD', config: conf({ ...V4, resolvConf: '/etc/resolv.conf' }) }, { ...storeOf({}), 'conf.file': { text } });
  assert.equal(asked[0], { op: 'conf.file', request: { key: 'ipam.resolvConf' } });
  assert.equal(result!.dns, { nameservers: ['192.0.2.53', '192.0.2.54'], domain: 'example.org', search: ['a', 'b', 'c'], options: ['ndots:2', 'edns0'] });
});

test('DEL gives back what the attachment holds, or what old versions noted for the container', () => {
  const entries: Entries = { '192.0.2.2': OWNER, '192.0.2.3': 'c1\r\nnet1', '192.0.2.4': 'c1', 'last_reserved_ip.0': '192.0.2.4' };
  run('DEL', conf(V4), entries, { netns: false });
  assert.equal(Object.keys(entries), ['192.0.2.3', '192.0.2.4', 'last_reserved_ip.0']);
  run('DEL', conf(V4), entries);
  assert.equal(Object.keys(entries), ['192.0.2.3', 'last_reserved_ip.0']);
  assert.is(run('DEL', conf(V4), entries).error, undefined);
});

const LOST = 'host-local: Failed to find address added by container c1';

test('CHECK wants a lease', () => {
  assert.is(run('CHECK', conf(V4), { '192.0.2.2': OWNER }).error, undefined);
  assert.equal(run('CHECK', conf(V4), { '192.0.2.2': 'c2\r\neth0' }).error, { code: 999, msg: LOST });
});

const BOTH = ['192.0.2.2/24', '2001:db8::2/64'];
const DUAL = { ranges: [[V4], [V6]] };
const given = (addresses: readonly string[], ipam: object = DUAL): Record<string, unknown> => conf(ipam, { prevResult: { ips: addresses.map((address) => ({ address })) } });
const unleased = (ip: string): string => `host-local: Failed to find address ${ip} added by container c1`;

const looks: [string, Record<string, unknown>, Entries, string?][] = [
  ['both are there', given(BOTH), { '192.0.2.2': OWNER, '2001:db8::2': OWNER }],
  ['both are there in the form of old versions', given(BOTH), { '192.0.2.2': 'c1', '2001:db8::2': 'c1' }],
  ['the first is gone', given(BOTH), { '2001:db8::2': OWNER }, unleased('192.0.2.2')],
  ['the second is gone', given(BOTH), { '192.0.2.2': OWNER }, unleased('2001:db8::2')],
  ['one is another container\'s', given(BOTH), { '192.0.2.2': 'c2\r\neth0', '2001:db8::2': OWNER }, unleased('192.0.2.2')],
  ['one is another interface\'s', given(BOTH), { '192.0.2.2': OWNER, '2001:db8::2': 'c1\r\nnet1' }, unleased('2001:db8::2')],
  ['one was emptied', given(BOTH), { '192.0.2.2': '', '2001:db8::2': OWNER }, unleased('192.0.2.2')],
  ['both are gone', given(BOTH), {}, LOST],
  ['nobody says which were given', conf(DUAL), { '192.0.2.2': OWNER }],
  ['a plugin with other addresses came before', given([...BOTH, '198.51.100.7/24', '2001:db8:1::7/64']), { '192.0.2.2': OWNER, '2001:db8::2': OWNER }],
  ['the ranges were changed since', given(BOTH, { ranges: [[{ ...V4, rangeStart: '192.0.2.50' }], [V6]] }), { '2001:db8::2': OWNER }],
  ['a lone address is not the one that is leased, as for the reference', given(['192.0.2.9/24']), { '192.0.2.2': OWNER }],
];
for (const [what, config, entries, msg] of looks) {
  test(`CHECK of the lease of each address: ${what}`, () => assert.is(run('CHECK', config, entries).error?.msg, msg));
}

test('CHECK looks at no address that the result gives to another interface', () => {
  const prevResult = { interfaces: [{ name: 'eth0' }, { name: 'net1' }], ips: [{ address: '192.0.2.2/24', interface: 0 }, { address: '2001:db8::2/64', interface: 0 }, { address: '192.0.2.9/24', interface: 1 }] };
  assert.is(run('CHECK', conf(DUAL, { prevResult }), { '192.0.2.2': OWNER, '2001:db8::2': OWNER }).error, undefined);
});

test('GC gives back the leases of attachments that are not valid, only when the valid ones are known', () => {
  const entries: Entries = { '192.0.2.2': OWNER, '192.0.2.3': 'c1\r\nnet1', '192.0.2.4': 'c2', '192.0.2.5': 'c3', '2001:db8::2': 'c9\r\neth0' };
  run('GC', conf(V4), entries);
  assert.is(Object.keys(entries).length, 5);
  run('GC', conf(V4), entries, { validAttachments: [{ containerID: 'c1', ifname: 'eth0' }, { containerID: 'c2', ifname: 'eth0' }] });
  assert.equal(entries, { '192.0.2.2': OWNER, '192.0.2.4': 'c2' });
});

test('STATUS fails when a set is exhausted', () => {
  const small = conf({ ranges: [[V6], [{ ...V4, rangeStart: '192.0.2.9', rangeEnd: '192.0.2.9' }]] });
  assert.is(run('STATUS', small).error, undefined);
  assert.equal(run('STATUS', small, { '192.0.2.9': OWNER }).error, {
    code: 50, msg: 'no IP addresses available in range set: 192.0.2.9-192.0.2.9',
    details: 'all 1 addresses of range set 1 are leased; give it more, or have leases of containers that are gone freed by GC',
  });
});

test('STATUS fails with code 50 when the store cannot be written', () => {
  const denied: Answers = { 'store.firstFree': refuse('io', 'lease store "/x": EROFS') };
  assert.equal(hostLocal({ verb: 'STATUS', config: conf(V4) }, denied).error, { code: 50, msg: 'lease store "/x": EROFS' });
});

const POD = conf({ subnet: 'usePodCidr' });

test('the node\'s pod subnets are a set each, wherever they are named', () => {
  const dual = { text: '192.0.2.0/24\n2001:db8::/64' };
  const given = (config: Record<string, unknown>): string[] => run('ADD', config, {}, {}, dual).result!.ips!.map(({ address }) => address);
  assert.equal(given(POD), ['192.0.2.2/24', '2001:db8::2/64']);
  assert.equal(given(conf({ ranges: [[{ subnet: '203.0.113.0/24' }], [{ subnet: 'usePodCidr' }]] })), ['203.0.113.2/24', '192.0.2.2/24', '2001:db8::2/64']);
  const narrow = conf({ ranges: [[{ subnet: 'usePodCidr', rangeStart: '192.0.2.50', gateway: '192.0.2.9' }]] });
  assert.equal(run('ADD', narrow, {}, {}, { text: '192.0.2.0/24' }).result!.ips, [{ address: '192.0.2.50/24', gateway: '192.0.2.9' }]);
  assert.is(run('ADD', POD, {}, {}, { text: '192.0.2.0/31' }).error!.msg, 'invalid range set 0: Network 192.0.2.0/31 too small to allocate from');
});

test('a node that does not know its pod subnets hands out nothing, and still gives back', () => {
  const unknown = (): never => { throw new CniError(CODE.invalidConfig, 'not known', { kind: 'not-found', hint: 'write them' }); };
  assert.equal(run('ADD', POD, {}, {}, unknown).error, { code: 999, msg: 'not known', details: 'write them' });
  assert.equal(run('STATUS', POD, {}, {}, unknown).error, { code: 50, msg: 'not known', details: 'write them' });
  const entries: Entries = { '192.0.2.2': OWNER };
  assert.is(run('CHECK', POD, entries, {}, unknown).error, undefined);
  assert.is(run('CHECK', given(BOTH, { subnet: 'usePodCidr' }), entries, {}, unknown).error, undefined);
  assert.is(run('CHECK', given(BOTH, { subnet: 'usePodCidr' }), entries, {}, { text: '192.0.2.0/24\n2001:db8::/64' }).error!.msg, unleased('2001:db8::2'));
  assert.is(run('DEL', POD, entries, {}, unknown).error, undefined);
  assert.equal(entries, {});
  assert.is(run('DEL', conf({ ranges: [[{ subnet: 'usePodCidr' }], []] }), {}, {}, unknown).error!.msg, 'invalid range set 0: empty range set');
});

const wrong: [string, Record<string, unknown>, string, string?][] = [
  ['no ipam', conf(undefined), "IPAM config missing 'ipam' key"],
  ['no ranges', conf({}), 'no IP ranges specified'],
  ['an empty set', conf({ ranges: [[]] }), 'invalid range set 0: empty range set'],
  ['a range without subnet', conf({ ranges: [[V4], [{}]] }), 'invalid range set 1: IP <nil> not v4 nor v6'],
  ['host bits', conf({ subnet: '192.0.2.1/24' }), 'invalid range set 0: Network has host bits set. For a subnet mask of length 24 the network address is 192.0.2.0'],
  ['a small IPv4 subnet', conf({ subnet: '192.0.2.0/31' }), 'invalid range set 0: Network 192.0.2.0/31 too small to allocate from'],
  ['a small IPv6 subnet', conf({ subnet: '2001:db8::/127' }), 'invalid range set 0: Network 2001:db8::/127 too small to allocate from'],
  ['no CIDR', conf({ subnet: '192.0.2.0' }), 'invalid CIDR address: 192.0.2.0'],
  ['no address', conf({ ...V4, gateway: 'zz' }), 'invalid IP address: zz'],
  ['a start outside', conf({ ...V4, rangeStart: '198.51.100.1' }), 'invalid range set 0: RangeStart 198.51.100.1 not in network 192.0.2.0/24'],
  ['an end outside', conf({ ...V4, rangeEnd: '198.51.100.1' }), 'invalid range set 0: RangeEnd 198.51.100.1 not in network 192.0.2.0/24'],
  ['a start behind the end', conf({ ...V4, rangeStart: '192.0.2.9', rangeEnd: '192.0.2.8' }), 'invalid range set 0: RangeStart 192.0.2.9 not in network 192.0.2.0/24'],
  ['a start and an end of two families', conf({ ...V6, rangeStart: '2001:db8::2', rangeEnd: '192.0.2.8' }), `invalid range set 0: RangeEnd 192.0.2.8 not in network ${V6.subnet}`],
  ['an end before the first address', conf({ ...V4, rangeEnd: '192.0.2.0' }), 'invalid range set 0: RangeEnd 192.0.2.0 not in network 192.0.2.0/24'],
  ['two families', conf({ ranges: [[V4, V6]] }), 'invalid range set 0: mixed address families'],
  ['overlapping ranges', conf({ ranges: [[V4, V4]] }), 'invalid range set 0: subnets 192.0.2.1-192.0.2.254 and 192.0.2.1-192.0.2.254 overlap'],
  ['overlapping sets', conf({ ranges: [[V6], [V4], [V4]] }), 'range set 1 overlaps with 2'],
  ['two sets of a family at 0.2.0', conf({ ranges: [[V4], [{ subnet: '198.51.100.0/24' }]] }, { cniVersion: '0.2.0' }), 'CNI version 0.2.0 does not support more than 1 address per family'],
  ['a route without CIDR', conf({ ...V4, routes: [{ dst: '198.51.100.0' }] }), 'invalid CIDR address: 198.51.100.0'],
  ['a bad gateway of a route', conf({ ...V4, routes: [{ dst: '198.51.100.0/24', gw: 'x' }] }), 'invalid IP address: x'],
  ['a bad request', conf(V4, { runtimeConfig: { ips: ['192.0.2.4/99'] } }), 'invalid IP address 192.0.2.4/99'],
  ['an empty subnet', conf({ subnet: '' }), 'invalid CIDR address: '],
  ['an empty request', conf(V4, { runtimeConfig: { ips: [''] } }), 'cannot understand ip: IP <nil> not v4 nor v6'],
  ['a wrong type', conf({ subnet: 5 }), 'json: cannot unmarshal number into Go struct field IPAMConfig.ipam.Range.subnet of type string'],
  ['an address of a wrong type', conf({ ...V4, rangeEnd: 5 }), 'json: cannot unmarshal number into Go struct field IPAMConfig.ipam.Range.rangeEnd of type net.IP'],
  ['a range that is none', conf({ ranges: [[5]] }), 'json: cannot unmarshal number into Go struct field IPAMConfig.ipam.ranges of type allocator.Range'],
  ['requests of a wrong type', conf(V4, { runtimeConfig: { ips: 5 } }), 'json: cannot unmarshal number into Go struct field .runtimeConfig.ips of type []*ip.IP'],
  ['CNI_ARGS without value', conf(V4), 'ARGS: invalid pair "IP"', 'IP'],
  ['CNI_ARGS with a bad address', conf(V4), 'ARGS: error parsing value of pair "IP=zz": invalid IP address zz', 'IP=zz'],
  ['unknown CNI_ARGS', conf(V4), 'ARGS: unknown args ["FOO=bar" "X=y"]', 'FOO=bar;X=y;IgnoreUnknown=0'],
  ['a bad IgnoreUnknown', conf(V4), 'ARGS: error parsing value of pair "IgnoreUnknown=x": boolean unmarshal error: invalid input x', 'FOO=bar;IgnoreUnknown=x'],
];
for (const [what, config, msg, args = ''] of wrong) {
  test(`refuses ${what} in the reference's words`, () => {
    for (const verb of ['ADD', 'DEL'] as const) assert.equal(run(verb, config, {}, { args }).error, { code: 999, msg });
  });
}

test.run();
