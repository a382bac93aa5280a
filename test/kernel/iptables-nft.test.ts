// What we write into iptables' tables is what its nf_tables variant writes, byte by byte, and what it writes we read without it.
// CNI_WASM_TEST_XTABLES=PROGRAM compares with another xtables-nft-multi than the installed one.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readSavedRule } from '../../host/kernel/iptables-parse.ts';
import { renderRule } from '../../host/kernel/iptables-text.ts';
import { isOvertaken, isRefusal, KernelError } from '../../host/kernel/kernel-error.ts';
import type { IptablesTable } from '../../host/kernel/kernel.ts';
import { listAttributes, textOf } from '../../host/kernel/live/attributes.ts';
import { openContext } from '../../host/kernel/live/context.ts';
import { dialectOfVersion, type Dialect } from '../../host/kernel/live/iptables-nft/dialect.ts';
import { readIptablesTable } from '../../host/kernel/live/iptables-nft/read.ts';
import { lookedAt, type NftTableOfIptables } from '../../host/kernel/live/iptables-nft/table.ts';
import { encodedFor, restoreThroughNetlink } from '../../host/kernel/live/iptables-nft/write.ts';
import { readSavedTable } from '../../host/kernel/live/iptables-saved.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { nfgenmsg } from '../../host/kernel/live/nft-wire.ts';
import { ruleKey } from '../../host/kernel/normal-rule.ts';
import type { Family, Rule } from '../../host/kernel/rule.ts';
import { anyRule } from '../kernel-fake/rules.ts';
import { commandsFrom } from '../support/iptables-lines.ts';
import { IPTABLES_CASES } from '../support/iptables-rules.ts';

const PROGRAM = process.env['CNI_WASM_TEST_XTABLES'] ?? '/usr/sbin/xtables-nft-multi';
const { stdout = '' } = spawnSync(PROGRAM, ['iptables', '-V'], { encoding: 'utf8' });
const dialect = dialectOfVersion(/v(\S+)/.exec(stdout)?.[1] ?? '');
const NAME: Readonly<Record<Family, string>> = { ip: 'iptables', ip6: 'ip6tables' };
const NUMBER: Readonly<Record<Family, number>> = { ip: 2, ip6: 10 };

const context = openContext(openLibc(), '');
const socket = context.netfilter('host');

