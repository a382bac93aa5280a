// Others write to the tables we write to, also between our look and our change: what they have put there stays.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Kernel } from '../../host/kernel/kernel.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { liveKernel } from '../../host/kernel/live/live-kernel.ts';
import type { Locks } from '../../host/ledger/locks.ts';
import { carryOutPlan } from '../../host/ops/rules/carry-out-plan.ts';
import { ruleTables } from '../../host/ops/rules/tables.ts';
import { undoRules } from '../../host/ops/rules/undo-rules.ts';

const kernel = liveKernel(openLibc(), '');
const locks = { hold: () => ({ release: () => undefined }) } as unknown as Locks;
const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });
const load = (text: string): string => execFileSync('nft', ['--', text], { encoding: 'utf8' });

/** A kernel to which somebody else writes right before our first changes. */
function overtaken(interfere: () => void, times = 1): Kernel {
  let left = times;
  const after = <Args extends unknown[], T>(act: (...args: Args) => T) => (...args: Args): T => {
    if (left-- > 0) interfere();
    return act(...args);
  };
  return { ...kernel, nft: { ...kernel.nft, apply: after(kernel.nft.apply) }, iptables: { ...kernel.iptables, restore: after(kernel.iptables.restore) } };
}

test.before.each(() => void run('nft', 'flush', 'ruleset'));
test.after(() => kernel.close());

const OURS = { match: [{ mark: { value: 1, mask: 0xffffffff } }], action: { verdict: 'accept' as const }, comment: 'c1' };

test('a shared chain of nftables that others come to use in between is neither emptied nor deleted', () => {
  load('table inet shared {\nchain pass {\nmeta mark 1 accept comment "c1"\n}\n}\n');
  const between = overtaken(() => load('add rule inet shared pass meta mark 2 accept comment "others"\n'));
  undoRules(between, ruleTables(between, locks), 'nft', 'host', {
    family: 'inet', table: 'shared', remove: [{ chain: 'pass', rule: OURS }], drop: [{ chain: 'pass' }], unlessShared: true, dropTable: true,
  });
  assert.match(run('nft', 'list', 'ruleset'), /comment "others"/);
});

test('nor is one of iptables', () => {
  run('iptables', '-N', 'PASS-ON');
  run('iptables', '-A', 'PASS-ON', '-m', 'comment', '--comment', 'c1', '-m', 'mark', '--mark', '1', '-j', 'ACCEPT');
  const between = overtaken(() => void run('iptables', '-A', 'PASS-ON', '-m', 'comment', '--comment', 'others', '-j', 'ACCEPT'));
  undoRules(between, ruleTables(between, locks), 'iptables', 'host', {
    family: 'ip', table: 'filter', remove: [{ chain: 'PASS-ON', rule: OURS }], drop: [{ chain: 'PASS-ON' }], unlessShared: true,
  });
  assert.match(run('iptables', '-S', 'PASS-ON'), /others/);
});

test('a rule that others have taken away meanwhile is no error', () => {
  load('table inet shared {\nchain pass {\nmeta mark 1 accept comment "c1"\nmeta mark 3 accept\n}\n}\n');
  const between = overtaken(() => load('flush chain inet shared pass\nadd rule inet shared pass meta mark 2 accept comment "others"\n'));
  undoRules(between, ruleTables(between, locks), 'nft', 'host', { family: 'inet', table: 'shared', remove: [{ chain: 'pass', comment: 'c1' }] });
  assert.match(run('nft', 'list', 'ruleset'), /comment "others"/);
});

test('what is free of others goes all the same', () => {
  load('table inet shared {\nchain pass {\nmeta mark 1 accept comment "c1"\n}\n}\n');
  const between = overtaken(() => load('table inet elsewhere {\n}\n'));
  undoRules(between, ruleTables(between, locks), 'nft', 'host', {
    family: 'inet', table: 'shared', remove: [{ chain: 'pass', rule: OURS }], drop: [{ chain: 'pass' }], unlessShared: true, dropTable: true,
  });
  assert.is(run('nft', 'list', 'ruleset').trim(), 'table inet elsewhere {\n}');
});

