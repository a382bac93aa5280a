// What is known of chains from an earlier listing is what the kernel would list now, whoever changes what, and is listed only when it has to be.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawnSync } from 'node:child_process';
import { statSync, type Stats } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { NftCommand, NftPart, NftTable } from '../../host/kernel/kernel.ts';
import { openContext } from '../../host/kernel/live/context.ts';
import { iptablesKernel } from '../../host/kernel/live/iptables.ts';
import { keptSockets, type KeptSockets } from '../../host/kernel/live/kept-sockets.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { SO_RCVBUFFORCE, SOL_SOCKET } from '../../host/kernel/live/netlink.ts';
import { nftKernel } from '../../host/kernel/live/nft.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { Rule } from '../../host/kernel/rule.ts';
import { restoreLines } from '../support/iptables-lines.ts';

const libc = openLibc();
const T = { family: 'ip', table: 't' } as const;
const SO_RCVBUF = 8;
const PARTS: NftPart[] = [{ chain: 'a' }, { chain: 'b', comments: ['x'] }, { chain: 'none' }];
const nft = (text: string): string => execFileSync('nft', ['--', text], { encoding: 'utf8' });

const home = ((of: Stats) => `${of.dev}:${of.ino}`)(statSync('/proc/self/ns/net'));
/** Of a thread that does one call after the other, and hears of the changes of its like. */
const sockets: KeptSockets[] = [];
function thread(): KeptSockets {
  const kept = keptSockets(home);
  sockets.push(kept);
  return kept;
}
test.after.each(() => sockets.splice(0).forEach((kept) => kept.close()));

function open(kept?: KeptSockets) {
  const context = openContext(libc, '', { env: process.env, ...(kept ? { kept } : {}) });
  const socket = context.netfilter('host');
  let listings = 0;
  const { dump } = socket;
  socket.dump = (...of) => {
    listings++;
    return dump.apply(socket, of);
  };
  return { context, kernel: nftKernel(context), iptables: iptablesKernel(context), listings: () => listings };
}

const said = (table: NftTable | undefined) => table?.chains.map(({ name, hook, rules }) => ({ name, hook, rules: rules.map(({ handle, rule, known, comment, jump }) => ({ handle, rule, known, comment, jump })) }));

/** As who has never looked reads it. */
function fresh(parts?: NftPart[]) {
  const { context, kernel } = open();
  try {
    return said(kernel.readLate('host', 'ip', 't', parts));
  } finally {
    context.close();
  }
}

test.before.each(() => void nft('flush ruleset\ntable ip t {\n chain a {\n }\n chain b {\n }\n chain c {\n }\n}\n'));

