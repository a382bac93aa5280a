// The tuning plugin against a host that answers what the test says: what it asks for, what it remembers, and what it says.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlugin, refuse, type Answers, type Asked, type Call } from '../support/guest-host.ts';

const tuning = loadPlugin('tuning');
const MAC = '02:00:00:00:00:01';
const prevResult = { interfaces: [{ name: 'veth1' }, { name: 'eth0', mac: MAC, sandbox: 'container' }], ips: [{ address: '192.0.2.2/24', interface: 1 }] };
const conf = (keys: object = {}): Record<string, unknown> => ({ cniVersion: '1.0.0', name: 'blue', type: 'tuning', prevResult, ...keys });
const ETH0 = { link: 7, name: 'eth0', kind: 'veth', mtu: 1500, mac: MAC, up: true, state: 'up', promisc: false, allmulti: false, txqlen: 1000, index: 2, owner: 'attachment' };
const ALL = { mac: '02:00:00:00:00:99', mtu: 1400, promisc: true, allmulti: true, txQLen: 77 };
const BACKUP = '{\n "mac": "02:00:00:00:00:01",\n "promisc": false,\n "mtu": 1500,\n "allmulti": false,\n "txQLen": 1000\n}';
const able: Answers = {
  'link.get': ETH0, 'link.set': {}, 'store.put': { rev: 1 }, 'store.get': { value: BACKUP, rev: 1 }, 'store.delete': {}, 'sysctl.allowed': { patterns: [] }, 'sysctl.set': {}, 'sysctl.get': { value: '0' },
};
const run = (verb: Call['verb'], config: Record<string, unknown>, more: Partial<Call> = {}, answers: Answers = {}): ReturnType<typeof tuning> =>
  tuning({ verb, config, ...more }, { ...able, ...answers });
const asked = (all: Asked[], op: string): Record<string, unknown>[] => all.filter((one) => one.op === op).map(({ request }) => request);

test('bare, as podman writes it, it passes the result on and asks for nothing', () => {
  const { result, asked: all } = run('ADD', conf());
  assert.equal([result, all], [prevResult, []]);
});

test('what is changed is remembered first, in the reference\'s form', () => {
  const { result, asked: all } = run('ADD', conf(ALL));
  assert.equal(asked(all, 'store.put'), [{ key: 'backup', value: BACKUP }]);
  assert.equal(asked(all, 'link.set'), [{ link: 7, mac: ALL.mac }, { link: 7, promisc: true }, { link: 7, mtu: 1400 }, { link: 7, allmulti: true }, { link: 7, txqlen: 77 }]);
  assert.ok(all.findIndex(({ op }) => op === 'store.put') < all.findIndex(({ op }) => op === 'link.set'));
  assert.equal(result!.interfaces![1], { name: 'eth0', mac: ALL.mac, sandbox: 'container' });
  assert.equal(asked(run('ADD', conf({ mtu: 1400, allmulti: false })).asked, 'store.put'), [{ key: 'backup', value: '{\n "mtu": 1500,\n "allmulti": false\n}' }]);
  assert.equal(run('ADD', conf({ mtu: 0, promisc: false, mac: '' })).asked, [], 'none of these asks for anything');
});

test('CNI_ARGS over the configuration, the runtime over those, args over all', () => {
  const mac = (n: number): string => `02:00:00:00:00:0${n}`;
  const set = (config: Record<string, unknown>, args: string): unknown => asked(run('ADD', config, { args }).asked, 'link.set')[0]?.['mac'];
  assert.is(set(conf({ mac: mac(2) }), `IgnoreUnknown=1;MAC=${mac(3)}`), mac(3));
  assert.is(set(conf({ mac: mac(2), runtimeConfig: { Mac: mac(4) } }), `MAC=${mac(3)}`), mac(4));
  assert.is(set(conf({ mac: mac(2), runtimeConfig: { mac: mac(4) }, args: { cni: { mac: '02-00-00-00-00-05' } } }), `MAC=${mac(3)}`), mac(5));
  const byArgs = { cni: { mtu: 1300, promisc: false, allmulti: true, txQLen: 5, sysctl: { 'net.ipv4.ip_forward': '0', 'net.core.somaxconn': '9' } } };
  const { asked: all } = run('ADD', conf({ ...ALL, mac: '', sysctl: { 'net.ipv4.ip_forward': '1' }, args: byArgs }));
  assert.equal(asked(all, 'link.set'), [{ link: 7, mtu: 1300 }, { link: 7, allmulti: true }, { link: 7, txqlen: 5 }]);
  assert.equal(asked(all, 'sysctl.set'), [{ key: 'net/ipv4/ip_forward', value: '0' }, { key: 'net/core/somaxconn', value: '9' }]);
});

