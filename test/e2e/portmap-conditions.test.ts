// Conditions of portmap on the real kernel: the rules they become, in both backends; found again by CHECK, DEL and undo; and each of us and
// the reference can end what the other began.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { callPlugin, PluginFailed, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, has, picture, REFERENCE_191, sh, skip } from '../support/node.ts';

if (!has('nft') || !existsSync(`${REFERENCE_191}/portmap`)) skip('needs nft, and the reference plugins 1.9.1 in .cache/reference-1.9.1');

const netns = addNetns('c1');
const prevResult = {
  cniVersion: '1.0.0', interfaces: [{ name: 'eth0', sandbox: netns }],
  ips: [{ address: '192.0.2.2/24', interface: 0 }, { address: '2001:db8:2::2/64', interface: 0 }],
};
const target = (bin = BIN, containerId = 'c1'): Target => ({
  containerId, netns, ifname: 'eth0', path: [bin], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  capabilityArgs: { portMappings: [{ hostPort: 8000, containerPort: 80, protocol: 'tcp' }, { hostPort: 53, containerPort: 53, protocol: 'udp' }] },
});
const list = (keys: object, name = 'blue'): Conflist => ({ cniVersion: '1.0.0', name, plugins: [{ type: 'portmap', capabilities: { portMappings: true }, ...keys }] });
const call = (verb: 'ADD' | 'CHECK' | 'DEL', conf: Conflist, to: Target = target(), result: object = prevResult): string => callPlugin(conf, conf.plugins[0]!, verb, to, result).stdout;
const fails = (verb: 'ADD' | 'CHECK', conf: Conflist, why: RegExp): void =>
  assert.throws(() => call(verb, conf), (error: unknown) => error instanceof PluginFailed && why.test(error.message), String(why));
const lines = (text: string, word: string): string[] => text.split('\n').map((line) => line.trim()).filter((line) => line.includes(word));
const saved = (): string[] => lines(sh('iptables-save', '-t', 'nat') + sh('ip6tables-save', '-t', 'nat'), '-A CNI-HOSTPORT-DNAT');
const nat = (): string => (sh('iptables-save', '-t', 'nat') + sh('ip6tables-save', '-t', 'nat')).replace(/^#.*$|\[\d+:\d+\]/gm, '');
const hostports = (family = 'ip'): string[] => lines(sh('nft', 'list', 'table', family, 'cni_hostport'), 'dnat to');

// iptables-save spells nearly all of them otherwise.
const IPTABLES = { backend: 'iptables', conditionsV4: ['!', '-d', '198.51.100.77/25', '-m', 'conntrack', '--ctstate', 'NEW', '--syn'], conditionsV6: ['--source', '2001:db8::7/32'] };
const NFT = { backend: 'nftables', conditionsV4: ['ip', 'saddr', '{ 192.0.2.0/24, 198.51.100.0/24 }', 'ct', 'state', 'new'], conditionsV6: ['iifname "eth0" ct state new'] };

test('iptables: the same rules as the reference makes, once however often ADD is called, known again, and gone', () => {
  const tcp = { ...IPTABLES };
  const only = { ...target(), capabilityArgs: { portMappings: [...Array(17).keys()].map((i) => ({ hostPort: 8000 + i, containerPort: 80, protocol: 'tcp' })) } };
  const conf = list(tcp);
  call('ADD', conf, { ...only, path: [REFERENCE_191] });
  const theirs = nat();
  assert.is(saved().length, 4);
  call('CHECK', conf, only);
  call('ADD', conf, only);
  assert.is(nat(), theirs, 'ADD over what the reference made changes nothing');
  call('DEL', conf, only);
  assert.equal(saved(), []);
  call('ADD', conf, only);
  call('ADD', conf, only);
  assert.is(nat(), theirs);
  call('CHECK', conf, only);
  call('CHECK', conf, { ...only, path: [REFERENCE_191] });
  sh('iptables', '-t', 'nat', '-D', 'CNI-HOSTPORT-DNAT', ...saved().find((line) => line.includes('8000'))!.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g)!.slice(2).map((word) => (word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word)));
  assert.throws(() => call('CHECK', conf, only), /could not check ipv4 dnat: rule .*8000/);
  call('DEL', conf, { ...only, path: [REFERENCE_191] });
  assert.equal(saved(), []);
  call('DEL', conf, only);
});

