// The rule sets of the built-in plugins, as the transactions they become. The texts are those of the reference.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DeadlinePassed, withDeadline } from '../../../host/deadline.ts';
import { applyToIptables } from '../../../host/kernel/apply-to-iptables.ts';
import { applyToNft } from '../../../host/kernel/apply-to-nft.ts';
import type { IptablesTable, NftTable } from '../../../host/kernel/kernel.ts';
import { listIptables, listNft } from '../../../host/ops/rules/list.ts';
import { planIptables } from '../../../host/ops/rules/plan-iptables.ts';
import { planNft } from '../../../host/ops/rules/plan-nft.ts';
import { ruleKey } from '../../../host/kernel/normal-rule.ts';
import type { Rule } from '../../../host/kernel/rule.ts';
import type { RuleSet } from '../../../host/ops/rules/rule-set.ts';
import { commandsFrom, linesFrom } from '../../support/iptables-lines.ts';

const UNUSED: IptablesTable = { family: 'ip', name: 'nat', chains: [] };
const OWN = 'CNI-DN-e0f1c2d3b4a5968778695';

/** portmap for one container with tcp 8080 → 80. */
const PORTMAP: RuleSet = {
  family: 'ip', table: 'nat',
  chains: [...['CNI-HOSTPORT-SETMARK', 'CNI-HOSTPORT-MASQ', 'CNI-HOSTPORT-DNAT'].map((name) => ({ name, life: 'network' as const })), { name: OWN }],
  set: [
    { chain: 'CNI-HOSTPORT-SETMARK', rules: [{ match: [], action: { setMark: { value: 0x2000, mask: 0x2000 } }, comment: 'CNI portfwd masquerade mark' }] },
    { chain: 'CNI-HOSTPORT-MASQ', rules: [{ match: [{ mark: { value: 0x2000, mask: 0x2000 } }], action: { masquerade: true } }] },
    {
      chain: OWN, rules: [
        { match: [{ saddr: '10.1.0.5/24' }, { proto: 'tcp', dport: 8080 }], action: { jump: 'CNI-HOSTPORT-SETMARK' } },
        { match: [{ saddr: '127.0.0.1' }, { proto: 'tcp', dport: 8080 }], action: { jump: 'CNI-HOSTPORT-SETMARK' } },
        { match: [{ proto: 'tcp', dport: 8080 }], action: { dnat: { to: '10.1.0.5', port: 80 } } },
      ],
    },
  ],
  add: [
    { chain: 'POSTROUTING', at: 'start', rule: { match: [], action: { jump: 'CNI-HOSTPORT-MASQ' }, comment: 'CNI portfwd requiring masquerade' }, life: 'network' },
    ...['PREROUTING', 'OUTPUT'].map((chain) => ({ chain, rule: { match: [{ dstType: 'local' as const }], action: { jump: 'CNI-HOSTPORT-DNAT' } }, life: 'network' as const })),
    { chain: 'CNI-HOSTPORT-DNAT', rule: { match: [{ proto: 'tcp', dports: [8080] }], action: { jump: OWN }, comment: 'dnat name: "blue" id: "c1"' } },
  ],
};

/** It is told in the middle of it, not when all is done. */
function endsInTime(act: () => unknown): void {
  let ended = false;
  assert.throws(() => withDeadline(20, () => {
    act();
    ended = true;
  }), (error: unknown) => error instanceof DeadlinePassed);
  assert.not.ok(ended);
}

test('portmap on a fresh node is one iptables-restore', () => {
  assert.equal(linesFrom('ip', planIptables(UNUSED, PORTMAP).commands), [
    '-N CNI-HOSTPORT-SETMARK', '-N CNI-HOSTPORT-MASQ', '-N CNI-HOSTPORT-DNAT', `-N ${OWN}`,
    '-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    '-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT',
    '-I POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
    '-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000',
    '-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE',
    '-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"blue\\" id: \\"c1\\"" -m multiport --dports 8080 -j CNI-DN-e0f1c2d3b4a5968778695',
    `-A ${OWN} -s 10.1.0.0/24 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK`,
    `-A ${OWN} -s 127.0.0.1/32 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK`,
    `-A ${OWN} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.0.5:80`,
  ]);
});

