// portmap: DEL, CHECK, GC and STATUS.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { refuse, type Answers } from '../support/guest-host.ts';
import { add, conf, DN, node, portmap, requests, v4Only } from './portmap-case.ts';

/** Who calls the chain. */
const called = { remove: [{ chain: 'CNI-HOSTPORT-DNAT', jump: DN }] };
const drop = { drop: [{ chain: DN }, { chain: 'CNI-SN-1d96a4c7e0d1b705cc10f' }] };
const remove = { remove: ['hostports', 'hostip_hostports', 'masquerading'].map((name) => ({ chain: name, comment: 'c1', except: [] })) };

test('DEL cleans both backends in both families, without prevResult, namespace and a right configuration', () => {
  const { asked, error } = portmap({ verb: 'DEL', config: conf({ backend: 'none', markMasqBit: 99 }, null), netns: false }, node);
  assert.is(error, undefined);
  assert.equal(requests(asked, 'iptables.apply'), [{ ns: 'host', family: 'ip', table: 'nat', ...called, ...drop }, { ns: 'host', family: 'ip6', table: 'nat', ...called, ...drop }]);
  assert.equal(requests(asked, 'nft.apply'), [{ ns: 'host', family: 'ip', table: 'cni_hostport', ...remove }, { ns: 'host', family: 'ip6', table: 'cni_hostport', ...remove }]);
  assert.equal(requests(asked, 'conntrack.flush'), [{ family: 'ip', proto: 'udp', dports: [5353] }, { family: 'ip6', proto: 'udp', dports: [5353] }]);
});

test('DEL looks for flows in the families that the container has addresses of', () => {
  const families = (result: object): unknown[] => requests(portmap({ verb: 'DEL', config: conf({}, result), netns: false }, node).asked, 'conntrack.flush').map(({ family }) => family);
  assert.equal([families(v4Only), families({ ...v4Only, ips: [{ address: '2001:db8::5/64' }] }), families({ ...v4Only, ips: [] })], [['ip'], ['ip6'], ['ip', 'ip6']]);
});

test('DEL takes only the rules of this network\'s addresses from nftables', () => {
  const removed = (call: object, answers: Answers = {}): unknown => requests(portmap({ verb: 'DEL', config: conf({}, null), ...call }, { ...node, ...answers }).asked, 'nft.apply')
    .map((one) => (one['remove'] as { chain: string; address?: string; except?: string[] }[]).filter(({ chain }) => chain === 'hostports').map(({ address, except }) => address ?? except));
  assert.equal(removed({ config: conf() }), [['10.88.0.2'], ['fd00:88::2']]);
  const others = {
    'link.list': { links: [{ name: 'eth0', link: 1 }, { name: 'net1', link: 2 }] },
    'addr.list': ({ link }: Record<string, unknown>) => ({ addrs: link === 2 ? [{ address: '192.0.2.9/24' }, { address: '2001:db8::9/64' }] : [{ address: '10.88.0.2/16' }] }),
  };
  assert.equal(removed({}, others), [[['192.0.2.9']], [['2001:db8::9']]]);
});

test('DEL asks once for what is the same in both families', () => {
  const asked = portmap({ verb: 'DEL', config: conf({}, null) }, { ...node, 'addr.list': { addrs: [] } }).asked.map(({ op, request }) => `${op} ${String(request['family'] ?? '')}`);
  assert.equal(asked.filter((one, i) => asked.indexOf(one) !== i), ['addr.list '], 'of each of two links');
});

test('DEL without port mappings does nothing', () => {
  assert.equal(portmap({ verb: 'DEL', config: conf({ runtimeConfig: undefined }) }), { asked: [], logged: [] });
});

test('DEL leaves out what cannot be used and goes on after errors', () => {
  const nothing = { 'iptables.usable': { usable: false, why: 'no' }, 'nft.usable': { usable: false }, 'conntrack.flush': { deleted: 0 } };
  assert.is(portmap({ verb: 'DEL', config: conf() }, nothing).error, undefined);
  const { asked, error } = portmap({ verb: 'DEL', config: conf() }, { ...node, 'iptables.apply': ({ family }) => (family === 'ip' ? refuse('busy', 'busy')() : {}) });
  assert.equal(error, { code: 102, msg: 'could not teardown ipv4 dnat: busy' });
  assert.is(requests(asked, 'nft.apply').length, 2);
});

test('DEL and GC tell of a packet filter that does not answer now', () => {
  const silent = (...ops: string[]): Answers => ({ ...node, ...Object.fromEntries(ops.map((op) => [op, refuse('timeout', 'no answer')])) });
  const play = (verb: 'DEL' | 'GC', op: string) => portmap({ verb, config: conf(), validAttachments: [] }, silent(op));
  assert.equal(play('DEL', 'iptables.usable').error, { code: 102, msg: 'could not teardown ipv6 dnat: no answer' });
  assert.is(requests(play('DEL', 'iptables.usable').asked, 'nft.apply').length, 2);
  assert.equal(play('DEL', 'nft.usable').error, { code: 102, msg: 'error deleting nftables rules: no answer' });
  assert.is(requests(play('DEL', 'nft.usable').asked, 'iptables.apply').length, 2);
  assert.equal(play('GC', 'iptables.usable').error, { code: 102, msg: 'could not teardown ipv6 dnat: no answer' });
});

