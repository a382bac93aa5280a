// Who gets which thread when, with threads that do what the test says.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newPool, type Limits, type Pool, type Thread } from '../../host/resident/pool.ts';
import { until } from '../support/until.ts';

type Outcome = { of: string; isFit: boolean };

/** A thread that takes a task and ends it, or itself, when the test says so. */
interface Played extends Thread<string, Outcome> { task?: string; isAtWork: boolean; done(isFit?: boolean): void; die(): void; hasEnded: boolean }

function stage(limits: Partial<Limits> = {}, ready = Promise.resolve()): { pool: Pool<string, Outcome>; threads: Played[]; busy(): string[] } {
  const threads: Played[] = [];
  const start = (): Played => {
    let settle: ((outcome: Outcome | undefined) => void) | undefined;
    let ended!: () => void;
    const thread: Played = {
      ready, hasEnded: false, isAtWork: false,
      waits: () => !thread.isAtWork,
      ended: new Promise((resolve) => { ended = resolve; }),
      run(task) {
        thread.task = task;
        return new Promise((resolve) => { settle = resolve; });
      },
      done(isFit = true) {
        const of = thread.task!;
        delete thread.task;
        settle!({ of, isFit });
      },
      die() {
        thread.hasEnded = true;
        delete thread.task;
        settle?.(undefined);
        ended();
      },
      end: () => thread.die(),
    };
    threads.push(thread);
    return thread;
  };
  const pool = newPool<string, Outcome>(start, { kept: 1, quick: 2, most: 4, patience: 5, slow: 10_000, longest: 10_000, stuck: 1, idle: 10_000, ...limits }, ({ isFit }) => isFit);
  return { pool, threads, busy: () => threads.flatMap(({ task }) => task ?? []) };
}

/** The pool's own clock keeps no process alive. */
const awake = setInterval(() => undefined, 1000);
test.after(() => clearInterval(awake));

const always = (): boolean => true;
/** How often the pool has asked whether it waits: once each time that it looks around. */
function looksAt(thread: Played): () => number {
  const { waits } = thread;
  let looks = 0;
  thread.waits = () => {
    looks++;
    return waits();
  };
  return () => looks;
}
/** Lets everything that is settled be heard of. */
const settled = (): Promise<void> => new Promise((done) => { setImmediate(done); });

test('one thread is kept, a second one comes at once, more only for those who have waited', async () => {
  const { pool, threads, busy } = stage();
  threads[0]!.isAtWork = true;
  const outcomes = ['a', 'b', 'c', 'd', 'e'].map((task) => pool.run(task, always));
  await settled();
  assert.equal(busy(), ['a', 'b']);
  threads[0]!.isAtWork = false;
  await until('four threads are busy', () => busy().length === 4);
  assert.is(pool.threads, 4);
  threads[1]!.done();
  await settled();
  assert.equal(busy().toSorted(), ['a', 'c', 'd', 'e']);
  for (const thread of threads) thread.done();
  assert.equal((await Promise.all(outcomes)).map((outcome) => outcome?.of), ['a', 'b', 'c', 'd', 'e']);
  pool.end();
});

test('there is no further thread for those that wait for a moment now and then', async () => {
  const { pool, threads, busy } = stage();
  let looks = 0;
  const outcomes = ['a', 'b', 'c'].map((task) => pool.run(task, always));
  for (const thread of threads) thread.waits = () => (looks++ >> 1) % 2 === 1;
  await until('they were looked at often enough', () => looks > 40);
  assert.equal(busy(), ['a', 'b']);
  for (const thread of threads) thread.done();
  await until('the third has its turn', () => busy().includes('c'));
  for (const thread of threads) if (thread.task !== undefined) thread.done();
  assert.equal((await Promise.all(outcomes)).map((outcome) => outcome?.of), ['a', 'b', 'c']);
  pool.end();
});

test('there is no further thread while one is at work, or has only been started', async () => {
  const { pool, threads, busy } = stage();
  threads[0]!.isAtWork = true;
  const looks = looksAt(threads[0]!);
  const outcomes = ['a', 'b', 'c', 'd'].map((task) => pool.run(task, always));
  await until('they were looked at often enough', () => looks() > 10);
  assert.equal(busy(), ['a', 'b']);
  threads[0]!.isAtWork = false;
  await until('four threads are busy', () => busy().length === 4);
  for (const thread of threads) thread.done();
  await Promise.all(outcomes);
  pool.end();
});

test('one that is at work and does not come to an end holds up nobody', async () => {
  const { pool, threads, busy } = stage({ quick: 1, slow: 20 });
  threads[0]!.isAtWork = true;
  const outcomes = ['a', 'b'].map((task) => pool.run(task, always));
  await until('two threads are busy', () => busy().length === 2);
  assert.is(threads[0]!.task, 'a');
  for (const thread of threads) thread.done();
  await Promise.all(outcomes);
  pool.end();
});