test('iptables: CHECK sees that the conditions are others', () => {
  const conf = list({ backend: 'iptables', conditionsV4: ['-s', '192.0.2.0/24'] });
  call('ADD', conf);
  call('CHECK', conf);
  fails('CHECK', list({ backend: 'iptables', conditionsV4: ['-s', '192.0.2.0/25'] }), /could not check ipv4 dnat: rule/);
  fails('CHECK', list({ backend: 'iptables' }), /could not check ipv4 dnat: rule/);
  call('DEL', conf);
});

for (const keys of [IPTABLES, NFT]) {
  test(`${keys.backend}: a lost record, and a failing word, leave nothing`, () => {
    const bad = keys === IPTABLES ? { ...keys, conditionsV6: ['-m', 'nonsense'] } : { ...keys, conditionsV6: ['ip saddr nonsense'] };
    const before = picture();
    fails('ADD', list(bad), /unable to set/);
    assert.is(picture().replace(/chain (PREROUTING|INPUT|OUTPUT|POSTROUTING) \{[^}]*\}/g, ''), before.replace(/chain (PREROUTING|INPUT|OUTPUT|POSTROUTING) \{[^}]*\}/g, ''));
  });
}

test('nftables: each network has its own conditions, in its own rules', () => {
  const green = { backend: 'nftables', conditionsV4: ['iifname', '"eth7"'] };
  const other = { cniVersion: '1.0.0', interfaces: [{ name: 'eth0', sandbox: netns }], ips: [{ address: '198.51.100.2/24', interface: 0 }] };
  call('ADD', list(NFT));
  call('ADD', list(NFT));
  call('ADD', list(green, 'green'), target(), other);
  assert.is(hostports().length, 4);
  assert.is(hostports().filter((line) => /ip saddr \{ 192\.0\.2\.0\/24, 198\.51\.100\.0\/24 \} ct state new dnat to 192\.0\.2\.2/.test(line)).length, 2);
  assert.is(hostports().filter((line) => /iifname "eth7" dnat to 198\.51\.100\.2/.test(line)).length, 2);
  assert.is(hostports('ip6').filter((line) => /iifname "eth0" ct state new dnat to \[2001:db8:2::2\]/.test(line)).length, 2);
  for (const path of [BIN, REFERENCE_191]) call('CHECK', list(NFT), target(path));
  call('CHECK', list(green, 'green'), target(), other);
  // Without conditions is not with them, and the other way round.
  fails('CHECK', list({ backend: 'nftables' }), /missing hostport rules in \\"hostports\\" chain/);
  call('DEL', list(NFT));
  assert.is(hostports().length, 2, 'the rules of the other network stay');
  call('CHECK', list(green, 'green'), target(), other);
  call('DEL', list(green, 'green'), target(), other);
  assert.equal([...hostports(), ...hostports('ip6')], []);
});

test('nftables: the reference ends what we began, and we what it began', () => {
  const conf = list(NFT);
  call('ADD', conf);
  call('DEL', conf, target(REFERENCE_191));
  assert.equal([...hostports(), ...hostports('ip6')], []);
  call('DEL', conf);
  call('ADD', conf, target(REFERENCE_191));
  assert.is(hostports().length, 2);
  call('DEL', conf);
  assert.equal([...hostports(), ...hostports('ip6')], []);
});

test('nftables: words that compare the fields beside the port are known again', () => {
  const conf = list({ backend: 'nftables', conditionsV4: ['tcp', 'sport', '5', 'ip', 'saddr', '198.51.100.9'] });
  const one = { ...target(), capabilityArgs: { portMappings: [{ hostPort: 80, containerPort: 80, protocol: 'tcp', hostIP: '203.0.113.1' }] } };
  call('ADD', conf, one);
  call('ADD', conf, one);
  assert.is(hostports().length, 1);
  call('CHECK', conf, one);
  call('DEL', conf, one);
});

test('words of the other backend are refused as the reference refuses them', () => {
  fails('ADD', list({ conditionsV4: ['iifname', 'eth0'] }), /failed to parse config: iptables backend was requested but configuration contains nftables-specific options \[conditionsV4\]/);
});

test.run();
