// Journal and ledger are believed only while nobody but root can have written them: else every call says what to do, and changes nothing.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute } from '../../host/cli/run-conflist.ts';
import { diskLedger } from '../../host/ledger/ledger.ts';
import { openJournal } from '../../host/ledger/journal.ts';
import type { Undo } from '../../host/ledger/undo.ts';
import { addNetns, BIN, picture, sh } from '../support/node.ts';

const [RUN, STATE] = ['/run/cni-wasm', '/var/lib/cni-wasm'];
const netns = addNetns('c1');
const { dev, ino } = statSync('/proc/self/ns/net');
const [HOST, BOOT] = [`${dev}:${ino}`, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()];
const attachment = { network: 'blue', containerId: 'c1', ifname: 'eth0' };
const conf = { cniVersion: '1.1.0', name: 'blue', type: 'bridge', ipam: { type: 'host-local', subnet: '192.0.2.0/24' } };

interface Answer { exitCode: number | null; stdout: string }
const call = (verb: string, more: object = {}): Answer => execute('bridge', verb, { containerId: 'c1', netns, ifname: 'eth0', path: [BIN] }, JSON.stringify({ ...conf, ...more }));
const people = (...words: string[]): { status: number | null; stderr: string } => spawnSync(join(BIN, 'cni-wasm'), words, { encoding: 'utf8' });

/** Whoever can write to the folder can have it say that an operator's link is to be deleted. */
function forge(): void {
  const undo: Undo = { life: 'attachment', by: 'bridge', op: 'link.create', inverse: { do: 'delete link', ns: 'host', netns: HOST, name: 'uplink', kind: 'bridge' } };
  openJournal(RUN, attachment, netns).intend('bridge', undo);
  diskLedger(STATE).write({ version: 1, attachment, netnsPath: '/run/netns/gone', boot: BOOT, plugins: [{ name: 'bridge', digest: '', at: '', undo: [undo] }] });
}

sh('ip', 'link', 'add', 'uplink', 'type', 'bridge');
mkdirSync(RUN, { recursive: true, mode: 0o700 });

for (const folder of [RUN, STATE]) {
  for (const [flaw, mode, uid] of [['others may write to it', 0o777, 0], ['a group may', 0o770, 0], ['it is another user\'s', 0o700, 65534]] as const) {
    test(`${folder}: ${flaw}`, () => {
      forge();
      chmodSync(folder, mode);
      chownSync(folder, uid, uid);
      const before = picture(['c1']);
      const says = new RegExp(`"${folder}" must belong to root and be writable by nobody else, it is ${mode.toString(8)} of uid ${uid}`);
      for (const [verb, code, more] of [['ADD', 5], ['CHECK', 5, { prevResult: { cniVersion: '1.1.0' } }], ['DEL', 5], ['GC', 5, { 'cni.dev/valid-attachments': [] }], ['STATUS', 50]] as const) {
        const { exitCode, stdout } = call(verb, more);
        assert.is(exitCode, 1, verb);
        const { code: said, msg, details } = JSON.parse(stdout) as { code: number; msg: string; details: string };
        assert.is(said, code, `${verb}: ${stdout}`);
        assert.match(msg, says);
        assert.match(details, `chown root "${folder}" && chmod 700 "${folder}"`);
      }
      assert.is(call('VERSION').exitCode, 0);
      for (const words of [['gc'], ['gc', '--dry-run'], ['why', 'uplink'], ['plan', 'add', 'conf/10-blue.conflist'], ['plan', 'del', 'conf/10-blue.conflist']]) {
        const { status, stderr } = people(...words);
        assert.is(status, 1, words.join(' '));
        assert.match(stderr, new RegExp(`^cni-wasm: ${says.source} \\(code 5\\)\n  chown root "${folder}" && chmod 700 "${folder}"\n$`));
      }
      assert.is(picture(['c1']), before);
      chownSync(folder, 0, 0);
      chmodSync(folder, 0o755);
    });
  }
}

test('what others may only read is believed, and a folder that is not there yet', () => {
  for (const folder of [join(RUN, 'journal'), join(STATE, 'ledger')]) rmSync(folder, { recursive: true });
  for (const folder of [RUN, STATE]) chmodSync(folder, 0o755);
  for (const verb of ['ADD', 'DEL']) assert.is(call(verb).exitCode, 0);
  const env = { CNI_WASM_RUN: '/run/new/run', CNI_WASM_STATE: '/run/new/state' };
  for (const verb of ['ADD', 'DEL']) assert.is(execute('bridge', verb, { containerId: 'c1', netns, ifname: 'eth0', path: [BIN], env }, JSON.stringify(conf)).exitCode, 0);
});

test('a folder that would be another one for whoever starts the next call elsewhere', () => {
  const before = picture(['c1']);
  for (const [variable, verb, code] of [['CNI_WASM_STATE', 'ADD', 5], ['CNI_WASM_RUN', 'DEL', 5], ['CNI_WASM_RUN', 'STATUS', 50], ['CNI_WASM_LEASES', 'ADD', 5], ['CNI_WASM_ETC', 'ADD', 5], ['CNI_WASM_TUNING', 'GC', 5]] as const) {
    const { exitCode, stdout } = execute('bridge', verb, { containerId: 'c1', netns, ifname: 'eth0', path: [BIN], env: { [variable]: 'cni-wasm' } }, JSON.stringify(conf));
    assert.is(exitCode, 1, variable);
    assert.equal(JSON.parse(stdout), { code, msg: `${variable} is "cni-wasm": it must be an absolute path` });
  }
  assert.is(picture(['c1']), before);
});

test.run();
