// tuning beside the reference's 1.9.1: the same state and the same file, each ends what the other began, and the allow-list of the node.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, inNetns, REFERENCE_191, sh, skip } from '../support/node.ts';

if (!existsSync(`${REFERENCE_191}/tuning`)) skip(`no reference plugins 1.9.1 in ${REFERENCE_191}`);

const MAC = '02:00:00:00:00:01';
const DATA = '/run/cni/tuning';
const ALLOWLIST = '/etc/cni/tuning/allowlist.conf';
const prevResult = {
  cniVersion: '1.0.0', interfaces: [{ name: 'veth1' }, { name: 'eth0', mac: MAC, sandbox: '/run/netns/c1' }], ips: [{ address: '192.0.2.5/24', interface: 1 }],
};
type Keys = Record<string, unknown>;
const conf = (keys: Keys): string => JSON.stringify({ cniVersion: '1.0.0', name: 'blue', type: 'tuning', prevResult, ...keys });

interface Ran { exitCode: number; answer: unknown }
function call(bin: string, verb: string, stdin: string, { netns = '/run/netns/c1', ifname = 'eth0', args = '' } = {}): Ran {
  const { exitCode, stdout } = execute('tuning', verb, { containerId: 'c1', netns, ifname, path: [bin], args }, stdin);
  return { exitCode, answer: stdout === '' ? '' : JSON.parse(stdout) as unknown };
}
const must = (bin: string, verb: string, stdin: string, how = {}): void => {
  const { exitCode, answer } = call(bin, verb, stdin, how);
  assert.is(exitCode, 0, JSON.stringify(answer));
};

interface IpLink { address: string; mtu: number; txqlen: number; flags: string[]; promiscuity: number }
function link(name = 'eth0'): object {
  const [{ address, mtu, txqlen, flags, promiscuity } = {} as IpLink] = JSON.parse(inNetns('c1', 'ip', '-d', '-j', 'link', 'show', name)) as IpLink[];
  return { address, mtu, txqlen, flags, promiscuity };
}
const sysctl = (key: string): string => inNetns('c1', 'cat', `/proc/sys/${key}`).trim();
const kept = (): Record<string, string> => (existsSync(DATA) ? Object.fromEntries(readdirSync(DATA).map((name) => [name, readFileSync(`${DATA}/${name}`, 'utf8')])) : {});

function fresh(): void {
  deleteNetns('c1');
  addNetns('c1');
  sh('ip', '-n', 'c1', 'link', 'add', 'eth0', 'address', MAC, 'type', 'veth', 'peer', 'name', 'p0');
  rmSync(DATA, { recursive: true, force: true });
  rmSync(ALLOWLIST, { force: true });
}
test.before.each(fresh);

const ALL: Keys = { mac: '02:00:00:00:00:99', mtu: 1400, promisc: true, allmulti: true, txQLen: 77, sysctl: { 'net.ipv4.conf.IFNAME.arp_notify': '1', 'net/ipv4/ip_forward': '1' } };
const WISHES: Record<string, Keys> = {
  everything: ALL,
  nothing: {},
  'an address in another notation': { mac: '02-00-00-00-00-9A' },
  'what is turned off': { allmulti: false, promisc: false, txQLen: 0, mtu: 0 },
  'what args say': { mtu: 1200, sysctl: {}, args: { cni: { mtu: 1300, promisc: true, sysctl: { 'net.ipv4.ip_forward': '1' } } }, runtimeConfig: { mac: '02:00:00:00:00:98' } },
  'a key with too many separators': { sysctl: { '/net..ipv4/ip_forward': '1' } },
};
const OTHERS = [[BIN, REFERENCE_191, 'the reference ends what we began'], [REFERENCE_191, BIN, 'we end what the reference began']] as const;

for (const [what, keys] of Object.entries(WISHES)) {
  test(`${what}: the same answer, state and file`, () => {
    const [theirs, ours] = [REFERENCE_191, BIN].map((bin) => {
      fresh();
      const added = call(bin, 'ADD', conf(keys));
      const state = [link(), sysctl('net/ipv4/ip_forward'), sysctl('net/ipv4/conf/eth0/arp_notify'), kept()];
      must(bin, 'DEL', conf(keys));
      return [added, ...state, link(), sysctl('net/ipv4/ip_forward'), kept()];
    });
    assert.equal(ours, theirs);
  });

  for (const [first, second, who] of OTHERS) {
    test(`${what}: ${who}`, () => {
      const before = link();
      must(first, 'ADD', conf(keys));
      // 1.9.1 compares addresses as texts.
      if (second === BIN || what !== 'an address in another notation') must(second, 'CHECK', conf(keys));
      must(second, 'DEL', conf(keys));
      assert.equal([link(), kept()], [before, {}]);
      must(first, 'DEL', conf(keys));
      must(second, 'DEL', conf(keys), { netns: '' });
    });
  }
}

const REFUSED: Record<string, string> = {
  'a sysctl of the machine': conf({ sysctl: { 'kernel.msgmax': '1' } }),
  'a way out of net': conf({ sysctl: { 'net/../kernel/msgmax': '8192' } }),
  'no sysctl': conf({ sysctl: { 'net.none': '1' } }),
  'a folder': conf({ sysctl: { 'net.ipv4': '1' } }),
  'a value': conf({ sysctl: { 'net.ipv4.ip_forward': 'yes' } }),
  'a key twice': conf({ sysctl: 'HERE' }).replace('"HERE"', '{"net.ipv4.ip_forward":"1","net.ipv4.ip_forward":"0"}'),
  'no prevResult': JSON.stringify({ cniVersion: '1.0.0', name: 'blue', type: 'tuning' }),
  'no address': conf({ mac: 'zz' }),
  'a wrong type': conf({ sysctl: { 'net.ipv4.ip_forward': 1 } }),
};
for (const [what, stdin] of Object.entries(REFUSED)) {
  test(`refuses ${what} in the reference's words`, () => {
    const [theirs, ours] = [REFERENCE_191, BIN].map((bin) => { fresh(); return call(bin, 'ADD', stdin); });
    assert.equal(ours, theirs);
    assert.equal(kept(), {});
  });
}

