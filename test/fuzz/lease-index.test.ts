// Whatever happens to a lease folder and to the index of it between two questions: the answer is what reading all files gives.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, type WriteFileOptions } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, byReference, call, emptied, fill, folder, indexes, indexFile, inOneTick, keysOf, opened, ownerOf, readsIn, removed, withFs } from '../support/lease-folder.ts';
import { runs } from './runs.ts';

test.after(removed);

type Step =
  | { do: 'put' | 'delete' | 'reference put' | 'reference delete' | 'put, then killed' | 'put, which fails'; n: number; owner: string }
  | { do: 'ask'; owner: string }
  | { do: 'damage'; at: number; byte: number }
  | { do: 'truncate'; to: number }
  | { do: 'forget' | 'collect' | 'repair' }
  | { do: 'reboot' };

const n = fc.integer({ min: 1, max: 60 });
const owner = fc.constantFrom(...Array.from({ length: 12 }, (_, i) => ownerOf(i)), 'c1', 'c2', ' ', 'a\ud800b', 'a\ufffdb');
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('put', 'delete', 'reference put', 'reference delete', 'put, then killed', 'put, which fails'), n, owner }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('ask'), owner }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('damage'), at: fc.nat(3 * 4096), byte: fc.nat(255) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate'), to: fc.nat(3 * 4096) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('forget', 'collect', 'repair', 'reboot') }) },
) as fc.Arbitrary<Step>;

test('a lease folder and its index', () => {
  let cheap = 0;
  inOneTick(() => fc.assert(fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
    emptied();
    fill(30);
    let boots = 1;
    for (const one of steps) {
      if (one.do === 'reboot') boots++;
      else if (one.do === 'ask') {
        const expected = inFiles(one.owner);
        cheap += Number(readsIn(() => assert.equal(keysOf(one.owner, `boot ${boots}`), expected, `files of ${JSON.stringify(one.owner)}`)) < 10);
      }
      else happen(one, `boot ${boots}`);
    }
    for (let i = 0; i < 12; i++) assert.equal(keysOf(ownerOf(i), `boot ${boots}`), inFiles(ownerOf(i)));
  }), runs(40)));
  assert.ok(cheap > 20, `only ${cheap} answers came from the index`);
});

/** What reading all files finds. */
const inFiles = (owner: string): string[] => readdirSync(folder).filter((name) => name !== 'lock' && readFileSync(join(folder, name), 'utf8').trim() === owner).sort();

function happen(one: Exclude<Step, { do: 'ask' | 'reboot' }>, boot: string): void {
  const there = 'n' in one && existsSync(join(folder, address(one.n)));
  switch (one.do) {
    case 'put': return call((store) => store.put(address(one.n), one.owner), boot);
    case 'delete': return call((store) => store.delete(address(one.n)), boot);
    case 'reference put': return there ? undefined : byReference.add(one.n, one.owner);
    case 'reference delete': return there ? byReference.delete(one.n) : undefined;
    // The lock is free, and nothing else was done any more.
    case 'put, then killed': return opened(boot).hold().put(address(one.n), one.owner);
    case 'put, which fails': return failingWrites(() => call((store) => { try { store.put(address(one.n), one.owner); } catch { /* the disk is full */ } }, boot));
    case 'damage': return damage(indexFile(), one);
    case 'truncate': return truncate(indexFile(), one);
    case 'forget': return rmSync(indexes, { recursive: true, force: true });
    case 'collect': return call((store) => { for (const { key, value } of store.list()) if (value.endsWith('5\r\neth0')) store.delete(key); }, boot);
    case 'repair': return call((store) => store.repair(), boot);
    default: return one satisfies never;
  }
}

function damage(path: string | undefined, { at, byte }: { at: number; byte: number }): void {
  if (path === undefined) return;
  const bytes = readFileSync(path);
  bytes[at % bytes.length] = byte;
  writeFileSync(path, bytes);
}

function truncate(path: string | undefined, { to }: { to: number }): void {
  if (path !== undefined) truncateSync(path, Math.min(to, statSync(path).size));
}

/** The file is made, and has a part of what was to be written. */
const failingWrites = (act: () => void): void => withFs('writeFileSync', (original) => (path: string, text: string, options: WriteFileOptions) => {
  original(path, text.slice(0, 2), options);
  throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
}, act);

test.run();
