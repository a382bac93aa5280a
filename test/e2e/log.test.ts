// What an operator finds in the log of a call: at info how it ended, at debug each operation.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN } from '../support/node.ts';

const FILE = '/run/log/cni.log';
const netns = addNetns('c1');
const CONF = { cniVersion: '1.0.0', name: 'blue', type: 'bridge', bridge: 'cni0', ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } };

type Line = Record<string, unknown>;

/** The lines of one call. */
function linesOf(level: string, verb: string, conf: object = CONF): Line[] {
  rmSync(FILE, { force: true });
  execute('bridge', verb, { containerId: 'c1', netns, ifname: 'eth0', path: [BIN], env: { CNI_WASM_LOG: level, CNI_WASM_LOG_FILE: FILE } }, JSON.stringify(conf));
  return readFileSync(FILE, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Line);
}

test('at info a call says how it ended', () => {
  const [{ ms, time, pid, ...rest } = {}, ...more] = linesOf('info', 'ADD');
  assert.equal(rest, { level: 'info', plugin: 'bridge', verb: 'ADD', network: CONF.name, container: 'c1', ifname: 'eth0', msg: 'answered' });
  assert.ok([ms, pid].every(Number.isFinite));
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(more, []);
  const [failed] = linesOf('info', 'ADD');
  assert.equal([failed!['code'], failed!['error']], [999, 'container veth name ("eth0") already exists']);
});

test('at debug each operation is told, with what was asked for', () => {
  const lines = linesOf('debug', 'DEL');
  const operations = lines.filter(({ msg }) => msg === 'operation');
  assert.ok(operations.length > 3);
  assert.ok(operations.every(({ plugin, op, ms, request }) => plugin !== undefined && op !== undefined && request !== undefined && Number.isFinite(ms)));
  assert.is(lines.at(-1)!['msg'], 'answered');
});

test.run();
