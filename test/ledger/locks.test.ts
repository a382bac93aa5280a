// Locks between processes: in order of arrival, whoever is killed on the way, and nothing is left of them.
// SPDX-License-Identifier: Apache-2.0

import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, fstatSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { fileLocks, type LockMode, type Locks } from '../../host/ledger/locks.ts';
import { standInLine } from '../../host/ledger/waiting-line.ts';
import { DeadlinePassed, withDeadline } from '../../host/deadline.ts';
import { until } from '../support/until.ts';

const LONG = 100_000;
const libc = openLibc();
/** The file is also the program of those that wait. */
const [, program, givenRoot, word, wanted, wantedMode] = process.argv;
const root = givenRoot ?? mkdtempSync(join(tmpdir(), 'cni-wasm-locks-'));
const folder = join(root, 'lock');
const lease = join(root, 'leases/lock');
const order = join(root, 'order');
const locks = fileLocks(folder, libc);

/** Returns the release. */
function hold(name: string, mode: LockMode): () => void {
  if (name === 'leases') return locks.holdFile(lease, mode, LONG);
  const lock = locks.hold(name, mode, LONG);
  return () => lock.release();
}

/** Takes the lock or the leases' file, writes its word down, and keeps the lock until its stdin ends. */
async function holdOnce(word: string, name: string, mode: LockMode): Promise<void> {
  const release = hold(name, mode);
  appendFileSync(order, `${word} `);
  for await (const _ of process.stdin) { /* held */ }
  release();
}

/** As often as it takes for two to meet at any moment of making and removing a line. */
function standOften(name: string): void {
  for (let i = 0; i < 3000; i++) standInLine(join(folder, name), libc).leave();
}

interface Waiter { child: ChildProcess; ended: Promise<unknown> }
const started = new Set<ChildProcess>();

function startWaiter(word: string, name = 'x', mode: LockMode = 'exclusive', keep = false): Waiter {
  const child = spawn(process.execPath, [program!, root, word, name, mode], { stdio: [keep ? 'pipe' : 'ignore', 'inherit', 'inherit'] });
  started.add(child);
  return { child, ended: new Promise((done) => { child.once('exit', done); }) };
}

const taken = (): string => (existsSync(order) ? readFileSync(order, 'utf8').trim() : '');
const inLine = (): number => (existsSync(folder) ? readdirSync(folder) : []).filter((name) => name.endsWith('~line')).reduce((sum, name) => sum + readdirSync(join(folder, name)).length, 0);

/** One after the other, each when the one before stands in line. */
async function line(words: readonly string[], name?: string, mode?: LockMode): Promise<Waiter[]> {
  const waiters: Waiter[] = [];
  for (const word of words) {
    const before = inLine();
    waiters.push(startWaiter(word, name, mode));
    await until(`${word} stands in line`, () => inLine() === before + 1);
  }
  return waiters;
}

async function kill({ child, ended }: Waiter): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

const allEnded = (waiters: readonly Waiter[]): Promise<unknown> => Promise.all(waiters.map(({ ended }) => ended));

test.before.each(() => {
  for (const path of [folder, order, join(root, 'leases')]) rmSync(path, { recursive: true, force: true });
  mkdirSync(join(root, 'leases'));
  writeFileSync(lease, '');
});
test.after.each(() => {
  for (const child of started) child.kill('SIGKILL');
  started.clear();
});
test.after(() => rmSync(root, { recursive: true }));

const WORDS = Array.from({ length: 10 }, (_, i) => `w${i}`);

for (const name of ['x', 'leases']) {
  test(`${name}: in order of arrival, and who comes back goes to the end of the line`, async () => {
    const release = hold(name, 'exclusive');
    const waiters = await line(WORDS, name);
    assert.is(taken(), '');
    release();
    const releaseAgain = hold(name, 'exclusive');
    assert.is(taken(), WORDS.join(' '));
    releaseAgain();
    await allEnded(waiters);
    assert.equal([readdirSync(folder), readdirSync(join(root, 'leases'))], [[], ['lock']]);
  });
}

test('waiters killed at the head and in the middle of the line hold nobody up', async () => {
  const lock = locks.hold('x', 'exclusive', LONG);
  const waiters = await line(['a', 'b', 'c', 'd']);
  await kill(waiters[0]!);
  await kill(waiters[2]!);
  lock.release();
  await allEnded(waiters);
  assert.is(taken(), 'b d');
  assert.equal(readdirSync(folder), []);
});

test('all waiters killed: the next one is not held up, or a sweep takes away what they left', async () => {
  for (const next of [() => locks.hold('x', 'exclusive', LONG).release(), () => locks.sweep('x')]) {
    const lock = locks.hold('x', 'exclusive', LONG);
    for (const waiter of await line(['a', 'b'])) await kill(waiter);
    lock.release();
    assert.equal(readdirSync(folder), ['x~line']);
    next();
    assert.equal(readdirSync(folder), []);
  }
});

test('a line is made by one while another removes it', async () => {
  const waiters = ['often', 'often', 'often'].map((word) => startWaiter(word));
  await allEnded(waiters);
  assert.equal(waiters.map(({ child }) => child.exitCode), [0, 0, 0]);
  assert.equal(readdirSync(folder), []);
});

test('something else in the place of a line is an error, not an endless try', () => {
  mkdirSync(folder);
  symlinkSync('nowhere', join(folder, 'x~line'));
  const held = openSync(join(folder, 'x'), 'a');
  assert.ok(libc.tryFlock(held, 'exclusive'));
  assert.throws(() => locks.hold('x', 'exclusive', LONG), (error: unknown) => /ENOENT/.test(JSON.stringify(error)) || /ENOENT/.test(String(error)));
  closeSync(held);
});

