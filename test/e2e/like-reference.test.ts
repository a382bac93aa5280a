// Bridge, host-local and loopback beside the reference's programs: the same result and the same kernel state.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../contract/case.ts';
import { addNetns, BIN, deleteNetns, inNetns, REFERENCE, sh, skip } from '../support/node.ts';

if (!existsSync(`${REFERENCE}/bridge`)) skip(`no reference plugins in ${REFERENCE}`);

type Conf = Record<string, unknown>;
type Result = Conf;
const base = { cniVersion: '1.0.0', name: 'blue', type: 'bridge' };
const pools = (...subnets: string[]): object => ({ type: 'host-local', ranges: subnets.map((subnet) => [{ subnet }]) });
/** Each its own bridge: what the network keeps is nobody's to take away. */
const CONFIGS: Record<string, Conf> = {
  'a gateway for both families': { ...base, bridge: 'br1', isDefaultGateway: true, ipMasq: true, hairpinMode: true, ipam: pools('192.0.2.0/24', '2001:db8::/64') },
  'smaller packets and a route': { ...base, bridge: 'br2', mtu: 1400, promiscMode: true, isGateway: true, ipam: { ...pools('198.51.100.0/24'), routes: [{ dst: '203.0.113.0/24' }] } },
  'addresses without gateway': { ...base, bridge: 'br3', ipam: pools('192.0.2.0/24'), dns: { nameservers: ['192.0.2.53'] } },
  'layer 2': { ...base, bridge: 'br4', args: { cni: { mac: '02:00:00:00:00:0a' } } },
};

function call(bin: string, verb: string, conf: Conf): { status: number; text: string } {
  const { status, stdout } = spawnSync(`${bin}/${conf['type'] as string}`, {
    input: JSON.stringify(conf), encoding: 'utf8',
    env: { PATH: process.env['PATH']!, CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/c1', CNI_IFNAME: 'eth0', CNI_PATH: bin },
  });
  return { status: status ?? 1, text: stdout };
}

function must(bin: string, verb: string, conf: Conf): Result {
  const { status, text } = call(bin, verb, conf);
  assert.is(status, 0, text);
  return text === '' ? {} : JSON.parse(text) as Result;
}

/** Without the names and addresses that the kernel or the plugin picks at random. */
const plain = (text: string): string => text
  .replace(/veth[0-9a-f]{8}/g, 'vethX').replace(/fe80::[0-9a-f:]+/g, 'fe80::X').replace(/(?!02:00:00:00:00:0a)([0-9a-f]{2}:){5}[0-9a-f]{2}/g, 'MAC')
  .replace(/@\S+?:/g, ':').replace(/(link-netns|link-netnsid|qlen) \S+/g, '').replace(/^\d+: /gm, '').replace(/\b(tentative|NO-CARRIER,|,LOWER_UP)\b/g, '').replace(/ +/g, ' ');

/** The kernel gives the link-local addresses by itself, some time after a link came up. */
function settled(bridge: string): void {
  const local = (shown: () => string, where: string): void => eventually(() => /inet6 fe80/.test(shown()), `no link-local address on ${where}`);
  local(() => inNetns('c1', 'ip', '-o', 'addr', 'show', 'eth0'), 'eth0');
  local(() => sh('ip', '-o', 'addr', 'show', bridge), bridge);
}

function state(bridge: string): string {
  settled(bridge);
  const sysctl = (...keys: string[]): string => sh('sysctl', ...keys);
  return plain([
    inNetns('c1', 'ip', '-o', 'addr'), inNetns('c1', 'ip', 'route'), inNetns('c1', 'ip', '-6', 'route'),
    inNetns('c1', 'sysctl', 'net.ipv4.conf.eth0.arp_notify', 'net.ipv6.conf.eth0.accept_dad', 'net.ipv6.conf.eth0.disable_ipv6'),
    sh('ip', '-o', 'addr', 'show', bridge), sh('ip', '-o', 'link', 'show', bridge).replace(/state \S+/, ''), sh('bridge', '-d', 'link').replace(/(cost|state) \S+/g, ''),
    sysctl('net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', `net.ipv6.conf.${bridge}.accept_ra`),
    nat('iptables-save'), nat('ip6tables-save'),
  ].join('\n'));
}

const nat = (program: string): string => sh(program, '-t', 'nat').split('\n').filter((line) => /CNI-/.test(line)).join('\n');

const shown = (result: Result): unknown => {
  const { dns, ...rest } = JSON.parse(plain(JSON.stringify(result))) as { dns?: object };
  return { ...rest, ...(dns && Object.keys(dns).length > 0 ? { dns } : {}) };
};

function fresh(): void {
  deleteNetns('c1');
  for (const { bridge } of Object.values(CONFIGS)) spawnSync('ip', ['link', 'delete', bridge as string]);
  for (const key of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) sh('sysctl', '-q', `${key}=0`);
  sh('sh', '-c', 'rm -rf /var/lib/cni/networks');
  addNetns('c1');
}

for (const [what, conf] of Object.entries(CONFIGS)) {
  const bridge = conf['bridge'] as string;

  test(`${what}: the same result and the same kernel state`, () => {
    fresh();
    const theirs = must(REFERENCE, 'ADD', conf);
    const theirState = state(bridge);
    fresh();
    const ours = must(BIN, 'ADD', conf);
    assert.equal(shown(ours), shown(theirs));
    assert.is(state(bridge), theirState);
    must(BIN, 'CHECK', { ...conf, prevResult: ours });
    must(BIN, 'DEL', { ...conf, prevResult: ours });
  });
}

test('loopback: the same state of lo', () => {
  const lo = { cniVersion: '1.0.0', name: 'blue', type: 'loopback' };
  const states = [REFERENCE, BIN].map((bin) => {
    fresh();
    const result = shown(must(bin, 'ADD', lo));
    const up = inNetns('c1', 'ip', '-o', 'addr');
    must(bin, 'CHECK', { ...lo, prevResult: result });
    must(bin, 'DEL', lo);
    return { result, up, down: inNetns('c1', 'ip', '-o', 'link') };
  });
  assert.equal(states[1], states[0]);
});

test.run();