const run = (family: Family, verb: string, args: string[], input = ''): string => execFileSync(PROGRAM, [`${NAME[family]}${verb}`, ...args], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
const theirs = (family: Family, table: string, lines: readonly string[]): string => run(family, '-restore', ['--noflush'], `*${table}\n${lines.join('\n')}\nCOMMIT\n`);
const saved = (family: Family): string => run(family, '-save', ['-c']).replace(/^#.*\n/gm, '');
const at = (family: Family, name: string): NftTableOfIptables => lookedAt({ socket, family, name, dialect: dialect as Dialect });
const read = (family: Family, table: string, ask = (): IptablesTable => assert.unreachable('iptables was asked') as never): IptablesTable =>
  readIptablesTable(at(family, table), ask);
/** Ours, on what was listed before; what goes, goes as it was listed. */
const write = (family: Family, table: string, lines: readonly string[]): boolean => {
  const before = at(family, table);
  return restoreThroughNetlink(before, commandsFrom(family, lines, readIptablesTable(before, () => assert.unreachable('iptables was asked') as never)));
};
const ours = (family: Family, table: string, lines: readonly string[]): void => assert.ok(write(family, table, lines), 'iptables was to be asked');
const savedChains = (family: Family, table: string): IptablesTable['chains'] => readSavedTable(run(family, '-save', ['-t', table]), family, table);
const rulesOf = (table: IptablesTable, chain: string): string[] => table.chains.find(({ name }) => name === chain)!.rules.map(({ text }) => text);

/** All messages of tables, chains and rules; without handles and positions, which tell in what order they were made. */
/** A counter's name, and its numbers. */
const COUNTED = /(636f756e746572001c000200).{48}/g;

function listed(family: Family): string[] {
  const leave: Readonly<Record<number, number[]>> = { 1: [4], 4: [2], 7: [3, 6] };
  return [1, 4, 7].flatMap((type) => socket.dump((10 << 8) | type, nfgenmsg(NUMBER[family]), 'list').map(({ body }) => listAttributes(body.subarray(4))
    .filter((one) => !leave[type]!.includes(one.type)).map((one) => `${one.type}=${one.payload.toString('hex').replaceAll(COUNTED, '$1')}`).join(' ')));
}

function flush(): void {
  for (const family of ['ip', 'ip6'] as const) {
    for (const { body } of socket.dump((10 << 8) | 1, nfgenmsg(NUMBER[family]), 'list')) {
      execFileSync('nft', ['delete', 'table', family, textOf(listAttributes(body.subarray(4)).find(({ type }) => type === 1)?.payload)]);
    }
  }
}

test.before.each(flush);

/** iptables knows a few of our forms, and we leave them to it. */
const isTheirs = ([, line]: readonly [Family, string, Rule]): boolean => line.includes('dccp');

for (const [family, line, rule] of dialect ? IPTABLES_CASES.filter((one) => !isTheirs(one)) : []) {
  test(`${family} ${line}`, () => {
    const lines = ['-N OTHER-1', '-N C', `-A C ${renderRule(family, rule)}`];
    theirs(family, 'nat', lines);
    const [wanted, wantedText] = [listed(family), saved(family)];
    const [there] = read(family, 'nat').chainNamed!('C')!.rules;
    const said = readSavedRule(family, renderRule(family, rule));
    assert.equal([there!.text, there!.comment, there!.jump, there!.key, ruleKey(family, there!.rule!)], [said.text, said.comment, said.jump, said.key, said.key], 'theirs is read without them');
    assert.is(there!.mayCall('OTHER-1'), said.jump === 'OTHER-1');
    flush();
    ours(family, 'nat', lines);
    assert.equal(listed(family), wanted);
    assert.is(saved(family), wantedText);
    run(family, '', ['-t', 'nat', '-C', 'C', ...line.match(/"(?:[^"\\]|\\.)*"|\S+/g)!.map((word) => (word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word))]);
    run(family, '-restore', ['--noflush'], `*nat\n-D C ${renderRule(family, rule)}\nCOMMIT\n`);
    assert.equal(rulesOf(read(family, 'nat'), 'C'), []);
  });
}

/** Of a version that we do not know nothing is claimed. */
const kernelTest = dialect ? test : test.skip;

for (const family of dialect ? ['ip', 'ip6'] as const : []) {
  test(`any rules of the grammar, ${family}`, () => {
    const rules = fc.sample(anyRule(family), { numRuns: 200, seed: 20_261_127 }).flatMap((rule) => lineFor(family, rule));
    assert.ok(rules.length > 100, `only ${rules.length}`);
    const lines = ['-N CNI-a', '-N CNI-b', '-N chain', '-N a/b:c', '-N C', ...rules];
    theirs(family, 'nat', lines);
    const [wanted, wantedText] = [listed(family), saved(family)];
    assert.equal(rulesOf(read(family, 'nat'), 'C'), rules.map((line) => line.slice('-A C '.length)));
    flush();
    ours(family, 'nat', lines);
    assert.equal(listed(family), wanted);
    assert.is(saved(family), wantedText);
  });
}

/** None for rules that we leave to iptables. */
function lineFor(family: Family, rule: Rule): string[] {
  try {
    const line = `-A C ${renderRule(family, rule)}`;
    return encodedFor(at(family, 'nat'), rule) ? [line] : [];
  } catch (error) {
    if (error instanceof KernelError) return [];
    throw error;
  }
}

function isDone(lines: readonly string[]): boolean {
  try {
    return write('ip', 'nat', lines);
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

/** Somebody else's rules around ours, in words that the grammar has not. */
const FOREIGN = [
  '-N KUBE-SERVICES', '-A KUBE-SERVICES -m comment --comment "a b" -m limit --limit 5/min -j RETURN', '-A KUBE-SERVICES -p tcp -m tcp --sport 1:7 -j LOG',
  '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES', '-A POSTROUTING ! -o docker0 -s 172.17.0.0/16 -j MASQUERADE',
];

kernelTest('what others wrote is passed on as iptables prints it, and neither lost nor moved', () => {
  theirs('ip', 'nat', FOREIGN);
  const before = saved('ip');
  let asked = 0;
  const table = read('ip', 'nat', () => {
    asked++;
    return { family: 'ip', name: 'nat', chains: savedChains('ip', 'nat') };
  });
  const kube = table.chains.find(({ name }) => name === 'KUBE-SERVICES')!.rules;
  assert.equal(kube.map(({ comment, jump, rule }) => [comment, jump, rule]), [['a b', 'RETURN', undefined], [undefined, 'LOG', undefined]]);
  assert.is(new Set(kube.map(({ key }) => key)).size, 2);
  assert.equal(rulesOf(table, 'POSTROUTING'), ['-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE']);
  assert.is(asked, 0, 'nobody needs their words for that');
  assert.equal(kube.map(({ text }) => text), ['-m comment --comment "a b" -m limit --limit 5/min -j RETURN', '-p tcp -m tcp --sport 1:7 -j LOG']);
  assert.is(asked, 1, 'iptables is asked once for all of them');
  ours('ip', 'nat', ['-N CNI-x', '-I PREROUTING -s 192.0.2.1/32 -j CNI-x', '-A PREROUTING -s 192.0.2.2/32 -j CNI-x', '-A CNI-x -j RETURN']);
  assert.equal(rulesOf(read('ip', 'nat'), 'PREROUTING'), ['-s 192.0.2.1/32 -j CNI-x', '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES', '-s 192.0.2.2/32 -j CNI-x']);
  ours('ip', 'nat', ['-D PREROUTING -s 192.0.2.1/32 -j CNI-x', '-D PREROUTING -s 192.0.2.2/32 -j CNI-x', '-F CNI-x', '-X CNI-x']);
  assert.is(saved('ip'), before);
});

kernelTest('base chains are made as iptables makes them, in every table, and a policy is left as it is', () => {
  const chains = { nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'], filter: ['INPUT', 'FORWARD', 'OUTPUT'], mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'], raw: ['PREROUTING', 'OUTPUT'], security: ['INPUT', 'FORWARD', 'OUTPUT'] };
  const each = (write: (family: Family, table: string, lines: string[]) => void): void => {
    for (const family of ['ip', 'ip6'] as const) for (const [table, names] of Object.entries(chains)) write(family, table, names.map((chain) => `-A ${chain} -p tcp -j ACCEPT`));
  };
  each(theirs);
  const wanted = [...listed('ip'), ...listed('ip6')];
  flush();
  each(ours);
  assert.equal([...listed('ip'), ...listed('ip6')], wanted);
  run('ip', '', ['-P', 'FORWARD', 'DROP']);
  ours('ip', 'filter', ['-A FORWARD -s 192.0.2.1/32 -j ACCEPT']);
  assert.match(saved('ip'), ':FORWARD DROP ');
  assert.is(read('ip', 'filter').chainNamed!('FORWARD')!.policy, 'DROP');
});

kernelTest('a rule is taken away as it was found, of equal ones that very one, and not at all when another wrote in between', () => {
  theirs('ip', 'nat', ['-N CNI-x', '-A CNI-x -s 192.0.2.1/32 -j RETURN', '-A CNI-x -s 192.0.2.2/32 -j RETURN', '-A CNI-x -s 192.0.2.1/32 -j RETURN']);
  const takeLast = (meanwhile: () => void): boolean => {
    const before = at('ip', 'nat');
    const rule = readIptablesTable(before, () => assert.unreachable() as never).chainNamed!('CNI-x')!.rules.at(-1)!;
    meanwhile();
    return restoreThroughNetlink(before, [{ do: 'delete rule', chain: 'CNI-x', rule }]);
  };
  assert.throws(() => takeLast(() => theirs('ip', 'filter', ['-N CNI-y'])), isOvertaken);
  assert.is(rulesOf(read('ip', 'nat'), 'CNI-x').length, 3);
  assert.ok(takeLast(() => undefined));
  assert.equal(rulesOf(read('ip', 'nat'), 'CNI-x'), ['-s 192.0.2.1/32 -j RETURN', '-s 192.0.2.2/32 -j RETURN']);
});

kernelTest('its words are asked for until nobody has changed anything meanwhile', () => {
  theirs('ip', 'filter', ['-N CNI-x', '-A CNI-x -m limit --limit 5/min -j RETURN']);
  let asked = 0;
  const table = read('ip', 'filter', () => {
    if (++asked < 10) theirs('ip', 'nat', [`-N CNI-${asked}`]);
    return { family: 'ip', name: 'filter', chains: savedChains('ip', 'filter') };
  });
  assert.match(rulesOf(table, 'CNI-x')[0]!, /--limit 5\/min/);
  assert.is(asked, 10);
});

kernelTest('what only iptables can say or judge is left to it, and then nothing is done', () => {
  theirs('ip', 'nat', ['-N CNI-x', '-A CNI-x -j RETURN']);
  const before = listed('ip');
  for (const lines of [
    ['-A CNI-x -m limit --limit 5/min -j RETURN'], ['-A CNI-x -p dccp -m dccp --dport 80 -j RETURN'], ['-A CNI-x -j DROP'], ['-A CNI-x -j LOG'], ['-N PREROUTING'], ['-X OUTPUT'],
    ['-A CNI-y -j CNI-none'], ['-N CNI-y', '-N CNI-x'], ['-N CNI-y', '-D CNI-x -j ACCEPT'], ['-N CNI-y', '-X CNI-none'], ['-X CNI-x'], ['-N CNI-y', '-A PREROUTING -j MASQUERADE'],
    ['-A CNI-x ! -s 0.0.0.0/0 -j RETURN'],
  ]) {
    assert.is(isDone(lines), false, lines.join('; '));
    assert.equal(listed('ip'), before, lines.join('; '));
  }
});

kernelTest('chains at other places than iptables has them are none of its own', () => {
  execFileSync('nft', ['table ip nat { chain PREROUTING { type nat hook prerouting priority 7; }; chain CNI-x { }; }']);
  const table = read('ip', 'nat');
  assert.equal(table.chainNamed!('CNI-x')!.rules, []);
  for (const look of [() => table.chainNamed!('PREROUTING'), () => table.chains]) assert.throws(look, /chain PREROUTING is none that iptables makes/);
});

test.run();
