// The tables of one call: read once, and again when the kernel knows more than we do.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelError } from '../../../host/kernel/kernel-error.ts';
import type { Kernel, NftTable } from '../../../host/kernel/kernel.ts';
import type { Locks } from '../../../host/ledger/locks.ts';
import { applyToNft } from '../../../host/kernel/apply-to-nft.ts';
import type { RuleSet } from '../../../host/ops/rules/rule-set.ts';
import { ruleTables } from '../../../host/ops/rules/tables.ts';

const WANTED: RuleSet = {
  family: 'ip', table: 't', chains: [{ name: 'c', life: 'network' }],
  add: [{ chain: 'c', rule: { match: [], action: { verdict: 'return' }, comment: 'c1' } }],
};

/** One table whose rules get handles from 1 on; a delete by another handle is ENOENT, as in the kernel. */
function oneTable() {
  let table: NftTable | undefined;
  let [next, generation] = [1, 1];
  const did = { reads: 0, fail: false };
  const nft: Partial<Kernel['nft']> = {
    readLate() {
      did.reads++;
      return structuredClone(table);
    },
    generation: () => generation,
    apply(_ns, commands) {
      if (did.fail) throw new KernelError('EBUSY', 'nft');
      table = applyToNft(table, commands);
      generation++;
      for (const rule of table?.chains.flatMap(({ rules }) => rules) ?? []) if (rule.handle < 0) rule.handle = next++;
    },
  };
  const kernel = { netnsId: () => '1:1', nft } as unknown as Kernel;
  const locks = { hold: () => ({ release: () => undefined }) } as unknown as Locks;
  return { tables: ruleTables(kernel, locks), did, chains: () => table?.chains, apply: nft.apply!.bind(nft) };
}

test('a table is read once for any number of plans', () => {
  const { tables, did } = oneTable();
  tables.plan('nft', 'host', WANTED).carryOut();
  assert.equal(tables.plan('nft', 'host', WANTED).missing, []);
  assert.is(did.reads, 1);
});

test('what was added in this call can be taken back in it', () => {
  const { tables, did, chains } = oneTable();
  const shared = { ...WANTED.add![0]!, life: 'network' as const, rule: { ...WANTED.add![0]!.rule, comment: 'all' } };
  const plan = tables.plan('nft', 'host', { ...WANTED, add: [...WANTED.add!, shared] });
  plan.carryOut();
  tables.plan('nft', 'host', plan.undo.attachment!).carryOut();
  assert.equal(chains()?.map(({ name, rules }) => [name, rules.map(({ comment }) => comment)]), [['c', ['all']]]);
  assert.is(did.reads, 2);
  tables.plan('nft', 'host', plan.undo.network!).carryOut();
  assert.is(chains(), undefined);
});

test('a rule set that speaks of more than was read has the table read again', () => {
  const { tables, did, apply } = oneTable();
  tables.plan('nft', 'host', WANTED).carryOut();
  const inTable = tables.plan('nft', 'host', { ...WANTED, chains: [{ name: 'd' }], add: [] });
  assert.is(did.reads, 1, 'there was no table, so all of it was known');
  inTable.carryOut();
  apply('host', []);
  tables.release();
  tables.plan('nft', 'host', WANTED);
  tables.plan('nft', 'host', { ...WANTED, chains: [], add: [] });
  assert.is(did.reads, 2);
  tables.plan('nft', 'host', { ...WANTED, chains: [{ name: 'd' }] });
  assert.is(did.reads, 3);
  assert.equal(tables.list('nft', 'host', 'ip', 't').map(({ name }) => name), ['c', 'd']);
  assert.is(did.reads, 4);
  tables.plan('nft', 'host', WANTED);
  assert.is(did.reads, 4);
});

test('what was read under an earlier lock counts as long as nobody else has changed a rule', () => {
  const { tables, did, chains, apply } = oneTable();
  const plan = tables.plan('nft', 'host', WANTED);
  plan.carryOut();
  tables.release();
  assert.equal(tables.plan('nft', 'host', WANTED).missing, []);
  assert.is(did.reads, 1);
  tables.release();
  apply('host', [{ do: 'flush chain', family: 'ip', table: 't', chain: 'c' }]);
  assert.is(tables.plan('nft', 'host', WANTED).missing.length, 1);
  assert.is(did.reads, 2);
  // A change that came while the lock was held, and one of ours after it.
  apply('host', [{ do: 'add chain', family: 'ip', table: 't', chain: 'd' }]);
  tables.plan('nft', 'host', WANTED).carryOut();
  tables.release();
  tables.plan('nft', 'host', { ...WANTED, chains: [], add: [], remove: [{ chain: 'd', comment: 'c1' }] });
  assert.is(did.reads, 3);
  assert.equal(chains()?.map(({ name }) => name), ['c', 'd']);
});

test('iptables that does not answer is not said to be unusable', () => {
  const readFails = (errno: string) => ruleTables(
    { netnsId: () => '1:1', iptables: { unusable: () => undefined, read: () => { throw new KernelError(errno, 'read it', 'no'); } } } as unknown as Kernel,
    { hold: () => ({ release: () => undefined }) } as unknown as Locks,
  ).unusableIptables('host', 'ip', 'filter');
  assert.is(readFails('EIPTABLES'), 'read it: no (EIPTABLES)');
  for (const lost of ['ETIMEDOUT', 'ENOBUFS']) assert.throws(() => readFails(lost), new RegExp(lost));
});

test('after a failure the table is read again', () => {
  const { tables, did } = oneTable();
  did.fail = true;
  assert.throws(() => tables.plan('nft', 'host', WANTED).carryOut(), /EBUSY/);
  did.fail = false;
  tables.plan('nft', 'host', WANTED).carryOut();
  assert.is(did.reads, 2);
});

test.run();
