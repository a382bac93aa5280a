// The ledger of networks whatever they are called: no name of one is a file of another.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

/** The same as any other, but for what a test breaks. */
const broken = (change: object): string => JSON.stringify({ ...record('odd'), ...change });
const plugin = (change: object): string => broken({ plugins: [{ ...record('odd').plugins[0], ...change }] });
const shapes: [string, string][] = [
  ['null', 'null'], ['a number', '5'], ['a list', '[]'], ['an empty object', '{}'], ['nothing but a version', '{"version":1,"plugins":[]}'],
  ['no attachment', broken({ attachment: undefined })], ['an attachment of null', broken({ attachment: null })],
  ['an attachment without a network', broken({ attachment: { containerId: 'c1', ifname: 'eth0' } })], ['a container that is a number', broken({ attachment: { network: 'odd', containerId: 1, ifname: 'eth0' } })],
  ['no boot', broken({ boot: undefined })], ['no path', broken({ netnsPath: 5 })],
  ['plugins that are no list', broken({ plugins: {} })], ['a plugin of null', broken({ plugins: [null] })], ['a plugin without a name', plugin({ name: undefined })],
  ['a plugin without a time', plugin({ at: undefined })], ['undos that are no list', plugin({ undo: 'x' })], ['an undo of null', plugin({ undo: [null] })],
  ['an undo without inverse', plugin({ undo: [{ life: 'attachment' }] })], ['an inverse that says not what to do', plugin({ undo: [{ inverse: {} }] })],
  ...Object.entries({
    'a link without a name': { do: 'delete link', kind: 'veth' }, 'a link whose peer is a number': { do: 'delete link', kind: 'veth', name: 'x', peer: 7 },
    'an entry of no store': { do: 'delete entry', key: '192.0.2.2', value: 'c1' }, 'an entry of a store without a folder': { do: 'put entry', key: '192.0.2.2', value: 'c1', store: { layout: 'ipam', network: 'odd' } },
    'an entry without a key': { do: 'delete entry', value: 'c1', store: { layout: 'ipam', root: '/leases', network: 'odd' } },
    'rules of null': { do: 'nft', rules: null }, 'rules to remove that are no list': { do: 'iptables', rules: { family: 'ip', table: 'nat', remove: 'x' } },
    'a rule to remove without a chain': { do: 'nft', rules: { family: 'ip', table: 'nat', remove: [{}] } }, 'a rule without matches': { do: 'iptables', rules: { family: 'ip', table: 'nat', remove: [{ chain: 'x', rule: { action: {} } }] } },
    'a match of null': { do: 'iptables', rules: { family: 'ip', table: 'nat', remove: [{ chain: 'x', rule: { match: [null], action: {} } }] } }, 'a chain of null': { do: 'nft', rules: { family: 'ip', table: 'nat', drop: [null] } },
    'an address that is a number': { do: 'delete address', index: 7, address: 4 }, 'a neighbour without an address': { do: 'add neighbour', index: 7, mac: '' }, 'no route': { do: 'add route' },
    'no qdisc': { do: 'delete qdisc' }, 'no class': { do: 'delete class' }, 'no filter': { do: 'delete filter' }, 'sources that are numbers': { do: 'unbind sources', zone: 'trusted', sources: [7] },
  }).map(([what, inverse]): [string, string] => [`an inverse of ${what}`, plugin({ undo: [{ life: 'attachment', by: 'acme', op: 'x', inverse: { ns: 'host', netns: '4:1', ...inverse } }] })]),
];
for (const [what, text] of shapes) {
  test(`a document of another shape says nothing, and goes with the drafts: ${what}`, () => {
    const { attachment } = record('odd');
    const path = join(state, 'ledger/odd', fileNameOf(attachment));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    assert.is(ledger.read(attachment), undefined);
    assert.equal(ledger.of('odd'), []);
    ledger.dropDrafts('odd');
    assert.not.ok(existsSync(path));
  });
}

test('a pipe, a device or a folder in a record\'s place says nothing, is not waited for, and stays', () => {
  const { attachment } = record('strange');
  const folder = join(state, 'ledger/strange');
  const path = join(folder, fileNameOf(attachment));
  mkdirSync(folder, { recursive: true });
  for (const make of [() => void execFileSync('mkfifo', [path]), () => symlinkSync('/dev/zero', path), () => mkdirSync(path)]) {
    make();
    assert.is(ledger.read(attachment), undefined);
    assert.equal(ledger.of('strange'), []);
    ledger.dropDrafts('strange');
    assert.ok(lstatSync(path));
    rmSync(path, { recursive: true });
  }
});

test('a pipe or a link in a draft\'s place is neither waited for nor followed', () => {
  const one = record('drafted');
  const path = join(state, 'ledger/drafted', fileNameOf(one.attachment));
  mkdirSync(dirname(path), { recursive: true });
  for (const make of [() => void execFileSync('mkfifo', [`${path}.new`]), () => symlinkSync('/dev/null', `${path}.new`)]) {
    make();
    ledger.write(one);
    assert.ok(lstatSync(path).isFile());
    assert.equal(ledger.read(one.attachment), one);
  }
});

test('an inverse that this host does not know is a newer one\'s', () => {
  const { attachment } = record('odd');
  for (const kind of ['delete tunnel', 'toString', '__proto__']) {
    writeFileSync(join(state, 'ledger/odd', fileNameOf(attachment)), plugin({ undo: [{ life: 'attachment', by: 'acme', op: 'x', inverse: { do: kind } }] }));
    assert.is(ledger.of('odd').length, 1);
  }
});

test.run();
