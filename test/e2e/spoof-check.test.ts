// macspoofchk on the real kernel: the same rules as the reference's, either takes away the other's, and a frame with another source
// address is really dropped.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN, deleteNetns, has, inNetns, REFERENCE_191, sh, skip } from '../support/node.ts';

if (!existsSync(`${REFERENCE_191}/bridge`)) skip(`no reference plugins in ${REFERENCE_191}`);
if (!has('nft')) skip('no nft program');

const conf = { cniVersion: '1.0.0', name: 'blue', type: 'bridge', bridge: 'brspoof', macspoofchk: true };
const OURS = ['c1', 'c2'];

function call(bin: string, verb: string, id: string, { netns = `/run/netns/${id}`, config = conf as object } = {}): { status: number; text: string } {
  const { status, stdout } = spawnSync(`${bin}/bridge`, {
    input: JSON.stringify(config), encoding: 'utf8',
    env: { PATH: process.env['PATH']!, CNI_COMMAND: verb, CNI_CONTAINERID: id, CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: bin },
  });
  return { status: status ?? 1, text: stdout };
}
function must(...args: Parameters<typeof call>): Record<string, unknown> {
  const { status, text } = call(...args);
  assert.is(status, 0, text);
  return text === '' ? {} : JSON.parse(text) as Record<string, unknown>;
}
const table = (): string => {
  const { status, stdout } = spawnSync('nft', ['-a', 'list', 'table', 'bridge', 'nat'], { encoding: 'utf8' });
  return status === 0 ? stdout : '';
};
const plain = (text: string): string => text.replace(/veth[0-9a-f]{8}/g, 'vethX').replace(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, 'MAC').replace(/ # handle \d+/g, '');
const EMPTY = /^table bridge nat \{\n\tchain PREROUTING \{\n\t\ttype filter hook prerouting priority dstnat; policy accept;\n\t\}\n\}$/;

test.before.each(() => {
  spawnSync('nft', ['delete', 'table', 'bridge', 'nat']);
  for (const id of OURS) addNetns(id);
});
test.after.each(() => {
  for (const id of OURS) deleteNetns(id);
  spawnSync('ip', ['link', 'delete', 'brspoof']);
});

test('the same table as the reference\'s, and CHECK of it', () => {
  const tables = [REFERENCE_191, BIN].map((bin) => {
    const prevResult = must(bin, 'ADD', 'c1');
    const seen = plain(table());
    assert.is(call(BIN, 'CHECK', 'c1', { config: { ...conf, prevResult } }).text, '');
    sh('nft', 'flush', 'chain', 'bridge', 'nat', 'cni-br-iface-c1-eth0-mac');
    assert.match(call(BIN, 'CHECK', 'c1', { config: { ...conf, prevResult } }).text, 'spoof-check: chain');
    must(bin, 'DEL', 'c1', { config: { ...conf, prevResult } });
    assert.match(plain(table()).trim(), EMPTY);
    sh('nft', 'delete', 'table', 'bridge', 'nat');
    return seen;
  });
  assert.is(tables[1], tables[0]);
  assert.match(tables[1]!, /ether saddr MAC return comment "macspoofchk-c1-eth0"\n\t\tdrop comment "macspoofchk-c1-eth0"/);
});

for (const [first, then, from] of [['the reference', 'we', REFERENCE_191], ['we', 'the reference', BIN]] as const) {
  test(`what ${first} made goes with the DEL of ${then}`, () => {
    must(from, 'ADD', 'c1');
    must(from, 'ADD', 'c2');
    must(from === BIN ? REFERENCE_191 : BIN, 'DEL', 'c1');
    const left = table();
    assert.not.match(left, /c1-eth0/);
    assert.match(left, /c2-eth0-mac/);
  });
}

test('DEL of what the reference made, with the namespace unset or gone', () => {
  for (const netns of ['', '/run/netns/gone']) {
    must(REFERENCE_191, 'ADD', 'c1');
    must(BIN, 'DEL', 'c1', { netns });
    assert.match(plain(table()).trim(), EMPTY, netns);
    deleteNetns('c1');
    addNetns('c1');
  }
});

test('GC takes what the reference made for a container that is gone, and leaves one that is there', () => {
  must(REFERENCE_191, 'ADD', 'c1');
  must(REFERENCE_191, 'ADD', 'c2');
  deleteNetns('c1');
  const gone = Date.now() + 5000;
  while (sh('ip', '-o', 'link', 'show', 'master', 'brspoof').trim().split('\n').length > 1) assert.ok(Date.now() < gone, 'the veth of c1 is still there');
  const gc = call(BIN, 'GC', 'c1', { config: { ...conf, cniVersion: '1.1.0', 'cni.dev/valid-attachments': [] } });
  assert.is(gc.status, 0, gc.text);
  assert.not.match(table(), /c1-eth0/);
  assert.match(table(), /iifname "veth[0-9a-f]{8}" jump cni-br-iface-c2-eth0/);
});

test('frames with another source address are dropped, its own pass', () => {
  for (const [i, id] of OURS.entries()) {
    must(BIN, 'ADD', id);
    inNetns(id, 'ip', 'addr', 'add', `192.0.2.${i + 1}/24`, 'dev', 'eth0');
  }
  const ping = (): number | null => spawnSync('ip', ['netns', 'exec', 'c1', 'busybox', 'ping', '-c', '2', '-W', '1', '192.0.2.2']).status;
  assert.is(ping(), 0);
  inNetns('c1', 'ip', 'link', 'set', 'eth0', 'address', '02:00:00:00:00:77');
  assert.is.not(ping(), 0);
  // It is the rules that stand in the way, and nothing else about the new address.
  sh('nft', 'flush', 'chain', 'bridge', 'nat', 'cni-br-iface-c1-eth0-mac');
  assert.is(ping(), 0);
});

test.run();
