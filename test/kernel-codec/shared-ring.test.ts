// What one thread writes the others read, whole and in order, or not at all.
// SPDX-License-Identifier: Apache-2.0

import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sharedMemory, sharedRing, type SharedRing } from '../../host/kernel/live/shared-ring.ts';

const SIZE = 256;
const texts = (ring: SharedRing): string[] => ring.read().map((bytes) => bytes.toString());

test('each reads what others have written since, and not its own', () => {
  const memory = sharedMemory(SIZE);
  const [a, b] = [sharedRing(memory), sharedRing(memory)];
  a.write(Buffer.from('one'));
  a.write(Buffer.from(''));
  assert.equal(texts(b), ['one', '']);
  assert.equal(texts(b), []);
  assert.equal(texts(a), []);
  b.write(Buffer.from('two'));
  assert.equal(texts(a), ['two']);
  assert.equal(texts(sharedRing(memory)), [], 'who comes later begins there');
});

test('what was written over is not read, nor what comes after it; what is too large is not written', () => {
  const memory = sharedMemory(SIZE);
  const [a, b] = [sharedRing(memory), sharedRing(memory)];
  for (let i = 0; i < 5; i++) a.write(Buffer.alloc(60));
  assert.equal(texts(b), []);
  a.write(Buffer.alloc(SIZE - 3));
  assert.equal(texts(b), []);
  a.write(Buffer.alloc(SIZE - 4, 'x'));
  assert.equal(texts(b), ['x'.repeat(SIZE - 4)]);
});

test('whatever is written when, across the end of the memory and of what it counts', () => {
  const step = fc.oneof({ weight: 3, arbitrary: fc.tuple(fc.constant('write' as const), fc.nat(2), fc.string({ maxLength: 70 })) }, { weight: 2, arbitrary: fc.tuple(fc.constant('read' as const), fc.nat(2), fc.constant('')) });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.nat(2 * SIZE), (steps, before) => {
    const memory = sharedMemory(SIZE);
    new Int32Array(memory)[1] = -before;
    const rings = [0, 1, 2].map(() => sharedRing(memory));
    const unread: string[][] = [[], [], []];
    for (const [what, by, text] of steps) {
      if (what === 'write') {
        rings[by]!.write(Buffer.from(text));
        unread.forEach((of, i) => { if (i !== by || of.length > 0) of.push(text); });
      } else {
        const room = unread[by]!.reduce((sum, one) => sum + 4 + Buffer.byteLength(one), 0) <= SIZE;
        assert.equal(texts(rings[by]!), room ? unread[by] : []);
        unread[by] = [];
      }
    }
  }));
});

interface Entry { who: number; i: number; fill: string }
const WRITES = 2000;
const entry = (who: number, i: number): Entry => ({ who, i, fill: 'x'.repeat(i % 300) });

test('threads that write at the same time: nothing torn, nothing twice, each in its order', async () => {
  const memory = sharedMemory(1 << 20);
  const ring = sharedRing(memory);
  const writers = [0, 1].map((who) => new Worker(process.argv[1]!, { workerData: { memory, who } }));
  let running = writers.length;
  const ended = Promise.all(writers.map((writer) => once(writer, 'exit').then(() => running--)));
  const last = [-1, -1];
  let count = 0;
  const read = (): void => {
    for (const bytes of ring.read()) {
      const { who, i, fill } = JSON.parse(bytes.toString()) as Entry;
      assert.equal(fill, entry(who, i).fill);
      assert.ok(i > last[who]!, `${i} after ${last[who]}`);
      last[who] = i;
      count++;
    }
  };
  while (running > 0) {
    await setImmediate();
    read();
  }
  await ended;
  read();
  // Who had to wait for too long has written nothing.
  assert.ok(count > WRITES, `${count} of ${2 * WRITES}`);
});

test('a lock that is never given back holds up nobody for long', () => {
  const memory = sharedMemory(SIZE);
  const [a, b] = [sharedRing(memory), sharedRing(memory)];
  a.write(Buffer.from('one'));
  new Int32Array(memory)[0] = 1;
  const start = performance.now();
  a.write(Buffer.from('two'));
  assert.equal(texts(b), []);
  assert.ok(performance.now() - start < 1000);
  new Int32Array(memory)[0] = 0;
  assert.equal(texts(b), ['one']);
});

if (isMainThread) test.run();
else {
  const { memory, who } = workerData as { memory: SharedArrayBuffer; who: number };
  const ring = sharedRing(memory);
  for (let i = 0; i < WRITES; i++) ring.write(Buffer.from(JSON.stringify(entry(who, i))));
}
