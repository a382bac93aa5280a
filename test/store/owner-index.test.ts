// An owner's leases are found without reading everybody's, and always those that reading everybody's would find: whoever has written, in whichever
// tick of the clock, and whatever became of the index.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { timesOf } from '../../host/store/folder-mark.ts';
import { makeOwnerPages } from '../../host/store/owner-pages.ts';
import { address, byReference, call, emptied, fill, folder, indexes, indexFile, inOneTick, keysOf, MANY, ownerOf, readsIn, removed, root, withFs } from '../support/lease-folder.ts';

test.before.each(emptied);
test.after(removed);

test('all are read once; then an owner\'s alone, and nobody\'s for who has none', () => {
  fill();
  assert.is(readsIn(() => assert.equal(keysOf(ownerOf(7)), [address(7)])), MANY);
  assert.is(readsIn(() => assert.equal(keysOf(ownerOf(7)), [address(7)])), 1);
  assert.is(readsIn(() => assert.equal(keysOf('nobody\r\neth0'), [])), 0);
  const before = readFileSync(indexFile()!);
  assert.is(call((store) => store.list()).length, MANY);
  assert.equal(readFileSync(indexFile()!), before, 'who reads all for another reason leaves a true index alone');
});

test('what we write ourselves is known to the next call', () => {
  fill();
  keysOf('c1');
  assert.is(readsIn(() => {
    call((store) => { store.put(address(100), 'new\r\neth0'); store.put('last_reserved_ip.0', address(100)); });
    assert.equal(keysOf('new\r\neth0'), [address(100)]);
    call((store) => store.delete(address(100)));
    assert.equal(keysOf('new\r\neth0'), []);
  }), 2, 'the one lease, when it is found and when it is deleted');
});

test('an owner is who can be read in the file, not who was written', () => {
  fill();
  keysOf('c1');
  call((store) => store.put(address(100), ' a\ud800b\n'));
  assert.equal([keysOf('a\ufffdb'), keysOf('a\ud800b')], [[address(100)], []]);
});

test('an entry that is written over is its new owner\'s', () => {
  fill();
  writeFileSync(join(folder, address(100)), '');
  keysOf('c1');
  call((store) => { store.put(address(100), 'new\r\neth0'); store.put(address(3), 'new\r\neth0'); });
  assert.equal([keysOf('new\r\neth0'), keysOf(ownerOf(3))], [[address(100), address(3)], []]);
});

test('a change of the reference in the same tick as ours is seen', () => {
  fill();
  for (const when of [inOneTick, <T>(act: () => T): T => act()]) when(() => {
    for (let round = 0; round < 50; round++) {
      call((store) => store.put(address(100), 'ours\r\neth0'));
      byReference.add(101, 'theirs\r\neth0');
      assert.equal(keysOf('theirs\r\neth0'), [address(101)], 'made');
      byReference.delete(101);
      byReference.add(101, 'others\r\neth0');
      assert.equal([keysOf('theirs\r\neth0'), keysOf('others\r\neth0')], [[], [address(101)]], 'made anew');
      call((store) => store.delete(address(100)));
      byReference.delete(101);
      assert.equal([keysOf('ours\r\neth0'), keysOf('others\r\neth0')], [[], []], 'deleted');
    }
  });
});

test('a folder that was given its former time of modification is not as it was left', () => {
  fill();
  keysOf('c1');
  const { mtimeNs } = statSync(folder, { bigint: true });
  byReference.add(100, 'theirs\r\neth0');
  const seconds = (Number(mtimeNs / 1000n) + 0.5) / 1e6;
  utimesSync(folder, seconds, seconds);
  assert.is(statSync(folder, { bigint: true }).mtimeNs, mtimeNs);
  assert.equal(keysOf('theirs\r\neth0'), [address(100)]);
});

test('an index of an earlier boot is not believed', () => {
  fill();
  keysOf('c1');
  assert.is(readsIn(() => keysOf('c1')), 0);
  assert.is(readsIn(() => keysOf('c1', 'boot 2')), MANY);
});

test('an index that is damaged where it can still be read is noticed, and made anew', () => {
  fill();
  keysOf('c1');
  const path = indexFile()!;
  writeFileSync(path, readFileSync(path, 'latin1').replace(`"${address(17)}"`, `"${address(18)}"`), 'latin1');
  assert.is(readsIn(() => assert.equal(keysOf(ownerOf(17)), [address(17)])), MANY);
  assert.is(readsIn(() => assert.equal(keysOf(ownerOf(17)), [address(17)])), 1);
});

test('where there are few leases there is no index', () => {
  fill(8);
  keysOf('c1');
  assert.not.ok(existsSync(indexes));
  for (let n = 9; n <= MANY; n++) call((store) => { store.list(ownerOf(n)); store.put(address(n), ownerOf(n)); });
  assert.is(readsIn(() => keysOf('c1')), 0);
  for (let n = 1; n <= MANY; n++) call((store) => store.delete(address(n)));
  assert.equal(readdirSync(indexes), []);
});

test('an index grows with the folder', () => {
  fill();
  keysOf('c1');
  for (let n = 0; n < 300; n++) call((store) => { store.list(`d${n}`); store.put(`10.0.${n >> 8}.${n & 255}`, `d${n}`); });
  assert.is(readsIn(() => { for (let n = 0; n < 300; n++) assert.is(keysOf(`d${n}`).length, 1); }), 300);
});

test('a state folder that cannot be written, and a lease folder of another user, cost only time', () => {
  fill();
  writeFileSync(join(root, 'state'), 'no folder');
  assert.equal(keysOf(ownerOf(7)), [address(7)]);
  call((store) => store.put(address(100), 'new\r\neth0'));
  assert.equal(keysOf('new\r\neth0'), [address(100)]);
  rmSync(join(root, 'state'));
  const refused = (): never => { throw Object.assign(new Error('EPERM'), { code: 'EPERM', syscall: 'utime' }); };
  assert.is(withFs('utimesSync', () => refused, () => readsIn(() => assert.equal(keysOf(ownerOf(7)), [address(7)]))), MANY + 1);
  assert.not.ok(existsSync(indexes));
});

test('where times are whole seconds there is no index', () => {
  fill();
  withFs('statSync', (original) => (path: string, options: { bigint: true }) => {
    const stat = original(path, options);
    return Object.assign(stat, { mtimeNs: stat.mtimeNs - stat.mtimeNs % 1_000_000_000n });
  }, () => keysOf('c1'));
  assert.not.ok(existsSync(indexes));
});

test('a name that leads out of the folder is not followed', () => {
  fill();
  keysOf('c1');
  const forged = ['../secret', '.hidden', 'lock', 'last_reserved_ip.0', address(100)];
  for (const name of forged) writeFileSync(join(folder, name), 'c1');
  makeOwnerPages(indexFile()!, new Map(forged.map((name) => [name, 'c1'])), `boot 1 ${timesOf(folder)}`);
  assert.is(readsIn(() => assert.equal(keysOf('c1'), [address(100)])), 1);
});

test.run();