test('its second container adds only its own', () => {
  const first = applyToIptables(UNUSED, planIptables(UNUSED, PORTMAP).commands);
  const second: RuleSet = {
    ...PORTMAP, chains: [...PORTMAP.chains!.slice(0, 3), { name: 'CNI-DN-2' }], set: PORTMAP.set!.slice(0, 2),
    add: [...PORTMAP.add!.slice(0, 3), { chain: 'CNI-HOSTPORT-DNAT', rule: { match: [{ proto: 'udp', dports: [53] }], action: { jump: 'CNI-DN-2' } } }],
  };
  assert.equal(linesFrom('ip', planIptables(first, second).commands), ['-N CNI-DN-2', '-A CNI-HOSTPORT-DNAT -p udp -m multiport --dports 53 -j CNI-DN-2']);
});

test('DEL drops the chain with the jumps to it, however they are spelled', () => {
  const there = applyToIptables(UNUSED, commandsFrom('ip', [
    '-N CNI-HOSTPORT-DNAT', `-N ${OWN}`, `-A ${OWN} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.1.0.5:80`,
    `-A CNI-HOSTPORT-DNAT -s 192.0.2.0/24 -p tcp -m conntrack --ctstate NEW -m multiport --dports 8080 -j ${OWN}`,
  ]));
  assert.equal(linesFrom('ip', planIptables(there, { family: 'ip', table: 'nat', drop: [{ chain: OWN }] }).commands), [
    `-D CNI-HOSTPORT-DNAT -s 192.0.2.0/24 -p tcp -m conntrack --ctstate NEW -m multiport --dports 8080 -j ${OWN}`, `-F ${OWN}`, `-X ${OWN}`,
  ]);
  assert.equal(linesFrom('ip', planIptables(there, { family: 'ip', table: 'nat', drop: [{ chain: OWN, unreferenced: true }] }).commands), []);
});

test('what the first attachment of a network made for all stays while a later one uses it', () => {
  const { commands, undo } = planIptables(UNUSED, PORTMAP);
  const first = applyToIptables(UNUSED, commands);
  const withSecond = applyToIptables(first, commandsFrom('ip', ['-N CNI-DN-2', '-A CNI-HOSTPORT-DNAT -p udp -m multiport --dports 53 -j CNI-DN-2']));
  const alone = applyToIptables(first, planIptables(first, undo.attachment!).commands);
  const shared = applyToIptables(withSecond, planIptables(withSecond, undo.attachment!).commands);
  assert.equal(linesFrom('ip', planIptables(shared, undo.network!).commands), []);
  const after = applyToIptables(alone, planIptables(alone, undo.network!).commands);
  assert.equal(after.chains.map(({ name, rules }) => [name, rules]), [['PREROUTING', []], ['INPUT', []], ['OUTPUT', []], ['POSTROUTING', []]]);
});

test('check names what is missing, and says nothing of what is there beside it', () => {
  const there = applyToIptables(UNUSED, [...planIptables(UNUSED, PORTMAP).commands, ...commandsFrom('ip', [`-I ${OWN} -m limit --limit 5/min -j RETURN`])]);
  assert.equal(planIptables(there, PORTMAP).missing, []);
  const without = applyToIptables(there, commandsFrom('ip', ['-F CNI-HOSTPORT-DNAT', '-F PREROUTING']));
  assert.equal(planIptables(without, PORTMAP).missing, [
    { chain: 'PREROUTING', rule: '-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT' },
    { chain: 'CNI-HOSTPORT-DNAT', rule: `-p tcp -m comment --comment "dnat name: \\"blue\\" id: \\"c1\\"" -m multiport --dports 8080 -j ${OWN}` },
  ]);
  assert.equal(planIptables(UNUSED, PORTMAP).missing[0], { chain: 'PREROUTING', rule: '-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT' });
  assert.ok(planIptables(UNUSED, PORTMAP).missing.some(({ chain, rule }) => chain === OWN && rule === undefined));
});

const HASH = '0123456789abcdef-fedcba9876543210';
const masquerade = (ip: string): RuleSet => ({
  family: 'inet', table: 'cni_plugins_masquerade', tableComment: 'Masquerading',
  remove: [{ chain: 'masq_checks', commentPrefix: HASH }],
  chains: [
    { name: 'masq_checks', comment: 'Masquerade traffic', life: 'network' },
    { name: 'postrouting', hook: { type: 'nat', hook: 'postrouting', priority: 100 }, life: 'network' },
  ],
  set: [{ chain: 'postrouting', rules: [{ match: [{ daddr: '224.0.0.0/4' }], action: { verdict: 'return' } }, { match: [], action: { goto: 'masq_checks' } }] }],
  add: [{
    chain: 'masq_checks',
    rule: { match: [{ saddr: ip }, { daddr: '10.1.0.0/24', not: true }], action: { masquerade: true }, comment: `${HASH}, net: blue, if: eth0, id: c1` },
  }],
});