test('a thread that has nothing to do for a while ends, the kept ones do not', async () => {
  const { pool, threads } = stage({ idle: 1 });
  const outcomes = ['a', 'b', 'c'].map((task) => pool.run(task, always));
  await until('three threads have a call', () => threads.length === 3 && threads.every(({ task }) => task !== undefined));
  for (const thread of threads) thread.done();
  await Promise.all(outcomes);
  await until('one thread is left', () => pool.threads === 1);
  assert.is(threads.filter(({ hasEnded }) => hasEnded).length, 2);
  pool.end();
});

test('one that was asked to end gets no other call while it does so', async () => {
  const { pool, threads, busy } = stage({ idle: 50, most: 2 });
  const outcomes = ['a', 'b'].map((task) => pool.run(task, always));
  await settled();
  const asked: Played[] = [];
  for (const thread of threads) thread.end = () => void asked.push(thread);
  for (const thread of threads) thread.done();
  await Promise.all(outcomes);
  await until('one is asked to end', () => asked.length > 0);
  const more = ['c', 'd'].map((task) => pool.run(task, always));
  await settled();
  assert.is(asked[0]!.task, undefined);
  asked[0]!.die();
  await until('both are begun', () => busy().length === 2);
  for (const thread of threads) if (thread.task !== undefined) thread.done();
  assert.equal((await Promise.all(more)).map((outcome) => outcome?.of), ['c', 'd']);
  pool.end();
});

test('a thread that dies gives its call back, and others do the next', async () => {
  const { pool, threads, busy } = stage({ quick: 1, most: 1 });
  const [first, second] = [pool.run('a', always), pool.run('b', always)];
  await settled();
  threads[0]!.die();
  assert.is(await first, undefined);
  await until('b is begun', () => busy().includes('b'));
  threads[1]!.done();
  assert.is((await second)?.of, 'b');
  pool.end();
});

test('one that cannot even start is not tried again before somebody calls', async () => {
  const { pool, threads } = stage({ longest: 20 }, new Promise(() => undefined));
  threads[0]!.die();
  await settled();
  assert.is(threads.length, 1);
  const outcome = pool.run('a', always);
  assert.is(threads.length, 2);
  for (const thread of threads) thread.die();
  assert.is(await outcome, undefined, 'its launcher does it');
  for (const thread of threads) thread.die();
  await settled();
  assert.is(pool.threads, 0);
  pool.end();
});

test('a thread that is not fit any more does no other call, but its outcome counts', async () => {
  const { pool, threads, busy } = stage({ quick: 1, most: 1 });
  const [first, second] = [pool.run('a', always), pool.run('b', always)];
  await settled();
  threads[0]!.done(false);
  assert.is((await first)?.of, 'a');
  await until('b is begun', () => busy().includes('b'));
  assert.ok(threads[0]!.hasEnded);
  threads[1]!.done();
  await second;
  pool.end();
});

test('a call that nobody wants any more is not begun', async () => {
  const { pool, threads, busy } = stage({ quick: 1, most: 1 });
  let isWanted = true;
  const [first, second, third] = [pool.run('a', always), pool.run('b', () => isWanted), pool.run('c', always)];
  await settled();
  isWanted = false;
  threads[0]!.done();
  assert.is((await first)?.of, 'a');
  assert.is(await second, undefined);
  await settled();
  assert.equal(busy(), ['c']);
  threads[0]!.done();
  await third;
  pool.end();
});

test('a call that has waited long is given back', async () => {
  const { pool, threads } = stage({ quick: 1, most: 1, longest: 1 });
  const [first, second] = [pool.run('a', always), pool.run('b', always)];
  assert.is(await second, undefined);
  threads[0]!.done();
  assert.is((await first)?.of, 'a');
  pool.end();
});

test('a call waits on while others come to their end', async () => {
  const { pool, threads, busy } = stage({ quick: 1, most: 1, longest: 1, stuck: 60_000 });
  const looks = looksAt(threads[0]!);
  const outcomes = ['a', 'b', 'c'].map((task) => pool.run(task, always));
  for (const task of ['a', 'b', 'c']) {
    await until('the call is begun', () => busy().includes(task));
    const before = looks();
    // Nobody looks around when nothing waits.
    if (task !== 'c') await until('those behind it were looked at', () => looks() > before + 2);
    threads[0]!.done();
  }
  assert.equal((await Promise.all(outcomes)).map((outcome) => outcome?.of), ['a', 'b', 'c']);
  pool.end();
});

test('has ended when all threads have, also those that were still starting', async () => {
  const { pool, threads } = stage({ kept: 2 }, new Promise(() => undefined));
  for (const thread of threads) thread.end = () => undefined;
  let isEnded = false;
  const ended = pool.end().then(() => { isEnded = true; });
  threads[0]!.die();
  await settled();
  assert.not(isEnded);
  threads[1]!.die();
  await ended;
});

test('no thread takes the place of one that has ended when all are to end', async () => {
  const { pool, threads } = stage({ kept: 2 });
  await settled();
  for (const thread of threads) thread.end = () => undefined;
  const ended = pool.end();
  threads[0]!.die();
  await settled();
  assert.is(threads.length, 2);
  threads[1]!.die();
  await ended;
  assert.is(threads.length, 2);
});

test.run();