const rules: Rule[] = [
  { match: [{ proto: 'tcp', dport: 80 }], action: { verdict: 'accept' }, comment: 'x' },
  { match: [{ proto: 'tcp', dports: [80, 81] }], action: { verdict: 'accept' }, comment: 'x-1' },
  { match: [{ saddr: '192.0.2.1/32' }], action: { jump: 'c' }, comment: 'y' },
  { match: [], action: { verdict: 'drop' } },
];
const chain = fc.constantFrom('a', 'b');
type Step = (table: NftTable) => NftCommand[] | string;
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.array(fc.tuple(chain, fc.constantFrom(...rules), fc.constantFrom('start' as const, 'end' as const)), { minLength: 1, maxLength: 4 })
    .map((added): Step => () => added.map(([one, rule, at]): NftCommand => ({ do: 'add rule', ...T, chain: one, rule, at }))) },
  { weight: 4, arbitrary: fc.tuple(chain, fc.nat(9)).map(([one, i]): Step => ({ chains }) => {
    const handles = chains.find(({ name }) => name === one)?.rules.map(({ handle }) => handle).filter((handle) => handle > 0) ?? [];
    return handles.length === 0 ? [] : [{ do: 'delete rule', ...T, chain: one, handle: handles[i % handles.length]! }];
  }) },
  { weight: 1, arbitrary: chain.map((one): Step => () => [{ do: 'flush chain', ...T, chain: one }]) },
  { weight: 1, arbitrary: chain.map((one): Step => () => [{ do: 'flush chain', ...T, chain: one }, { do: 'delete chain', ...T, chain: one }, { do: 'add chain', ...T, chain: one }, { do: 'add rule', ...T, chain: one, rule: rules[0]!, at: 'end' }]) },
  { weight: 1, arbitrary: chain.map((one): Step => () => [{ do: 'add table', ...T }, { do: 'add chain', ...T, chain: one }]) },
  { weight: 4, arbitrary: fc.array(fc.tuple(chain, fc.constantFrom('insert', 'add'), fc.constantFrom('x', 'y')), { minLength: 1, maxLength: 3 })
    .map((added): Step => () => added.map(([one, how, comment]) => `${how} rule ip t ${one} udp dport 53 accept comment "${comment}"\n`).join('')) },
  { weight: 4, arbitrary: fc.tuple(chain, fc.nat(9), fc.constantFrom('delete', 'replace', 'insert', 'add')).map(([one, i, how]): Step => ({ chains }) => {
    const handles = chains.find(({ name }) => name === one)?.rules.map(({ handle }) => handle).filter((handle) => handle > 0) ?? [];
    if (handles.length === 0) return '';
    const handle = handles[i % handles.length]!;
    return `${how} rule ip t ${one} ${how === 'delete' || how === 'replace' ? 'handle' : 'position'} ${handle}${how === 'delete' ? '' : ' udp dport { 53, 54 } accept comment "x"'}\n`;
  }) },
  // Beside a rule that the same transaction has taken away.
  { weight: 4, arbitrary: fc.tuple(chain, fc.constantFrom(0, 1, -1), fc.array(fc.constantFrom('insert', 'add'), { minLength: 1, maxLength: 2 }), fc.boolean()).map(([one, i, hows, flushes]): Step => ({ chains }) => {
    const handle = chains.find(({ name }) => name === one)?.rules.map((rule) => rule.handle).filter((each) => each > 0).at(i);
    if (handle === undefined) return '';
    return `${flushes ? `flush chain ip t ${one}` : `delete rule ip t ${one} handle ${handle}`}\n${hows.map((how) => `${how} rule ip t ${one} position ${handle} accept comment "x"\n`).join('')}`;
  }) },
  { weight: 2, arbitrary: fc.constantFrom(
    'flush chain ip t a\n', 'flush table ip t\n', 'add chain ip t late\nadd rule ip t late accept\n', 'add table ip elsewhere\nadd chain ip elsewhere a\nadd rule ip elsewhere a accept\n',
    'add set ip t s { type ipv4_addr; }\nadd element ip t s { 192.0.2.1 }\n',
    'delete table ip t\nadd table ip t\nadd chain ip t a\nadd chain ip t b\nadd chain ip t c\nadd rule ip t b accept comment "x"\n',
    'rename chain ip t a a2\nadd chain ip t a\nadd rule ip t a drop\n', 'rename chain ip t b b2\nrename chain ip t a b\nrename chain ip t b2 a\n',
  ).map((text): Step => () => text) },
  // Refused by the kernel, all of it.
  { weight: 1, arbitrary: chain.map((one): Step => () => [{ do: 'add rule', ...T, chain: one, rule: rules[0]!, at: 'end' }, { do: 'delete rule', ...T, chain: one, handle: 999_999 }]) },
);

function carryOut(kernel: ReturnType<typeof open>['kernel'], commands: NftCommand[] | string): void {
  // Of a chain or a name that is taken.
  if (typeof commands === 'string') return void spawnSync('nft', ['--', commands]);
  try {
    kernel.apply('host', commands);
  } catch (error) {
    if (!(error instanceof KernelError && error.errno === 'ENOENT')) throw error;
  }
}

test('after any changes of two threads and of others', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(1), step), { maxLength: 12 }), (steps) => {
    nft('flush ruleset\ntable ip t {\n chain a {\n }\n chain b {\n }\n chain c {\n }\n}\n');
    const threads = [open(thread()), open(thread())] as const;
    const read = (by: number): NftTable => {
      const table = threads[by]!.kernel.readLate('host', 'ip', 't', PARTS)!;
      assert.equal(said(table), fresh(PARTS));
      return table;
    };
    try {
      for (const [by, next] of steps) carryOut(threads[by]!.kernel, next(read(by)));
      threads.forEach((_, by) => read(by));
    } finally {
      for (const { context } of threads) context.close();
      for (const kept of sockets.splice(0)) kept.close();
    }
  }), { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 60) });
});