test('masquerading replaces a stale rule of the same attachment in the same transaction, and brings it back when the call fails', () => {
  const wanted = masquerade('10.1.0.5');
  const fresh = planNft(undefined, wanted);
  assert.equal(fresh.commands.map((command) => command.do), ['add table', 'add chain', 'add chain', 'add rule', 'add rule', 'add rule']);
  const there = applyToNft(undefined, fresh.commands)!;
  assert.equal(planNft(there, wanted).commands, []);
  const moved = planNft(there, masquerade('10.1.0.6'));
  assert.equal(moved.commands.map((command) => command.do), ['delete rule', 'add rule']);
  assert.equal(Object.keys(moved.undo), ['call', 'attachment']);
  const after = [moved.undo.attachment!, moved.undo.call!].reduce<NftTable | undefined>((table, undo) => applyToNft(table, planNft(table, undo).commands), applyToNft(there, moved.commands));
  assert.equal(listNft(after), listNft(there));
});

test('the table that was made goes with its last chain', () => {
  const { commands, undo } = planNft(undefined, masquerade('10.1.0.5'));
  assert.equal(Object.keys(undo), ['attachment', 'network']);
  const there = applyToNft(undefined, commands);
  const after = [undo.attachment!, undo.network!].reduce<NftTable | undefined>((table, part) => applyToNft(table, planNft(table, part).commands), there);
  assert.is(after, undefined);
});

test('rules outside the grammar stay, can be found by comment and jump, and keep a chain from being unreferenced', () => {
  const table: NftTable = {
    family: 'ip', name: 't', chains: [{ name: 'a', rules: [{ handle: 7, comment: 'theirs', jump: 'b' }] }, { name: 'b', rules: [] }],
  };
  const plan = (rest: Partial<RuleSet>) => planNft(table, { family: 'ip', table: 't', ...rest }).commands.map((command) => command.do);
  assert.equal(plan({ drop: [{ chain: 'b', unreferenced: true }] }), []);
  assert.equal(plan({ drop: [{ chain: 'b' }] }), ['delete rule', 'delete chain']);
  assert.equal(plan({ remove: [{ chain: 'a', comment: 'theirs' }] }), ['delete rule']);
  assert.equal(plan({ set: [{ chain: 'a', rules: [] }] }), ['flush chain']);
  assert.equal(listNft(table), [{ name: 'a', rules: [{ text: '# handle 7', comment: 'theirs', jump: 'b' }] }, { name: 'b', rules: [] }]);
});

test('a thousand rules go one by one as long as one stays, or one comes, which the nft program may have to write: it does not notice what others add meanwhile', () => {
  const rule = (dport: number): Rule => ({ match: [{ proto: 'tcp', dport }], action: { verdict: 'return' } });
  const all = Array.from({ length: 1_000 }, (_, i) => i + 1);
  const table: NftTable = { family: 'ip', name: 't', chains: [{ name: 'a', rules: all.map((n) => ({ handle: n, rule: rule(n) })) }] };
  const plan = (ports: number[], rest: Partial<RuleSet> = {}) =>
    planNft(table, { family: 'ip', table: 't', remove: ports.map((port) => ({ chain: 'a', rule: rule(port) })), ...rest }).commands.map((command) => command.do);
  assert.equal(plan(all), ['flush chain']);
  assert.equal(plan(all.slice(1)), all.slice(1).map(() => 'delete rule'));
  assert.equal(plan(all, { add: [{ chain: 'a', rule: rule(1_001) }] }), [...all.map(() => 'delete rule'), 'add rule']);
});

test('a chain that is called by the next one, that by the next one, and so on, goes with all of them', () => {
  const names = Array.from({ length: 50 }, (_, i) => `c${i}`);
  const table: NftTable = { family: 'ip', name: 't', chains: names.map((name, i) => ({ name, rules: i === 0 ? [] : [{ handle: i, jump: `c${i - 1}` }] })) };
  const drop = names.map((chain) => ({ chain, unreferenced: true }));
  const gone = (rest: RuleSet['drop']) => planNft(table, { family: 'ip', table: 't', drop: rest! }).commands.filter((command) => command.do === 'delete chain').length;
  assert.is(gone(drop), 50);
  assert.is(gone(drop.toReversed()), 50);
  assert.is(gone(drop.slice(0, 49)), 0, 'the last one is called from a chain that stays');
});