test('keys of sysctls in both forms, with the interface as the host\'s link, whatever its name', () => {
  const sysctl = { 'net.ipv4.conf.IFNAME.arp_notify': '1', 'net/ipv6/conf/IFNAME/accept_ra': '2', '/net//ipv4/ip_forward': '3', 'net.ipv4.IFNAMEx': '4', 'net.core.x': '' };
  const { asked: all } = run('ADD', conf({ sysctl }), { ifname: 'eth0.1' });
  assert.equal(asked(all, 'sysctl.allowed'), [{ keys: Object.keys(sysctl) }], 'as they are written');
  assert.equal(asked(all, 'sysctl.set'), [
    { key: 'net/ipv4/conf/{link}/arp_notify', link: 7, value: '1' }, { key: 'net/ipv6/conf/{link}/accept_ra', link: 7, value: '2' },
    { key: 'net/ipv4/ip_forward', value: '3' }, { key: 'net/ipv4/eth0.1x', value: '4' },
  ], 'and nothing is written to the last one');
});

test('DEL gives back what the file remembers, reads no configuration, and never fails', () => {
  const { asked: all, error } = run('DEL', { name: 'blue', sysctl: 5, mtu: 'x' });
  assert.is(error, undefined);
  assert.equal(asked(all, 'link.set'), [{ link: 7, mac: MAC }, { link: 7, promisc: false }, { link: 7, mtu: 1500 }, { link: 7, allmulti: false }, { link: 7, txqlen: 1000 }]);
  assert.is(all.at(-1)!.op, 'store.delete');
  assert.equal(asked(all, 'sysctl.set'), []);
  const failing: Answers = { 'link.set': refuse('invalid', 'no', 'EINVAL'), 'store.delete': refuse('io', 'no') };
  assert.is(run('DEL', conf(), {}, failing).error, undefined);
  assert.is(asked(run('DEL', conf(), {}, failing).asked, 'link.set').length, 5, 'it goes on');
  assert.is(run('DEL', conf(), {}, { 'link.get': refuse('not-found', 'no'), 'store.get': { value: '{"mtu', rev: 1 } }).error, undefined);
  assert.is(run('DEL', conf(), {}, { 'store.get': refuse('io', 'no') }).error, undefined);
  const { asked: without } = run('DEL', conf(), { netns: false });
  assert.equal(without.map(({ op }) => op), ['store.get', 'store.delete']);
});

test('CHECK compares all that is configured', () => {
  const tuned = { ...ETH0, ...ALL, txqlen: 77 };
  const sysctl = { 'net.ipv4.tcp_rmem': '4096 1 2' };
  const same: Answers = { 'link.get': tuned, 'sysctl.get': { value: '4096\t1\t2' } };
  assert.is(run('CHECK', conf({ ...ALL, mac: '02-00-00-00-00-99', sysctl }), {}, same).error, undefined);
  const says = (keys: object, answers: Answers = {}): string | undefined => run('CHECK', conf(keys), {}, answers).error?.msg;
  assert.is(says({ sysctl: { 'net.x': '1' } }), 'Error: Tuning configured value of /proc/sys/net/x is 1, current value is 0');
  assert.is(says({ sysctl: { 'net.x': '1' } }, { 'sysctl.get': {} }), 'open /proc/sys/net/x: no such file or directory');
  assert.is(says({ mac: ALL.mac }), 'Error: Tuning configured Ethernet of eth0 is 02:00:00:00:00:99, current value is 02:00:00:00:00:01');
  assert.is(says({ promisc: true }), 'Error: Tuning link eth0 configured promisc is true, current value is 0');
  assert.is(says({}, { 'link.get': { ...ETH0, promisc: true } }), 'Error: Tuning link eth0 configured promisc is false, current value is 1');
  assert.is(says({ mtu: 1400 }), 'Error: Tuning configured MTU of eth0 is 1400, current value is 1500');
  assert.is(says({ allmulti: true }), 'Error: Tuning configured all-multicast mode of eth0 is true, current value is false');
  assert.is(says({ txQLen: 5 }), 'Error: Tuning configured Transmit Queue Length of eth0 is 5, current value is 1000');
  assert.is(says({}, { 'link.get': refuse('not-found', 'x') }), 'Cannot find container link eth0');
});