test('CHECK asks for exactly what ADD makes', () => {
  for (const [keys, backend] of [[{}, 'iptables'], [{ backend: 'nftables' }, 'nft']] as const) {
    const { asked, error } = portmap({ verb: 'CHECK', config: conf(keys) }, node);
    assert.is(error, undefined);
    assert.equal(requests(asked, `${backend}.check`), requests(add(keys).asked, `${backend}.apply`));
  }
});

test('CHECK says what is missing', () => {
  const check = (keys: object, answers: Answers): unknown => portmap({ verb: 'CHECK', config: conf(keys) }, { ...node, ...answers }).error;
  assert.equal(check({}, { 'iptables.check': { missing: [{ chain: DN }] } }), { code: 999, msg: `could not check ipv4 dnat: chain ${DN} not found in iptables table nat` });
  assert.equal(check({}, { 'iptables.check': ({ family }) => ({ missing: family === 'ip6' ? [{ chain: DN, rule: '-p tcp -j X' }] : [] }) }),
    { code: 999, msg: `could not check ipv6 dnat: rule -p tcp -j X in chain ${DN} not found in table nat` });
  assert.match((check({}, { 'iptables.check': { missing: [{ chain: 'CNI-HOSTPORT-DNAT', rule: '-p tcp -j X' }, { chain: DN }] } }) as { msg: string }).msg, `chain ${DN} not found`);
  assert.equal(check({ backend: 'nftables' }, { 'nft.check': { missing: [{ chain: 'hostports', rule: 'tcp dport 8080' }] } }),
    { code: 999, msg: 'missing hostport rules in "hostports" chain', details: 'tcp dport 8080' });
  assert.equal(check({}, { 'sysctl.get': { value: '0' } }), { code: 999, msg: 'route_localnet of the interface that leads to 10.88.0.2 is "0", not "1"' });
  assert.equal(check({ prevResult: undefined }, {}), { code: 999, msg: 'Required prevResult missing' });
});

const listed = (network: string, id: string): object => ({ text: `-p tcp -m comment --comment "…" -m multiport --dports 80 -j CNI-DN-${id}`, comment: `dnat name: "${network}" id: "${id}"` });

test('GC drops the chains of this network\'s containers that are not listed', () => {
  const rules = [listed('podnet', 'gone'), listed('podnet', 'c1'), listed('green', 'gone2'), listed('podnet', 'gone')];
  const answers = { ...node, 'iptables.list': ({ family }: Record<string, unknown>) => ({ chains: family === 'ip' ? [{ name: 'CNI-HOSTPORT-DNAT', rules }] : [] }) };
  const { asked, error } = portmap({ verb: 'GC', config: conf({}, undefined), containerId: '', validAttachments: [{ containerID: 'c1', ifname: 'eth0' }] }, answers);
  assert.is(error, undefined);
  assert.equal(requests(asked, 'iptables.apply'), [{ ns: 'host', family: 'ip', table: 'nat', drop: [{ chain: 'CNI-DN-gone' }, { chain: 'CNI-SN-gone' }] }]);
});

test('GC collects nothing when it was not said what is valid', () => {
  assert.equal(portmap({ verb: 'GC', config: conf(), containerId: '' }), { asked: [], logged: [] });
});

test('STATUS fails when there is nothing to forward ports with', () => {
  const status = (keys: object, iptables: boolean, nft: boolean): unknown =>
    portmap({ verb: 'STATUS', config: conf({ runtimeConfig: undefined, ...keys }, undefined) }, { 'iptables.usable': { usable: iptables, why: 'no program' }, 'nft.usable': { usable: nft }, 'sysctl.usable': { usable: true } }).error;
  assert.equal(status({}, true, false), undefined);
  assert.equal(status({}, false, true), undefined);
  assert.equal(status({}, false, false), { code: 50, msg: 'no backend for port mappings is usable: iptables: no program; nftables: it cannot be used' });
  const translated = portmap({ verb: 'STATUS', config: conf({ runtimeConfig: undefined, backend: 'nftables', conditionsV4: ['iifname', 'eth0'] }, undefined) },
    { 'nft.usable': ({ raw }) => (raw ? { usable: false, why: 'no nft program' } : { usable: true }) }).error;
  assert.equal(translated, { code: 50, msg: 'no backend for port mappings is usable: iptables: not asked for; nftables: no nft program' });
  assert.equal(status({ backend: 'iptables' }, false, true), { code: 50, msg: 'no backend for port mappings is usable: iptables: no program; nftables: not asked for' });
});

test('STATUS fails where no sysctl can be written, unless 127.0.0.1 is to lead nowhere', () => {
  const status = (keys: object): unknown =>
    portmap({ verb: 'STATUS', config: conf({ runtimeConfig: undefined, ...keys }, undefined) }, { 'iptables.usable': { usable: true }, 'sysctl.usable': { usable: false, why: 'read-only' } }).error;
  assert.equal(status({}), { code: 50, msg: 'ports cannot be made reachable by 127.0.0.1: sysctls cannot be written: read-only', details: '"snat": false does without' });
  assert.equal(status({ snat: false }), undefined);
});

test.run();
