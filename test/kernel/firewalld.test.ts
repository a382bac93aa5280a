// The contract of firewalld, held by the real one over a bus of our own; and what it is like without the one or the other.
// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { firewalldOverBus } from '../../host/kernel/live/firewalld.ts';
import { firewalldCases } from '../contract/cases/firewalld.ts';
import { refuses } from '../contract/case.ts';
import { has, skip } from '../support/node.ts';
import { ownBus } from '../support/own-firewalld.ts';

for (const program of ['firewalld', 'dbus-daemon', 'dbus-send']) if (!has(program)) skip(`there is no ${program}`);

const SOURCES = ['192.0.2.5/32', '2001:db8::5/128'];
const bus = await ownBus();

test('a bus without firewalld: it is asked, and nobody is started', () => {
  assert.equal(firewalldOverBus().query('trusted', SOURCES), { bus: true, running: false, bound: [], why: 'its name has no owner on the system bus' });
  refuses(() => firewalldOverBus().add('trusted', SOURCES), 'EFIREWALLD');
  firewalldOverBus().remove('trusted', SOURCES);
});

test('no bus', () => {
  const alone = firewalldOverBus({ DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nowhere/bus' });
  assert.equal(alone.query('trusted', SOURCES), { bus: false, running: false, bound: [], why: 'dial unix /nowhere/bus: connect: no such file or directory' });
  refuses(() => alone.add('trusted', SOURCES), 'EFIREWALLD');
  alone.remove('trusted', SOURCES);
});

test('a socket where nobody listens', () => {
  const deaf = firewalldOverBus({ DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/proc/self/status' });
  assert.is(deaf.query('trusted', SOURCES).bus, false);
  refuses(() => deaf.add('trusted', SOURCES), 'EFIREWALLD');
  refuses(() => deaf.remove('trusted', SOURCES), 'EFIREWALLD');
});

test('a bus that never answers: the program is ended when its time is over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-mute-'));
  const path = join(folder, 'bus');
  // The kernel takes the connection; nobody here reads from it while we wait.
  const server = createServer();
  await new Promise<void>((ready) => { server.listen(path, ready); });
  const mute = firewalldOverBus({ DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${path}` }, 500);
  assert.equal(mute.query('trusted', SOURCES), { bus: false, running: false, bound: [], why: 'did not end within 500 ms' });
  assert.throws(() => mute.add('trusted', SOURCES), /cannot be reached over D-Bus: did not end within 500 ms/);
  assert.throws(() => mute.remove('trusted', SOURCES), /did not end within 500 ms/);
  await new Promise((closed) => { server.close(closed); });
  rmSync(folder, { recursive: true });
});

test('firewalld comes up', () => bus.startFirewalld());

for (const [name, holds] of Object.entries(firewalldCases)) {
  test(name, () => {
    const firewalld = firewalldOverBus();
    for (const zone of ['trusted', 'work']) firewalld.remove(zone, SOURCES);
    holds(firewalld);
  });
}

test('what one call has taken out it does not take out again; another one does', () => {
  const [one, other] = [firewalldOverBus(), firewalldOverBus()];
  one.add('trusted', SOURCES);
  one.remove('trusted', SOURCES);
  one.add('trusted', SOURCES);
  one.remove('trusted', SOURCES);
  assert.equal(other.query('trusted', SOURCES).bound, []);
});

test('an answer is remembered until something is changed', () => {
  const [one, other] = [firewalldOverBus(), firewalldOverBus()];
  one.remove('trusted', SOURCES);
  assert.equal(one.query('trusted', SOURCES).bound, []);
  one.add('trusted', SOURCES);
  assert.equal(one.query('trusted', SOURCES).bound, SOURCES);
  assert.equal(other.query('trusted', SOURCES).bound, SOURCES);
});

test.after(() => bus.stop());
test.run();