test('nothing is listed again, whoever has changed what, as long as it can be told where a new rule is', () => {
  const { context, kernel, listings } = open(thread());
  const listed = (change: () => void): number => {
    change();
    const before = listings();
    assert.equal(said(kernel.readLate('host', 'ip', 't', [{ chain: 'a' }])), fresh([{ chain: 'a' }]));
    return listings() - before;
  };
  const ours = (...commands: NftCommand[]) => () => kernel.apply('host', commands);
  const others = (text: string) => () => void nft(text);
  try {
    assert.is(listed(() => undefined), 1);
    assert.is(listed(ours({ do: 'add rule', ...T, chain: 'a', rule: rules[0]!, at: 'end' }, { do: 'add rule', ...T, chain: 'a', rule: rules[2]!, at: 'start' })), 0);
    const { handle } = kernel.readLate('host', 'ip', 't', [{ chain: 'a' }])!.chains[0]!.rules[0]!;
    assert.is(listed(ours({ do: 'delete rule', ...T, chain: 'a', handle })), 0);
    assert.is(listed(others('add table ip elsewhere\n')), 0);
    assert.is(listed(others('add rule ip t a accept\ninsert rule ip t a drop\nadd chain ip t late\n')), 0);
    assert.is(listed(others('add rule ip t a index 1 accept\n')), 0);
    assert.is(listed(others('insert rule ip t a accept\ninsert rule ip t a accept\n')), 1, 'the first of them is behind one that is told of later');
    assert.is(listed(others('flush chain ip t a\n')), 0);
    assert.is(listed(() => { for (let i = 0; i < 30; i++) kernel.apply('host', [{ do: 'add rule', ...T, chain: 'a', rule: rules[0]!, at: 'end' }]); }), 0);
  } finally {
    context.close();
  }
});

test('nor are rules of iptables listed again', () => {
  const { context, iptables, listings } = open();
  const rulesNow = (): string[] => iptables.read('host', 'ip', 'nat').chainNamed?.('CNI-x')?.rules.map(({ text }) => text) ?? [];
  const line = (i: number): string => `-A CNI-x -s 192.0.2.${i}/32 -m comment --comment c${i} -j RETURN`;
  try {
    restoreLines(iptables, 'host', 'ip', 'nat', '-N CNI-x', line(1), line(2));
    assert.is(rulesNow().length, 2);
    restoreLines(iptables, 'host', 'ip', 'nat', line(3), line(1).replace('-A', '-D'));
    const before = listings();
    const now = rulesNow();
    assert.is(listings(), before);
    assert.equal(now, execFileSync('iptables', ['-t', 'nat', '-S', 'CNI-x'], { encoding: 'utf8' }).split('\n').filter((one) => one.startsWith('-A')).map((one) => one.replace('-A CNI-x ', '')));
    execFileSync('iptables', ['-t', 'nat', '-D', 'CNI-x', '2']);
    assert.is(rulesNow().length, 1);
  } finally {
    context.close();
  }
});

test('what was lost, since there was no room for it, is listed', () => {
  const { context, kernel } = open(thread());
  const events = context.netfilter('host')['events'];
  const read = () => assert.equal(said(kernel.readLate('host', 'ip', 't', PARTS)), fresh(PARTS));
  try {
    read();
    for (const option of [SO_RCVBUFFORCE, SO_RCVBUF]) events['option'](SOL_SOCKET, option, 1);
    for (const count of [3, 300]) {
      nft(Array.from({ length: count }, () => 'add rule ip t a udp dport 53 accept\n').join(''));
      for (let i = 0; i < 3; i++) nft('add rule ip t b udp dport 53 accept comment "x"\n');
      read();
      nft('delete chain ip t c\n');
      read();
      nft('add chain ip t c\n');
    }
  } finally {
    context.close();
  }
});

test('a change whose answer is lost is not made a second time, and nothing of it is known', () => {
  const { context, kernel, iptables } = open();
  const socket = context.netfilter('host');
  const line = (i: number): string => `-A CNI-x -s 192.0.2.${i}/32 -j RETURN`;
  const unlessLost = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      if (!(error instanceof KernelError && error.errno === 'ENOBUFS')) throw error;
    }
  };
  try {
    restoreLines(iptables, 'host', 'ip', 'nat', '-N CNI-x', line(1));
    kernel.readLate('host', 'ip', 't', PARTS);
    // The kernel makes the least it has of it.
    for (const option of [SO_RCVBUFFORCE, SO_RCVBUF]) socket['option'](SOL_SOCKET, option, 1);
    unlessLost(() => restoreLines(iptables, 'host', 'ip', 'nat', ...Array.from({ length: 60 }, (_, i) => line(i + 2))));
    unlessLost(() => kernel.apply('host', Array.from({ length: 60 }, () => ({ do: 'add rule', ...T, chain: 'a', rule: rules[0]!, at: 'end' }))));
    assert.is(execFileSync('iptables', ['-t', 'nat', '-S', 'CNI-x'], { encoding: 'utf8' }).match(/^-A/gm)?.length, 61);
    socket['option'](SOL_SOCKET, SO_RCVBUF, 200_000);
    assert.equal(said(kernel.readLate('host', 'ip', 't', PARTS)), fresh(PARTS));
  } finally {
    context.close();
  }
});

test.run();
