// The ledger of networks whatever they are called: no name of one is a file of another.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fileNameOf } from '../../host/ledger/attachment-id.ts';
import { diskLedger, type LedgerRecord } from '../../host/ledger/ledger.ts';
import { strikeOut } from '../../host/ledger/records.ts';

const state = mkdtempSync(join(tmpdir(), 'cni-wasm-ledger-'));
const ledger = diskLedger(state);
test.after(() => rmSync(state, { recursive: true }));

const record = (network: string): LedgerRecord => ({
  version: 1, attachment: { network, containerId: 'c1', ifname: 'eth0' }, netnsPath: '/run/netns/c1', boot: 'now',
  plugins: [{ name: 'acme', digest: '', at: '', undo: [{ life: 'attachment', by: 'acme', op: 'store.put', inverse: { do: 'delegate DEL', type: 'acme' } }] }],
});

test('a network may be called as a draft is', () => {
  for (const network of ['blue', 'blue.new']) ledger.write(record(network));
  assert.equal(ledger.all().map(({ attachment }) => attachment.network).sort(), ['blue', 'blue.new']);
  assert.equal(ledger.elsewhere(record('blue').attachment).map(({ attachment }) => attachment.network), ['blue.new']);
});

test('what a later call took back leaves the IPAM program of an earlier plugin known, which nothing else calls; its own it forgets', () => {
  const { plugins: [{ undo: made }], ...rest } = record('programs') as LedgerRecord & { plugins: [LedgerRecord['plugins'][number]] };
  const [delegated] = made;
  const chained = { ...delegated!, inverse: { do: 'unbind sources', zone: 'trusted', sources: ['10.1.0.5/32'] } } as typeof made[number];
  const main = { name: 'main', digest: '', at: '', undo: [], program: 'acme' };
  ledger.write({ ...rest, plugins: [main, { name: 'chained', digest: '', at: '', undo: [chained] }] });
  strikeOut(ledger, rest.attachment, [chained]);
  assert.equal(ledger.read(rest.attachment)?.plugins, [main]);
  strikeOut(ledger, rest.attachment, [delegated!]);
  assert.is(ledger.read(rest.attachment), undefined);
});

test('a draft is no record', () => {
  const { attachment } = record('blue');
  const draft = join(state, 'ledger/blue', `${fileNameOf(attachment)}.new`);
  writeFileSync(draft, JSON.stringify(record('blue')));
  assert.is(ledger.of('blue').length, 1);
  ledger.dropDrafts('blue');
  assert.not.ok(existsSync(draft));
});

test('what is no document goes with the drafts; the record of a host to come stays', () => {
  const folder = join(state, 'ledger/torn');
  mkdirSync(folder, { recursive: true });
  const kept = { future: JSON.stringify({ ...record('torn'), version: 2 }), whole: JSON.stringify(record('torn')) };
  const texts: Record<string, string> = { ...kept, empty: '', zeros: '\0\0', torn: '{"version":1,"att', words: 'no json' };
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  assert.is(ledger.of('torn').length, 1);
  ledger.dropDrafts('torn');
  assert.equal(readdirSync(folder).sort(), Object.keys(kept).sort());
});

test.run();