for (const backend of ['nft', 'iptables'] as const) {
  const [family, table] = backend === 'nft' ? ['inet', 'shared'] as const : ['ip', 'nat'] as const;
  const wanted = { family, table, chains: [{ name: 'PASS-ON' }], add: [{ chain: 'PASS-ON', rule: OURS }] };
  const there = (): number => run('nft', 'list', 'ruleset').match(/chain PASS-ON|0x0*1\b/g)?.length ?? 0;

  test(`${backend}: a chain that others take away before a rule comes into it is made again`, () => {
    for (const before of [[], [{ chain: 'PASS-ON', rule: { ...OURS, action: { verdict: 'return' as const } } }]]) {
      run('nft', 'flush', 'ruleset');
      ruleTables(kernel, locks).plan(backend, 'host', { ...wanted, add: before }).carryOut();
      const between = overtaken(() => void run('nft', 'flush', 'ruleset'));
      const tables = ruleTables(between, locks);
      carryOutPlan(() => tables.plan(backend, 'host', wanted));
      assert.is(there(), 2);
    }
  });

  test(`${backend}: one that others make meanwhile is no error`, () => {
    const between = overtaken(() => ruleTables(kernel, locks).plan(backend, 'host', { ...wanted, add: [] }).carryOut());
    const tables = ruleTables(between, locks);
    carryOutPlan(() => tables.plan(backend, 'host', wanted));
    assert.is(there(), 2);
  });

  test(`${backend}: nor is a rule, or a chain, that they have taken away`, () => {
    for (const change of [{ remove: [{ chain: 'PASS-ON', rule: OURS }] }, { drop: [{ chain: 'PASS-ON' }] }]) {
      ruleTables(kernel, locks).plan(backend, 'host', wanted).carryOut();
      const between = overtaken(() => void run('nft', 'flush', 'ruleset'));
      const tables = ruleTables(between, locks);
      carryOutPlan(() => tables.plan(backend, 'host', { family, table, ...change }));
      assert.is(there(), 0);
    }
  });

  test(`${backend}: others who write all the time are waited for`, () => {
    ruleTables(kernel, locks).plan(backend, 'host', wanted).carryOut();
    const between = overtaken(() => load('add table ip elsewhere\ndelete table ip elsewhere\n'), 20);
    const tables = ruleTables(between, locks);
    carryOutPlan(() => tables.plan(backend, 'host', { family, table, drop: [{ chain: 'PASS-ON' }] }));
    assert.is(there(), 0);
  });
}

test('ports that others change while rules are read are read again, and those of a rule that has gone are no error', () => {
  const libc = openLibc();
  const content = (...ports: number[]): string => ports.map((port) => `add rule ip t c tcp dport { ${port}, ${port + 1} } accept comment "x"\n`).join('');
  const changes = ['flush chain ip t c\n', `flush chain ip t c\n${content(7, 17)}`];
  for (const [change, parts] of changes.flatMap((change) => [[{ chain: 'c' }], undefined].map((parts) => [change, parts] as const))) {
    let isChanged = true;
    for (let before = 1; isChanged; before++) {
      run('nft', 'flush', 'ruleset');
      load(`table ip t {\nchain c {\n}\n}\n${content(80, 90)}`);
      let left = before;
      isChanged = false;
      const between = liveKernel({
        ...libc,
        send(...args) {
          if (--left === 0) {
            load(change);
            isChanged = true;
          }
          libc.send(...args);
        },
      }, '');
      const rulesNow = (kernel: Kernel): unknown => kernel.nft.readLate('host', 'ip', 't', parts)?.chains[0]?.rules.map(({ handle, rule }) => [handle, rule?.match]);
      const [read, now] = [rulesNow(between), rulesNow(kernel)];
      between.close();
      const ports = JSON.stringify(read);
      assert.ok(isDeepStrictEqual(read, now) || ports.includes('[80,81]') && ports.includes('[90,91]'), `after ${before} questions: ${ports} for ${JSON.stringify(now)}`);
    }
  }
});

test.run();
