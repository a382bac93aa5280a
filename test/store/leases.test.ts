// The lease folder as it may be found: files of killed writers, of other programs, of both forms of owner, and very many of them.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { collectLeases } from '../../host/store/collect.ts';
import { diskStores } from '../../host/store/disk-store.ts';
import { firstFree } from '../../host/store/first-free.ts';
import { diskIndex } from '../../host/store/owner-index.ts';
import type { LockedStore } from '../../host/store/store.ts';

const root = mkdtempSync(join(tmpdir(), 'cni-wasm-leases-'));
const folder = join(root, 'blue');
test.after(() => rmSync(root, { recursive: true }));

/** The lock is another test's matter. */
function storeWith(files: Record<string, string>): LockedStore {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return diskStores({ holdFile: () => () => undefined }, diskIndex(join(root, 'state'), () => 'boot 1'))({ layout: 'ipam', root, network: 'blue' });
}

const names = (): string[] => readdirSync(folder).filter((name) => name !== 'lock').sort();

test('files of writers that were killed, or of a machine that lost power, are free', () => {
  const store = storeWith({ '192.0.2.2': '', '192.0.2.3': '\0\0\0\0\0\0\0', '192.0.2.4': ' \r\n', '192.0.2.5': 'c1\r\n' }).hold();
  for (const key of ['192.0.2.2', '192.0.2.3', '192.0.2.4']) assert.equal([store.has(key), store.get(key)], [false, undefined], key);
  assert.ok(store.has('192.0.2.5'));
  assert.equal(store.list(), [{ key: '192.0.2.5', value: 'c1\r\n' }]);
  assert.equal(store.list('c1'), [{ key: '192.0.2.5', value: 'c1\r\n' }], 'torn behind the container');
  store.put('192.0.2.2', 'c2\r\neth0');
  assert.is(readFileSync(join(folder, '192.0.2.2'), 'utf8'), 'c2\r\neth0');
});

test('what was written after the folder was read is known', () => {
  const store = storeWith({ '192.0.2.2': 'c1\r\neth0', 'last_reserved_ip.0': '192.0.2.2' }).hold();
  assert.is(store.list('c1\r\neth0').length, 1);
  store.put('192.0.2.3', 'c1\r\neth0');
  assert.is(store.get('last_reserved_ip.0'), '192.0.2.2', 'the cursor is no entry, and read all the same');
  store.put('last_reserved_ip.0', '192.0.2.3');
  assert.is(store.get('last_reserved_ip.0'), '192.0.2.3');
  store.delete('192.0.2.2');
  assert.equal(store.list('c1\r\neth0'), [{ key: '192.0.2.3', value: 'c1\r\neth0' }]);
  assert.equal([store.has('192.0.2.2'), store.has('192.0.2.3')], [false, true]);
  assert.is(statSync(join(folder, '192.0.2.3')).mode & 0o777, 0o600);
});

test('a folder among the leases is nobody\'s lease', () => {
  const opened = storeWith({ '192.0.2.2': 'c1\r\neth0' });
  mkdirSync(join(folder, 'old'));
  assert.equal(opened.with((store) => store.list()), [{ key: '192.0.2.2', value: 'c1\r\neth0' }]);
});

test('what is no plain file is neither read nor written, and its address is not free', () => {
  const store = storeWith({ '192.0.2.2': 'c1\r\neth0' }).hold();
  const secret = join(root, 'secret');
  writeFileSync(secret, 'c1\r\neth0');
  symlinkSync(secret, join(folder, '192.0.2.3'));
  symlinkSync(join(root, 'nothing'), join(folder, '192.0.2.4'));
  execFileSync('mkfifo', [join(folder, '192.0.2.5')]);
  mkdirSync(join(folder, '192.0.2.6'));
  const odd = ['192.0.2.3', '192.0.2.4', '192.0.2.5', '192.0.2.6'];
  for (const look of ['before the folder was read', 'afterwards']) {
    for (const key of odd) {
      assert.equal([store.get(key), store.has(key)], [undefined, true], `${key} ${look}`);
      assert.throws(() => store.put(key, 'c2\r\neth0'), (error: unknown) => error instanceof CniError && error.code === 5 && /EEXIST/.test(error.message), `${key} ${look}`);
    }
    assert.equal(firstFree(store, [{ start: '192.0.2.2', end: '192.0.2.9' }]), { ip: '192.0.2.7', range: 0 });
    assert.equal(store.list(), [{ key: '192.0.2.2', value: 'c1\r\neth0' }]);
  }
  store.repair();
  assert.equal([readFileSync(secret, 'utf8'), existsSync(join(root, 'nothing')), names()], ['c1\r\neth0', false, ['192.0.2.2', ...odd]]);
});

test('a pipe in the place of the lock is an error, not a wait', () => {
  const opened = storeWith({});
  execFileSync('mkfifo', [join(folder, 'lock')]);
  assert.throws(() => opened.hold(), (error: unknown) => error instanceof CniError && error.code === 5 && /blue\/lock": ENXIO/.test(error.message));
});

test('collecting frees both forms of what is not valid, and leaves what is no lease', () => {
  const opened = storeWith({
    lock: '', 'last_reserved_ip.0': '192.0.2.5', notes: 'c9\r\neth0', '192.0.2.2': 'c1\r\neth0', '192.0.2.3': 'c1\r\nnet1', '192.0.2.4': 'c2', '192.0.2.5': 'c3', '2001:db8::2': 'c9\r\neth0',
  });
  const valid = [{ containerID: 'c1', ifname: 'eth0' }, { containerID: 'c2', ifname: 'eth0' }];
  assert.equal(opened.with((store) => collectLeases(store, valid)), { deleted: 3, problems: [] });
  assert.equal(names(), ['192.0.2.2', '192.0.2.4', 'last_reserved_ip.0', 'notes']);
});

test('collecting removes entries of killed writers, which the reference takes for addresses in use', () => {
  const opened = storeWith({ '192.0.2.2': '', '192.0.2.3': '\0\0', '192.0.2.4': 'c1\r\neth0', notes: '' });
  mkdirSync(join(folder, '192.0.2.9'));
  opened.with((store) => collectLeases(store, [{ containerID: 'c1', ifname: 'eth0' }]));
  assert.equal(names(), ['192.0.2.4', '192.0.2.9', 'notes']);
});

test('an error does not keep the others from being freed', () => {
  const opened = storeWith({ '192.0.2.2': 'c1', '192.0.2.3': 'c2' });
  const { deleted, problems } = opened.with((store) => collectLeases({
    ...store, delete: (key) => { if (key === '192.0.2.2') throw new Error('stays'); store.delete(key); },
  }, []));
  assert.equal([deleted, problems, names()], [1, ['stays'], ['192.0.2.2']]);
});

test('a data folder that cannot be made is an error with its path', () => {
  writeFileSync(join(root, 'a-file'), '');
  const store = diskStores({ holdFile: () => () => undefined }, diskIndex(join(root, 'state'), () => 'boot 1'))({ layout: 'ipam', root: join(root, 'a-file'), network: 'blue' });
  assert.throws(() => store.hold(), (error: unknown) => error instanceof CniError && error.code === 5 && error.message.includes('a-file'));
  assert.not.ok(existsSync(join(root, 'a-file', 'blue')));
});

test.run();
