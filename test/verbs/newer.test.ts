// After a way back to an older version: what a newer host wrote into record and journal, and this one does not know, is kept for it.
// SPDX-License-Identifier: Apache-2.0

import { appendFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { fileNameOf } from '../../host/ledger/attachment-id.ts';
import { remainsAt } from '../../host/ledger/journal.ts';
import { objectsOf, textOf } from '../../host/ledger/objects.ts';
import type { Inverse, Undo } from '../../host/ledger/undo.ts';
import { blueChain, chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';

const OF = { network: 'blue', containerId: 'c1', ifname: 'eth0' };
const NEW = { do: 'delete something new', ns: 'host', netns: 'gone' } as unknown as Inverse;
const UNDO: Undo = { life: 'attachment', by: 'bridge', op: 'thing.create', inverse: NEW };
const plugins = blueChain('nftables');
const saysWhy = (error: unknown): boolean => error instanceof CniError && error.code === CODE.residue
  && /delete something new \(thing\.create of bridge\): a newer version of cni-wasm wrote this, which alone can take it back/.test(error.message);

function attached(): FakeNode {
  const node = fakeNode();
  node.add(chainOf('ADD', plugins));
  const { plugins: [first, ...rest], ...record } = node.host.ledger.read(OF)!;
  node.host.ledger.write({ ...record, plugins: [{ ...first!, undo: [...first!.undo, UNDO] }, ...rest] });
  return node;
}

const left = (node: FakeNode): Inverse[] => node.host.ledger.read(OF)?.plugins.flatMap(({ undo }) => undo.map(({ inverse }) => inverse)) ?? [];

test('DEL takes back the rest, says so, and keeps the record', () => {
  const node = attached();
  for (const netns of ['/run/netns/c1', '']) assert.throws(() => node.del(chainOf('DEL', plugins, { netns })), saysWhy);
  assert.ok(left(node).some((inverse) => inverse.do === NEW.do));
  assert.equal(node.kernel.link.list('host').filter(({ kind }) => kind === 'veth'), []);
  node.remove();
});

test('after the machine was started anew too: it may outlive a boot', () => {
  const node = attached();
  node.reboot();
  assert.throws(() => node.del(chainOf('DEL', plugins, { netns: '' })), saysWhy);
  assert.ok(left(node).some((inverse) => inverse.do === NEW.do));
  node.remove();
});

test('GC as well', () => {
  const node = attached();
  assert.throws(() => node.gc(chainOf('GC', plugins, { netns: '', frame: { 'cni.dev/valid-attachments': null } })), saysWhy);
  assert.ok(left(node).some((inverse) => inverse.do === NEW.do));
  node.remove();
});

test('the journal of a call that was killed stays', () => {
  const node = fakeNode();
  const path = join(node.root, 'run/journal/blue', fileNameOf(OF));
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, [{ attachment: OF, netnsPath: '/run/netns/c1', since: '' }, { i: 0, plugin: 'bridge', undo: UNDO }].map((line) => `${JSON.stringify(line)}\n`).join(''));
  assert.throws(() => node.add(chainOf('ADD', plugins)), saysWhy);
  assert.is(remainsAt(join(node.root, 'run'), 'blue', fileNameOf(OF))?.entries.length, 1);
  node.remove();
});

test('who asks what is whose is told of it', () =>
  assert.equal(objectsOf(NEW).map(textOf), ['what only a newer version of cni-wasm knows ("delete something new")']));

test.run();
