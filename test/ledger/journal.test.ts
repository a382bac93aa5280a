// A journal on a file system that is full: an intent that is not wholly on disk is an error, and spoils nothing that is written after it.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { fileNameOf, folderOf } from '../../host/ledger/attachment-id.ts';
import { openJournal, remainsAt } from '../../host/ledger/journal.ts';
import type { Undo } from '../../host/ledger/undo.ts';
import { cniErrorOfSystem } from '../../host/system-error.ts';

const run = mkdtempSync(join(tmpdir(), 'cni-wasm-journal-'));
const attachment = { network: 'blue', containerId: 'c1', ifname: 'eth0' };
const path = join(run, 'journal', folderOf('blue'), fileNameOf(attachment));
test.after(() => rmSync(run, { recursive: true }));

/** As on a full file system, what does not fit is written in part (setrlimit(2), RLIMIT_FSIZE). */
function withRoomFor<T>(bytes: number, act: () => T): T {
  limit(String(bytes));
  try {
    return act();
  } finally {
    limit('unlimited');
  }
}

function limit(size: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(process.pid), `--fsize=${size}:`], { encoding: 'utf8' });
  assert.is(status, 0, stderr);
}

const link = (name: string): Undo => ({ life: 'attachment', by: 'bridge', op: 'link.create', inverse: { do: 'delete link', ns: 'host', netns: '4:1', name, kind: 'veth' } });
const written = (): { name: string; index: number | undefined }[] => remainsAt(run, 'blue', fileNameOf(attachment))!.entries
  .flatMap(({ undo: { inverse } }) => (inverse.do === 'delete link' ? [{ name: inverse.name, index: inverse.index }] : []));
const failsToWrite = (act: () => unknown): void => assert.throws(act, (error: unknown) => (error as NodeJS.ErrnoException).code === 'EFBIG');

test('an intent that does not fit is an error, and the next one is as if it had never been', () => {
  const journal = openJournal(run, attachment, '/run/netns/c1');
  journal.intend('bridge', link('one'));
  withRoomFor(statSync(path).size + 20, () => failsToWrite(() => journal.intend('bridge', link('torn'))));
  assert.equal(written(), [{ name: 'one', index: undefined }]);
  journal.made(journal.intend('bridge', link('two')), 7);
  assert.equal(written(), [{ name: 'one', index: undefined }, { name: 'two', index: 7 }]);
  assert.is(journal.entries.length, 2);
  journal.end();
  journal.close();
});

test('the line that says whose journal it is comes with the first intent that fits', () => {
  const journal = openJournal(run, attachment, '/run/netns/c1');
  withRoomFor(20, () => failsToWrite(() => journal.intend('bridge', link('torn'))));
  journal.intend('bridge', link('one'));
  assert.equal(remainsAt(run, 'blue', fileNameOf(attachment))?.attachment, attachment);
  assert.equal(written(), [{ name: 'one', index: undefined }]);
  journal.end();
  journal.close();
});

test('what the kernel answered is known to the call that asked, whether it fits or not', () => {
  const journal = openJournal(run, attachment, '/run/netns/c1');
  const [one, two] = [journal.intend('bridge', link('one')), journal.intend('bridge', link('two'))];
  withRoomFor(statSync(path).size, () => {
    failsToWrite(() => journal.made(one, 7));
    failsToWrite(() => journal.refused(two));
  });
  assert.equal(journal.entries.map(({ undo: { inverse } }) => inverse), [{ ...link('one').inverse, index: 7 }]);
  journal.end();
  journal.close();
});

const shapes: [string, string][] = [
  ['null', 'null'], ['a number', '5'], ['a text', '"attachment"'], ['a list', '[]'], ['an attachment of null', '{"attachment":null}'],
  ['an attachment without names', '{"attachment":{},"netnsPath":"","since":""}'], ['no number', '{"plugin":"bridge","undo":{}}'],
  ['a number below 0', JSON.stringify({ i: -1, plugin: 'bridge', undo: link('x') })], ['an undo of null', '{"i":5,"plugin":"bridge","undo":null}'],
  ['an undo without inverse', '{"i":5,"plugin":"bridge","undo":{"life":"attachment"}}'], ['an inverse that says not what to do', '{"i":5,"plugin":"bridge","undo":{"inverse":{}}}'],
  ['no plugin', JSON.stringify({ i: 5, undo: link('x') })],
];
for (const [what, line] of shapes) {
  test(`a line of another shape says nothing, as a torn one: ${what}`, () => {
    const journal = openJournal(run, attachment, '/run/netns/c1');
    journal.made(journal.intend('bridge', link('one')), 7);
    appendFileSync(path, `${line}\n`);
    assert.equal(written(), [{ name: 'one', index: 7 }]);
    assert.equal(remainsAt(run, 'blue', fileNameOf(attachment))?.attachment, attachment);
    journal.end();
    journal.close();
  });
}

test('a module fills neither the memory that the journal lies in nor the ledger behind it', () => {
  const journal = openJournal(run, attachment, '/run/netns/c1');
  const rules: Undo = { life: 'attachment', by: 'acme', op: 'nft.apply', inverse: { do: 'nft', ns: 'host', netns: '4:1', rules: { family: 'inet', table: 'acme', drop: Array.from({ length: 4000 }, (_, i) => ({ chain: `${'x'.repeat(240)}${i}` })) } } };
  assert.throws(() => {
    for (let i = 0; i < 100; i++) journal.intend('acme', rules);
  }, (error: unknown) => error instanceof CniError && error.code === CODE.limit && error.facts.kind === 'limit');
  assert.ok(statSync(path).size < 2 ** 24 + 2 ** 21, `${statSync(path).size} bytes`);
  // What the kernel has made by then has to be told all the same.
  const [last] = journal.entries.map((_, i) => i).slice(-1);
  journal.made(last!, 7);
  journal.refused(last!);
  journal.end();
  journal.close();
});

test('a pipe, a device or a folder in its place is an error, and is not waited for', () => {
  mkdirSync(dirname(path), { recursive: true });
  for (const [make, errno] of [
    [() => void execFileSync('mkfifo', [path]), 'ENXIO'], [() => symlinkSync('/dev/null', path), 'ENOTSUP'], [() => mkdirSync(path), 'EISDIR'],
  ] as const) {
    make();
    const journal = openJournal(run, attachment, '/run/netns/c1');
    assert.throws(() => journal.intend('bridge', link('v1')), (error: unknown) => cniErrorOfSystem(error)?.message === `open "${path}": ${errno}`);
    journal.end();
    journal.close();
    assert.ok(lstatSync(path));
    rmSync(path, { recursive: true });
  }
});

test.run();
