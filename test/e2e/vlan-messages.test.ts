// What the reference sends to put a port into a VLAN, as strace sees it, beside our message for the same. Where the kernel cannot filter
// VLANs the reference gets as far as the first such message, and that it does is part of the test.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { vlanMessage } from '../../host/kernel/live/port-vlans.ts';
import { addNetns, BIN, has, REFERENCE_191, sh, skip } from '../support/node.ts';

if (!existsSync(`${REFERENCE_191}/bridge`)) skip(`no reference plugins in ${REFERENCE_191}`);
if (!has('strace')) skip('no strace');

const conf = (keys: object): string => JSON.stringify({ cniVersion: '1.0.0', name: 'blue', type: 'bridge', bridge: 'brvlan', ...keys });
const environment = (bin: string): Record<string, string> => ({ PATH: process.env['PATH']!, CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: addNetns(`c${nextId++}`), CNI_IFNAME: 'eth0', CNI_PATH: bin });
let nextId = 1;

/** Type and body of every message in the trace, as hex; the index of the interface is another each time. */
function sent(trace: string): { type: number; body: string }[] {
  const dumps = trace.split(/^.*sendto\(.*$/m).slice(1).map((text) => [...text.matchAll(/^ \| [0-9a-f]+ {2}((?:[0-9a-f]{2} {1,2}){1,16})/gm)].map(([, hex]) => hex!.replaceAll(' ', '')).join(''));
  return dumps.map((hex) => Buffer.from(hex, 'hex')).filter((bytes) => bytes.length >= 32).map((bytes) => {
    const body = Buffer.from(bytes.subarray(16, bytes.readUInt32LE(0)));
    body.writeUInt32LE(0, 4);
    return { type: bytes.readUInt16LE(4), body: body.toString('hex') };
  });
}

test('the same bytes for a VLAN of a port', () => {
  sh('ip', 'link', 'add', 'brvlan', 'type', 'bridge');
  const { stdout, stderr } = spawnSync('strace', ['-f', '-e', 'trace=sendto', '-e', 'write=all', `${REFERENCE_191}/bridge`], { input: conf({ vlan: 100 }), encoding: 'utf8', env: environment(REFERENCE_191) });
  const vlans = sent(stderr).filter(({ type, body }) => (type === 0x11 || type === 0x13) && body.startsWith('07') && body.slice(36, 40) === '1a00');
  const ours = (vlan: Parameters<typeof vlanMessage>[1]): string => vlanMessage(0, vlan).toString('hex');
  assert.equal(vlans.filter(({ type }) => type === 0x13).map(({ body }) => body), [ours({ id: 100, pvid: true, untagged: true })], stdout);
  assert.ok(vlans.filter(({ type }) => type === 0x11).every(({ body }) => body === ours({ id: 1 })));
  sh('ip', 'link', 'delete', 'brvlan');
});

test('a kernel without VLAN filtering: our message is the reference\'s, with what to do beside it', () => {
  const without = spawnSync('ip', ['link', 'add', 'brvlan', 'type', 'bridge', 'vlan_filtering', '1']).status !== 0;
  if (!without) sh('ip', 'link', 'delete', 'brvlan');
  const [reference, ours] = [REFERENCE_191, BIN].map((bin) => {
    const { stdout, status } = spawnSync(`${bin}/bridge`, { input: conf({ vlan: 100 }), encoding: 'utf8', env: environment(bin) });
    spawnSync('ip', ['link', 'delete', 'brvlan']);
    return { status, ...(JSON.parse(stdout) as { msg?: string; details?: string }) };
  });
  assert.is(ours!.status, reference!.status);
  assert.is(ours!.msg, reference!.msg);
  assert.is(reference!.status === 1, without);
  if (without) assert.match(ours!.details!, 'CONFIG_BRIDGE_VLAN_FILTERING');
});

test.run();
