// A transaction of thousands of commands takes as long as they are many, not as they are times the table.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { applyToNft } from '../../host/kernel/apply-to-nft.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { NftCommand, NftTable } from '../../host/kernel/kernel.ts';

const AT = { family: 'ip', table: 't' } as const;
const COUNT = 300;
const rule = (comment: string) => ({ match: [], action: { verdict: 'return' as const }, comment });

/** Tables whose rules count how often they are looked at. */
function counting(): { table: NftTable; looks(): number } {
  let looks = 0;
  const watched = (handle: number, jump: string) => ({ get handle() { looks++; return handle; }, get jump() { looks++; return jump; } });
  const chains = Array.from({ length: COUNT }, (_, i) => ({ name: `c${i}`, rules: [] }));
  return { table: { family: 'ip', name: 't', chains: [...chains, { name: 'all', rules: chains.map(({ name }, i) => watched(i + 1, name)) }] }, looks: () => looks };
}

test('rules and chains that go', () => {
  const { table, looks } = counting();
  const commands: NftCommand[] = [
    ...Array.from({ length: COUNT }, (_, i): NftCommand => ({ do: 'delete rule', ...AT, chain: 'all', handle: i + 1 })),
    ...Array.from({ length: COUNT }, (_, i): NftCommand => ({ do: 'delete chain', ...AT, chain: `c${i}` })),
  ];
  assert.equal(applyToNft(table, commands), { family: 'ip', name: 't', chains: [{ name: 'all', rules: [] }] });
  assert.ok(looks() <= 10 * COUNT, `${looks()} looks at ${COUNT} rules`);
});

test('what comes, goes and comes again keeps its order', () => {
  const add = (comment: string, at: 'start' | 'end'): NftCommand => ({ do: 'add rule', ...AT, chain: 'c', rule: rule(comment), at });
  const apply = (...commands: NftCommand[]): (string | undefined)[] | undefined =>
    applyToNft({ family: 'ip', name: 't', chains: [{ name: 'c', rules: [{ handle: 1, comment: 'a' }, { handle: 2, comment: 'b' }] }] }, commands)?.chains[0]?.rules.map(({ comment }) => comment);
  assert.equal(apply(add('x', 'start'), add('y', 'end'), add('z', 'start')), ['z', 'x', 'a', 'b', 'y']);
  assert.equal(apply({ do: 'delete rule', ...AT, chain: 'c', handle: 1 }, add('x', 'start'), { do: 'delete rule', ...AT, chain: 'c', handle: -1 }, add('y', 'end')), ['b', 'y']);
  assert.equal(apply(add('x', 'end'), { do: 'flush chain', ...AT, chain: 'c' }, add('y', 'start')), ['y']);
  assert.throws(() => apply({ do: 'delete rule', ...AT, chain: 'c', handle: 1 }, { do: 'delete rule', ...AT, chain: 'c', handle: 1 }), (error: unknown) => error instanceof KernelError && error.errno === 'ENOENT');
});

test('a chain that is called stays, whenever the call came', () => {
  const chain = (name: string): NftCommand => ({ do: 'add chain', ...AT, chain: name });
  const call: NftCommand = { do: 'add rule', ...AT, chain: 'a', rule: { match: [], action: { jump: 'b' } }, at: 'end' };
  const gone = (name: string): NftCommand => ({ do: 'delete chain', ...AT, chain: name });
  const apply = (...commands: NftCommand[]): string => applyToNft(undefined, [{ do: 'add table', ...AT }, chain('a'), chain('b'), ...commands])!.chains.map(({ name }) => name).join(' ');
  assert.is(apply(call, { do: 'flush chain', ...AT, chain: 'a' }, gone('b')), 'a');
  assert.is(apply(call, gone('a'), gone('b')), '');
  assert.is(apply(chain('c'), gone('c'), { do: 'flush chain', ...AT, chain: 'a' }, gone('b')), 'a');
  for (const commands of [[call, gone('b')], [chain('c'), gone('c'), call, gone('b')]]) assert.throws(() => apply(...commands), (error: unknown) => error instanceof KernelError && error.errno === 'EBUSY');
});

test.run();
