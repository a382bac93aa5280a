// What the reference refuses and we take, and the other way round: configurations at the edge, and what becomes of an ADD with them.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { sh, skip } from '../support/node.ts';
import { bridge, differs, pool } from './scenes.ts';
import { FOLDER, MISSING } from './switch-table.ts';

if (MISSING.includes('1.9.1')) skip('no reference plugins 1.9.1');

type Who = '1.9.1' | 'ours';
type Call = { plugin?: string; verb?: string; env?: Record<string, string>; folder?: string };
/** 0, or the code of the error. */
function code(who: Who, conf: object | Buffer, { plugin = 'bridge', verb = 'ADD', env = {}, folder = FOLDER[who] }: Call = {}): number {
  const input = Buffer.isBuffer(conf) ? conf : JSON.stringify({ cniVersion: '1.1.0', name: 'blue', ...conf });
  const { status, stdout } = spawnSync(join(folder, plugin), {
    input, encoding: 'utf8', env: { PATH: process.env['PATH'], CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/c1', CNI_IFNAME: 'eth0', CNI_PATH: folder, ...env },
  });
  return status === 0 ? 0 : (JSON.parse(stdout) as { code: number }).code;
}

const mapped = (mapping: object): object => ({ runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp', ...mapping }] } });
const PREVIOUS = { cniVersion: '1.1.0', interfaces: [{ name: 'eth0', sandbox: '/run/netns/c1' }], ips: [{ address: '192.0.2.2/24', interface: 0 }] };
function chained(who: Who, type: string, keys: object): number {
  return code(who, { type, ...keys, prevResult: PREVIOUS }, { plugin: type });
}

const taken = (what: string, scene: (who: Who) => number, reference = 999): void => differs(`taken: ${what}`, scene, { reference, ours: 0 });
const refused = (what: string, scene: (who: Who) => number, ours: number): void => differs(`refused: ${what}`, scene, { reference: 0, ours });

taken('no name of a bridge is cni0', (who) => code(who, bridge({ bridge: '' })));
taken('no name of a backend of masquerading is none', (who) => code(who, bridge({ ipMasq: true, ipMasqBackend: '' })));
taken('capabilities of another type are the runtime\'s to read', (who) => code(who, bridge({ capabilities: 'x' })));
taken('host-local needs no program beside bridge', (who) => {
  rmSync('/run/alone', { recursive: true, force: true });
  mkdirSync('/run/alone');
  copyFileSync(join(FOLDER[who], 'bridge'), '/run/alone/bridge');
  return code(who, bridge(), { env: { CNI_PATH: '/run/alone' } });
});
taken('iptables is found where PATH does not lead', (who) => {
  rmSync('/run/path', { recursive: true, force: true });
  mkdirSync('/run/path');
  symlinkSync(process.execPath, '/run/path/node');
  return code(who, bridge({ ipMasq: true, ipMasqBackend: 'iptables' }), { env: { PATH: '/run/path' } });
});
for (const type of ['loopback', 'portmap', 'bandwidth', 'tuning', 'firewall']) taken(`what ${type} has no use for may be of any type`, (who) => chained(who, type, { dns: 'x', ipam: [] }));
taken('address in capitals', (who) => code(who, { type: 'static', ipam: { type: 'static', addresses: [{ Address: '192.0.2.7/24' }] } }, { plugin: 'static' }));
taken('no name of a mark chain is none', (who) => chained(who, 'portmap', { externalSetMarkChain: '', ...mapped({}) }));

const RANGE = '"ipam":{"type":"host-local","subnet":"192.0.2.0/24"}';
const raw = (more: string, charset: BufferEncoding = 'utf8'): Buffer => Buffer.from(`{"cniVersion":"1.1.0","name":"blue","type":"host-local",${RANGE}${more}}`, charset);
refused('an object that is there twice, of which the last stands and not all keys of both', (who) => code(who, raw(',"ipam":{"rangeStart":"192.0.2.77"}'), { plugin: 'host-local' }), 999);
refused('bytes that are no UTF-8', (who) => code(who, raw(',"x":"\xff"', 'latin1'), { plugin: 'host-local' }), 6);
for (const conf of [{ 'type': 7, 'cni.dev/valid-attachments': [] }, { 'cni.dev/valid-attachments': 'x' }, { 'cni.dev/valid-attachments': [7] }]) {
  refused(`GC with ${JSON.stringify(conf)}`, (who) => code(who, { ...bridge(), ...conf }, { verb: 'GC' }), 6);
}
for (const key of [{ priority: -1 }, { priority: 2 ** 32 }, { table: -1 }, { table: 2 ** 32 }, { scope: 256 }, { mtu: -1 }, { advmss: 2 ** 32 }]) {
  refused(`a route with ${JSON.stringify(key)}`, (who) => code(who, bridge({ ipam: { ...pool, routes: [{ dst: '198.51.100.0/24', ...key }] } })), 999);
}
for (const [backend, mapping] of [['iptables', { hostIP: '192.0.2.1/24' }], ['nftables', { hostIP: 'localhost' }], ['nftables', { hostIP: ' 192.0.2.1' }], ['iptables', { protocol: '6' }], ['nftables', { protocol: 'udplite' }], ['nftables', { protocol: ' tcp' }]] as const) {
  refused(`ports with ${JSON.stringify(mapping)} and ${backend}`, (who) => chained(who, 'portmap', { backend, ...mapped(mapping) }), 999);
}
refused('an IPv4-mapped address whose length cuts into what maps it', (who) => code(who, { type: 'static', ipam: { type: 'static', addresses: [{ address: '::ffff:192.0.2.9/24' }] } }, { plugin: 'static' }), 999);
refused('control characters in the name of an interface', (who) => code(who, bridge(), { env: { CNI_IFNAME: 'e\x01h' } }), 999);
refused('a bridge by another name of its', (who) => {
  sh('ip', 'link', 'add', 'br7', 'type', 'bridge');
  sh('ip', 'link', 'property', 'add', 'dev', 'br7', 'altname', 'other');
  return code(who, bridge({ bridge: 'other' }));
}, 102);

test.run();