test('CHECK says what is not as configured in the reference\'s words', () => {
  must(BIN, 'ADD', conf(ALL));
  const changes: [string, ...string[]][] = [['mtu', '1450'], ['promisc', 'off'], ['address', MAC]];
  for (const change of changes) {
    inNetns('c1', 'ip', 'link', 'set', 'eth0', ...change);
    const ours = call(BIN, 'CHECK', conf(ALL));
    assert.is(ours.exitCode, 1);
    assert.equal(ours, call(REFERENCE_191, 'CHECK', conf(ALL)));
  }
  inNetns('c1', 'sysctl', '-q', 'net.ipv4.ip_forward=0');
  assert.equal(call(BIN, 'CHECK', conf({ sysctl: { 'net.ipv4.ip_forward': '1' } })), call(REFERENCE_191, 'CHECK', conf({ sysctl: { 'net.ipv4.ip_forward': '1' } })));
});

test('an interface with a dot in its name', () => {
  for (const bin of [REFERENCE_191, BIN]) {
    fresh();
    sh('ip', '-n', 'c1', 'link', 'add', 'eth0.1', 'type', 'veth', 'peer', 'name', 'p1');
    must(bin, 'ADD', conf({ sysctl: { 'net.ipv4.conf.IFNAME.arp_notify': '1', 'net/ipv4/conf/IFNAME/arp_accept': '1' }, mtu: 1400 }), { ifname: 'eth0.1' });
    assert.equal([sysctl('net/ipv4/conf/eth0.1/arp_notify'), sysctl('net/ipv4/conf/eth0.1/arp_accept'), Object.keys(kept())], ['1', '1', ['c1_eth0.1.json']]);
    must(bin, 'CHECK', conf({ sysctl: { 'net.ipv4.conf.IFNAME.arp_notify': '1' }, mtu: 1400 }), { ifname: 'eth0.1' });
    must(bin, 'DEL', conf({}), { ifname: 'eth0.1' });
  }
});

test('lo, and a sysctl that can only be written', () => {
  must(BIN, 'ADD', conf({ mtu: 9000, sysctl: { 'net.ipv4.conf.IFNAME.arp_notify': '1', 'net.ipv4.route.flush': '1' } }), { ifname: 'lo' });
  assert.equal([(link('lo') as IpLink).mtu, sysctl('net/ipv4/conf/lo/arp_notify')], [9000, '1']);
  must(BIN, 'CHECK', conf({ mtu: 9000, sysctl: { 'net.ipv4.route.flush': '1' } }), { ifname: 'lo' });
  must(BIN, 'DEL', conf({}), { ifname: 'lo' });
  assert.is((link('lo') as IpLink).mtu, 65536);
});

test('a failed ADD leaves nothing: not a sysctl, not the file, which the reference leaves', () => {
  const keys = { sysctl: { 'net.ipv4.ip_forward': '1' }, mac: '02:00:00:00:00:99', mtu: 67 };
  const before = link();
  assert.is(call(REFERENCE_191, 'ADD', conf(keys)).exitCode, 1);
  assert.equal([sysctl('net/ipv4/ip_forward'), Object.keys(kept())], ['1', ['c1_eth0.json']]);
  fresh();
  const { exitCode, answer } = call(BIN, 'ADD', conf(keys));
  assert.is(exitCode, 1);
  assert.match((answer as { msg: string }).msg, /^cannot set mtu 67 of "eth0": /);
  assert.equal([link(), sysctl('net/ipv4/ip_forward'), kept()], [before, '0', {}]);
});

test('the host has none of it', () => {
  const before = sh('cat', '/proc/sys/net/ipv4/ip_forward');
  must(BIN, 'ADD', conf({ sysctl: { 'net.ipv4.ip_forward': before.trim() === '1' ? '0' : '1' } }));
  assert.is(sh('cat', '/proc/sys/net/ipv4/ip_forward'), before);
});

test('the allow-list of the node', () => {
  mkdirSync('/etc/cni/tuning', { recursive: true });
  const cases: [string, string][] = [
    ['^net\\.ipv4\\.conf\\.IFNAME\\.[a-z_]*$\n', 'net.ipv4.conf.IFNAME.arp_notify'], ['^net\\.ipv4\\.conf\\.IFNAME\\.[a-z_]*$\n', 'net.ipv4.conf.eth0.arp_notify'],
    ['ip_f\n\n# c\n  foo  \n', 'net/ipv4/conf/IFNAME/arp_notify'], ['', 'net.ipv4.ip_forward'], ['(?i)\\ANET[[:punct:]]ipv4.*forward\\z\r\n', 'net.ipv4.ip_forward'],
  ];
  for (const [text, key] of cases) {
    writeFileSync(ALLOWLIST, text);
    const [theirs, ours] = [REFERENCE_191, BIN].map((bin) => call(bin, 'ADD', conf({ sysctl: { [key]: '1' } })));
    assert.equal(ours, theirs, `${key} by ${JSON.stringify(text)}`);
  }
  must(BIN, 'ADD', conf({ mtu: 1400 }));
  const status = JSON.stringify({ cniVersion: '1.1.0', name: 'blue', type: 'tuning', sysctl: { 'net.core.x': '1' } });
  assert.is((call(BIN, 'STATUS', status).answer as { code: number }).code, 50);
});

test.run();