test('a network may be called as another one\'s line would be', async () => {
  for (const other of ['x.line', 'x-line']) {
    const lock = locks.hold('x', 'exclusive', LONG);
    const [waiter] = await line(['a']);
    const otherLock = locks.hold(other, 'exclusive', LONG);
    lock.release();
    await waiter!.ended;
    const again = locks.hold('x', 'exclusive', LONG);
    const [next] = await line(['b']);
    again.release();
    await next!.ended;
    otherLock.release();
    assert.equal(readdirSync(folder), []);
  }
  assert.is(taken(), 'a b a b');
});

test('a killed holder gives the lock to the first in line', async () => {
  const holder = startWaiter('holder', 'x', 'exclusive', true);
  await until('it holds the lock', () => taken() === 'holder');
  const waiters = await line(['a', 'b']);
  await kill(holder);
  await allEnded(waiters);
  assert.is(taken(), 'holder a b');
  assert.equal(readdirSync(folder), []);
});

test('those who want to share wait behind one who does not', async () => {
  const shared = locks.hold('x', 'shared', LONG);
  locks.hold('x', 'shared', LONG).release();
  const waiters = [...await line(['alone'], 'x', 'exclusive'), ...await line(['s1', 's2'], 'x', 'shared')];
  shared.release();
  await allEnded(waiters);
  // The two have it at the same time, and either may say so first.
  assert.match(taken(), /^alone (s1 s2|s2 s1)$/);
});

const refuses = (act: () => unknown): void => assert.throws(act, (error: unknown) => error instanceof CniError && error.code === 11 && /^lock ".*x" is still held by another call after \d+ ms; try again$/.test(error.message));

test('who waits longer than it may gets code 11 and leaves the line, at its head and behind', async () => {
  const lock = locks.hold('x', 'exclusive', LONG);
  refuses(() => locks.hold('x', 'exclusive', 20));
  assert.equal(readdirSync(folder), ['x']);
  const [first] = await line(['first']);
  refuses(() => locks.hold('x', 'shared', 20));
  assert.is(inLine(), 1);
  lock.release();
  await first!.ended;
  assert.is(taken(), 'first');
});

test('a module that is stopped while it waits does not hold up those behind it', async () => {
  const own = locks.hold('own', 'exclusive', LONG);
  const lock = fileLocks(folder, libc).hold('x', 'exclusive', LONG);
  assert.throws(() => withDeadline(20, () => locks.hold('x', 'exclusive', LONG)), (error: unknown) => error instanceof DeadlinePassed);
  own.release();
  assert.is(inLine(), 0);
  lock.release();
});

test('a shared lock becomes exclusive when nobody else shares it, and stays shared otherwise', () => {
  const one = locks.hold('x', 'shared', LONG);
  const other = locks.hold('x', 'shared', LONG);
  assert.not(one.tryExclusive());
  other.release();
  refuses(() => locks.hold('x', 'exclusive', 1));
  assert.ok(one.tryExclusive());
  refuses(() => locks.hold('x', 'shared', 1));
  one.release();
  assert.equal(readdirSync(folder), []);
});

test('somebody who comes in between while a shared lock tries to become exclusive is waited for', () => {
  let between: (() => void) | undefined;
  const slow: Locks = fileLocks(folder, {
    ...libc,
    tryFlock(fd, mode) {
      const done = libc.tryFlock(fd, mode);
      between?.();
      return done;
    },
  });
  const other = locks.hold('x', 'shared', LONG);
  const one = slow.hold('x', 'shared', LONG);
  let tries = 0;
  let alone: ReturnType<typeof locks.hold> | undefined;
  between = () => {
    tries++;
    if (tries === 1) {
      other.release();
      alone = locks.hold('x', 'exclusive', LONG);
    }
    if (tries === 4) alone!.release();
  };
  assert.not(one.tryExclusive());
  between = undefined;
  assert.ok(tries > 4);
  refuses(() => locks.hold('x', 'exclusive', 1));
  one.release();
  assert.equal(readdirSync(folder), []);
});

test('a shared lock that is not regained is over: its release gives nothing back that is somebody else\'s', () => {
  let between: (() => void) | undefined;
  const slow = fileLocks(folder, {
    ...libc,
    tryFlock(fd, mode) {
      const done = libc.tryFlock(fd, mode);
      between?.();
      return done;
    },
  }, 20);
  const other = locks.hold('x', 'shared', LONG);
  const one = slow.hold('x', 'shared', LONG);
  let alone: ReturnType<typeof locks.hold> | undefined;
  between = () => {
    between = undefined;
    other.release();
    alone = locks.hold('x', 'exclusive', LONG);
  };
  refuses(() => one.tryExclusive());
  // The lowest free number is the one that was closed.
  const stranger = openSync(lease, 'a');
  one.release();
  assert.is(fstatSync(stranger).ino, statSync(lease).ino);
  closeSync(stranger);
  refuses(() => locks.hold('x', 'exclusive', 1));
  alone!.release();
  assert.equal(readdirSync(folder), []);
});

test('a lease lock is the flock(2) of the file, and its line stands elsewhere', async () => {
  const fd = openSync(lease, 'a');
  assert.ok(libc.tryFlock(fd, 'exclusive'));
  const waiters = await line(['a'], 'leases');
  assert.equal(readdirSync(join(root, 'leases')), ['lock']);
  assert.is(taken(), '');
  closeSync(fd);
  await allEnded(waiters);
  assert.is(taken(), 'a');
});

if (word === 'often') standOften(wanted!);
else if (word) await holdOnce(word, wanted!, wantedMode as LockMode);
else test.run();