test('a chain is gone through once for all rules that go, and once for all that come', () => {
  const rules = Array.from({ length: 300 }, (_, i): Rule => ({ match: [{ proto: 'tcp', dport: i + 1 }], action: { verdict: 'return' } }));
  let looks = 0;
  const there = rules.map((rule) => ({ text: '', comment: undefined, jump: undefined, mayCall: () => false, rule, get key() { looks++; return ruleKey('ip', rule); } }));
  const table: IptablesTable = { family: 'ip', name: 'nat', chains: [{ name: 'A', rules: there }] };
  const plan = (rest: Partial<RuleSet>): number => planIptables(table, { family: 'ip', table: 'nat', ...rest }).commands.length;
  const all = rules.map((rule) => ({ chain: 'A', rule }));
  assert.is(plan({ remove: all }), 300);
  assert.is(plan({ add: all }), 0);
  assert.is(plan({ remove: all, add: all }), 0, 'what comes again stays');
  assert.ok(looks <= 12 * 300, `${looks} looks at 300 rules`);
});

test('a content that grows around what is there is not flushed', () => {
  const rule = (comment: string) => ({ match: [], action: { verdict: 'return' as const }, comment });
  const table: NftTable = { family: 'ip', name: 't', chains: [{ name: 'a', rules: [{ handle: 1, rule: rule('b') }] }] };
  const set = (...comments: string[]) => planNft(table, { family: 'ip', table: 't', set: [{ chain: 'a', rules: comments.map(rule) }] }).commands.map((command) => command.do);
  assert.equal(set('b'), []);
  assert.equal(set('a', 'b', 'c'), ['add rule', 'add rule']);
  assert.equal(set('c'), ['flush chain', 'add rule']);
});

test('of hundreds of chains that go what each rule calls is read a few times, not for each of them', () => {
  let reads = 0;
  const names = Array.from({ length: 400 }, (_, i) => `a${i}`);
  const table: NftTable = {
    family: 'ip', name: 't', chains: names.map((name, i) => ({ name, rules: [{ handle: i + 1, get jump() { reads++; return i % 10 === 9 ? undefined : `a${i + 1}`; } }] })),
  };
  const { commands } = planNft(table, { family: 'ip', table: 't', drop: names.toReversed().map((chain) => ({ chain, unreferenced: true })) });
  assert.equal(new Set(commands.map((command) => command.do)), new Set(['flush chain', 'delete chain']));
  assert.is(commands.length, 2 * names.length);
  assert.ok(reads < 10 * names.length, `${reads} reads`);
});

test('a rule set of thousands of removals, each of which is looked for in thousands of rules, ends when the guest\'s time is over', () => {
  const rules = Array.from({ length: 2000 }, (_, i) => ({ handle: i + 1, comment: 'x', rule: { match: [{ saddr: `10.0.${i >> 8}.${i & 255}` }], action: { verdict: 'drop' as const }, comment: 'x' } }));
  const table: NftTable = { family: 'ip', name: 't', chains: [{ name: 'a', rules }] };
  endsInTime(() => planNft(table, { family: 'ip', table: 't', remove: Array.from({ length: 4000 }, () => ({ chain: 'a', address: '10.9.9.9' })) }));
  endsInTime(() => planNft(table, { family: 'ip', table: 't', add: Array.from({ length: 4000 }, (_, i) => ({ chain: 'a', rule: { match: [{ dport: i + 1, proto: 'tcp' }], action: { verdict: 'drop' as const }, comment: 'x' } })) }));
});

test('listings give text and comment', () => {
  const table = applyToIptables(UNUSED, commandsFrom('ip', ['-N A', '-A A -m comment --comment "x y" -j ACCEPT', '-A A -p tcp -m tcp --sport 1 -j DROP']));
  assert.equal(listIptables(table).at(-1)!.rules.map(({ text, comment, jump }) => [text, comment, jump]),
    [['-m comment --comment "x y" -j ACCEPT', 'x y', 'ACCEPT'], ['-p tcp -m tcp --sport 1 -j DROP', undefined, 'DROP']]);
});

test('a removal without a criterion, and a hook for iptables, are refused', () => {
  assert.throws(() => planNft(undefined, { family: 'ip', table: 't', remove: [{ chain: 'a' }] }), /give rule, comment, commentPrefix, address or jump/);
  assert.throws(() => planIptables(UNUSED, { family: 'ip', table: 'nat', chains: [{ name: 'A', hook: { type: 'nat', hook: 'output', priority: 0 } }] }), /leave hook out/);
});

test.run();