test('STATUS says that the node does not allow what is configured', () => {
  const refused: Answers = { 'sysctl.allowed': { refused: 'net.x', patterns: ['a', 'b'] } };
  const msg = 'Sysctl net.x is not allowed. Only the following sysctls are allowed: [a b]';
  assert.equal(run('STATUS', conf({ sysctl: { 'net.x': '1' } }), {}, refused).error, { code: 50, msg });
  assert.equal(run('ADD', conf({ sysctl: { 'net.x': '1' } }), {}, refused).error, { code: 999, msg });
  assert.is(run('STATUS', conf()).error, undefined);
});

test('STATUS says that no sysctl can be written, where one is configured', () => {
  const readOnly: Answers = { 'sysctl.allowed': { patterns: [] }, 'sysctl.usable': { usable: false, why: 'read-only' } };
  assert.equal(run('STATUS', conf({ sysctl: { 'net.x': '1' } }), {}, readOnly).error, { code: 50, msg: 'sysctls cannot be written: read-only' });
  assert.is(run('STATUS', conf({ mtu: 1400 }), {}, readOnly).error, undefined);
});

test('the same key twice is an error, in one object or in two', () => {
  const twice = (keys: string): string | undefined => run('ADD', conf(), { text: `{"name":"blue",${keys}}` }).error?.msg;
  assert.is(twice('"sysctl":{"net.x":"1","net.x":"2"}'), 'duplicated sysctl keys are not allowed');
  assert.is(twice('"sysctl":{"net.x":"1"},"Sysctl":{"net.x":"2"}'), 'duplicated sysctl keys are not allowed');
  assert.is(twice('"sysctl":{"net.x":"1","net/x":"2"}'), undefined);
});

const wrong: [string, object, string, Partial<Call>?, Answers?][] = [
  ['no prevResult', { prevResult: undefined }, 'Required prevResult missing'],
  ['another sysctl', { sysctl: { 'kernel.msgmax': '1' } }, 'invalid net sysctl key: "kernel/msgmax"'],
  ['too many dots', { sysctl: { '..kernel.msgmax': '1' } }, 'invalid net sysctl key: "//kernel/msgmax"'],
  ['a way out of net', { sysctl: { 'net/../kernel/msgmax': '1' } }, 'open /proc/sys/net/kernel/msgmax: no such file or directory', {}, { 'sysctl.set': refuse('not-found', 'x', 'ENOENT') }],
  ['a value the kernel does not take', { sysctl: { 'net.x': 'y' } }, 'write /proc/sys/net/x: invalid argument', {}, { 'sysctl.set': refuse('invalid', 'x', 'EINVAL') }],
  ['a folder', { sysctl: { 'net.ipv4': '1' } }, 'open /proc/sys/net/ipv4: is a directory', {}, { 'sysctl.set': refuse('io', 'x', 'EISDIR') }],
  ['a wrong map', { sysctl: 5 }, 'json: cannot unmarshal number into Go struct field sysctlCheck.sysctl of type map[main.sysctlKey]string'],
  ['a value of a wrong type', { sysctl: { 'net.x': 1 } }, 'json: cannot unmarshal number into Go struct field sysctlCheck.sysctl of type string'],
  ['a wrong map in args', { args: { cni: { sysctl: 5 } } }, 'failed to load netconf: json: cannot unmarshal number into Go struct field IPAMArgs.args.cni.sysctl of type map[string]string'],
  ['a wrong type', { mtu: 'x' }, 'failed to load netconf: json: cannot unmarshal string into Go struct field TuningConf.mtu of type int'],
  ['unknown CNI_ARGS', {}, 'ARGS: unknown args ["FOO=1"]', { args: 'FOO=1' }],
  ['a mac that is none', { mac: 'zz' }, 'invalid args zz for MAC addr: address zz: invalid MAC address'],
  ['a negative mtu', { mtu: -5 }, 'cannot set mtu -5 of "eth0": it must be above 0'],
  ['an mtu the link does not take', { mtu: 67 }, 'cannot set mtu 67 of "eth0": EINVAL', {}, { 'link.set': refuse('invalid', 'EINVAL', 'EINVAL') }],
  ['an interface that is not there', { mtu: 1400 }, 'failed to get "eth0": Link not found', {}, { 'link.get': refuse('not-found', 'x') }],
];
for (const [what, keys, msg, call, answers] of wrong) {
  test(`refuses ${what}`, () => assert.equal(run('ADD', conf(keys), call, answers).error, { code: 999, msg }));
}

test.run();
