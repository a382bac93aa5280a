// Contract: nf_tables, one batch at a time.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { Kernel, NftCommand, NftPart, NftTable } from '../../../host/kernel/kernel.ts';
import type { Rule } from '../../../host/kernel/rule.ts';
import { planNft } from '../../../host/ops/rules/plan-nft.ts';
import { refuses, type Cases } from '../case.ts';

const TABLE = { family: 'inet', table: 'blue' } as const;
const POSTROUTING = { type: 'nat', hook: 'postrouting', priority: 100 } as const;
const ACCEPT: Rule = { match: [{ saddr: '192.0.2.5/32' }], action: { verdict: 'accept' }, comment: 'one' };
const DROP: Rule = { match: [], action: { verdict: 'drop' } };

const addTable: NftCommand = { do: 'add table', ...TABLE, comment: 'made for a test' };
const addChain = (chain: string): NftCommand => ({ do: 'add chain', ...TABLE, chain });
const addRule = (chain: string, rule: Rule, at: 'start' | 'end' = 'end'): NftCommand => ({ do: 'add rule', ...TABLE, chain, rule, at });
const read = (kernel: Kernel): NftTable => {
  const table = kernel.nft.read('host', 'inet', 'blue');
  assert.ok(table);
  return table!;
};
const chainOf = (kernel: Kernel, name: string) => read(kernel).chains.find((chain) => chain.name === name)!;
const verdicts = (kernel: Kernel, name: string): unknown[] => chainOf(kernel, name).rules.map(({ rule }) => rule?.action.verdict);
const namesOf = (kernel: Kernel): string[] => read(kernel).chains.map(({ name }) => name).sort();

export const nftCases: Cases = {
  'nf_tables can be used'(kernel) {
    assert.is(kernel.nft.unusable('host'), undefined);
    if (existsSync('/usr/sbin/nft')) assert.is(kernel.nft.unusable('host', true), undefined);
  },

  'a table that is not there is undefined'(kernel) {
    assert.is(kernel.nft.read('host', 'inet', 'none'), undefined);
  },

  'a table, its chains and their rules are made in one batch'(kernel) {
    kernel.nft.apply('host', [
      addTable, addChain('checks'), { do: 'add chain', ...TABLE, chain: 'postrouting', hook: POSTROUTING, comment: 'for a test' },
      addRule('checks', ACCEPT), addRule('postrouting', { match: [], action: { jump: 'checks' } }),
    ]);
    assert.equal(namesOf(kernel), ['checks', 'postrouting']);
    assert.equal(chainOf(kernel, 'postrouting').hook, POSTROUTING);
    assert.is(chainOf(kernel, 'checks').hook, undefined);
    const [rule] = chainOf(kernel, 'checks').rules;
    assert.equal([rule!.rule, rule!.comment], [ACCEPT, 'one']);
    assert.ok(rule!.handle > 0);
  },

  'each namespace has its own tables'(kernel) {
    kernel.nft.apply('host', [addTable]);
    assert.is(kernel.nft.read('container', 'inet', 'blue'), undefined);
  },

  'each family has its own tables'(kernel) {
    kernel.nft.apply('host', [addTable]);
    assert.is(kernel.nft.read('host', 'ip', 'blue'), undefined);
  },

  'what is there may be added again'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('checks'), { do: 'add chain', ...TABLE, chain: 'post', hook: POSTROUTING }, addRule('checks', ACCEPT)]);
    kernel.nft.apply('host', [addTable, addChain('checks'), { do: 'add chain', ...TABLE, chain: 'post', hook: POSTROUTING }]);
    assert.equal(verdicts(kernel, 'checks'), ['accept']);
  },

  'a base chain cannot become another one (EEXIST, or EOPNOTSUPP in newer kernels)'(kernel) {
    kernel.nft.apply('host', [addTable, { do: 'add chain', ...TABLE, chain: 'post', hook: POSTROUTING }]);
    refuses(() => kernel.nft.apply('host', [{ do: 'add chain', ...TABLE, chain: 'post', hook: { ...POSTROUTING, priority: 7 } }]), 'EEXIST', 'EOPNOTSUPP');
  },

  'rules are added at both ends'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('checks'), addRule('checks', ACCEPT)]);
    kernel.nft.apply('host', [addRule('checks', DROP, 'start'), addRule('checks', { match: [], action: { verdict: 'return' } })]);
    assert.equal(verdicts(kernel, 'checks'), ['drop', 'accept', 'return']);
  },

  'a rule is deleted by its handle, and no other is (ENOENT)'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('checks'), addRule('checks', ACCEPT), addRule('checks', DROP)]);
    const { handle } = chainOf(kernel, 'checks').rules[0]!;
    refuses(() => kernel.nft.apply('host', [{ do: 'delete rule', ...TABLE, chain: 'checks', handle: 9999 }]), 'ENOENT');
    kernel.nft.apply('host', [{ do: 'delete rule', ...TABLE, chain: 'checks', handle }]);
    assert.equal(verdicts(kernel, 'checks'), ['drop']);
    refuses(() => kernel.nft.apply('host', [{ do: 'delete rule', ...TABLE, chain: 'checks', handle }]), 'ENOENT');
  },

  'a chain is emptied and filled again in one batch'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('checks'), addRule('checks', ACCEPT)]);
    kernel.nft.apply('host', [{ do: 'flush chain', ...TABLE, chain: 'checks' }, addRule('checks', DROP)]);
    assert.equal(verdicts(kernel, 'checks'), ['drop']);
  },

  'of a batch that fails nothing is done'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('checks'), addRule('checks', ACCEPT)]);
    refuses(() => kernel.nft.apply('host', [
      addChain('more'), addRule('checks', DROP), { do: 'flush chain', ...TABLE, chain: 'checks' }, addRule('none', DROP),
    ]), 'ENOENT');
    assert.equal([namesOf(kernel), verdicts(kernel, 'checks')], [['checks'], ['accept']]);
    refuses(() => kernel.nft.apply('host', [{ do: 'add table', family: 'ip', table: 'red' }, { do: 'delete table', family: 'ip', table: 'none' }]), 'ENOENT');
    assert.is(kernel.nft.read('host', 'ip', 'red'), undefined);
  },

  'what a command needs must be there (ENOENT)'(kernel) {
    refuses(() => kernel.nft.apply('host', [addChain('checks')]), 'ENOENT');
    refuses(() => kernel.nft.apply('host', [{ do: 'delete table', ...TABLE }]), 'ENOENT');
    kernel.nft.apply('host', [addTable, addChain('checks')]);
    for (const command of ['delete chain', 'flush chain'] as const) {
      refuses(() => kernel.nft.apply('host', [{ do: command, ...TABLE, chain: 'none' }]), 'ENOENT');
    }
    refuses(() => kernel.nft.apply('host', [addRule('none', ACCEPT)]), 'ENOENT');
    refuses(() => kernel.nft.apply('host', [addRule('checks', { match: [], action: { jump: 'none' } })]), 'ENOENT');
    refuses(() => kernel.nft.apply('host', [addRule('checks', { match: [], action: { goto: 'none' } })]), 'ENOENT');
  },

  'a chain somebody jumps to is EBUSY until the jump is gone'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('from'), addChain('to'), addRule('from', { match: [], action: { jump: 'to' } })]);
    refuses(() => kernel.nft.apply('host', [{ do: 'delete chain', ...TABLE, chain: 'to' }]), 'EBUSY');
    const { handle } = chainOf(kernel, 'from').rules[0]!;
    kernel.nft.apply('host', [{ do: 'delete rule', ...TABLE, chain: 'from', handle }, { do: 'flush chain', ...TABLE, chain: 'to' }, { do: 'delete chain', ...TABLE, chain: 'to' }]);
    assert.equal(namesOf(kernel), ['from']);
  },

  'an emptied table can be deleted'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('checks')]);
    kernel.nft.apply('host', [{ do: 'delete chain', ...TABLE, chain: 'checks' }, { do: 'delete table', ...TABLE }]);
    assert.is(kernel.nft.read('host', 'inet', 'blue'), undefined);
  },

  'of a table parts can be read: chains by name, rules by how their comments begin, of the others where they are'(kernel) {
    const rule = (comment?: string): Rule => ({ match: [], action: { verdict: 'accept' }, ...(comment === undefined ? {} : { comment }) });
    const parts = (...asked: NftPart[]) => kernel.nft.readLate('host', 'inet', 'blue', asked)
      ?.chains.map(({ name, hook, rules }) => [name, hook?.hook, rules.map(({ handle, comment, rule: says }) => (handle > 0 ? [comment, says?.action.verdict] : undefined))]);
    assert.is(parts({ chain: 'checks' }), undefined);
    kernel.nft.apply('host', [
      addTable, addChain('checks'), addChain('others'), { do: 'add chain', ...TABLE, chain: 'post', hook: POSTROUTING },
      ...['one', 'two', undefined, 'once', 'on'].map((comment) => addRule('checks', rule(comment))), addRule('others', rule('one')), addRule('post', rule('one')),
    ]);
    assert.equal(parts({ chain: 'checks', comments: ['on'] }), [['checks', undefined, [['one', 'accept'], undefined, ['once', 'accept'], ['on', 'accept']]]]);
    assert.equal(parts({ chain: 'checks', comments: ['onc', 'two'] }), [['checks', undefined, [undefined, ['two', 'accept'], undefined, ['once', 'accept'], undefined]]]);
    assert.equal(parts({ chain: 'checks', comments: ['three'] }), [['checks', undefined, [undefined]]]);
    assert.equal(parts({ chain: 'post', comments: [] }, { chain: 'none' }, { chain: 'others' }), [['post', 'postrouting', []], ['others', undefined, [['one', 'accept']]]]);
  },

  'every transaction makes the next generation, and nothing else does'(kernel) {
    const first = kernel.nft.generation('host')!;
    kernel.nft.apply('host', [addTable, addChain('checks'), addRule('checks', ACCEPT)]);
    kernel.nft.read('host', 'inet', 'blue');
    refuses(() => kernel.nft.apply('host', [addRule('none', ACCEPT)]), 'ENOENT');
    assert.is(kernel.nft.generation('host'), first + 1);
    kernel.nft.apply('host', [{ do: 'flush chain', ...TABLE, chain: 'checks' }]);
    assert.is(kernel.nft.generation('host'), first + 2);
  },

  'a base chain is no target (EOPNOTSUPP)'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('checks'), { do: 'add chain', ...TABLE, chain: 'post', hook: POSTROUTING }]);
    refuses(() => kernel.nft.apply('host', [addRule('checks', { match: [], action: { jump: 'post' } })]), 'EOPNOTSUPP');
  },

  'a loop that packets could reach is refused (EMLINK, ELOOP)'(kernel) {
    const to = (jump: string): Rule => ({ match: [], action: { jump } });
    refuses(() => kernel.nft.apply('host', [
      addTable, addChain('a'), addChain('b'), { do: 'add chain', ...TABLE, chain: 'post', hook: POSTROUTING },
      addRule('a', to('b')), addRule('b', to('a')), addRule('post', to('a')),
    ]), 'EMLINK', 'ELOOP');
  },

  'nat statements belong to nat chains of the right hook (EOPNOTSUPP)'(kernel) {
    const chain = (name: string, type: 'nat' | 'filter', hook: string): NftCommand => ({ do: 'add chain', ...TABLE, chain: name, hook: { type, hook, priority: 0 } });
    kernel.nft.apply('host', [addTable, chain('filter', 'filter', 'forward'), chain('pre', 'nat', 'prerouting'), chain('post', 'nat', 'postrouting')]);
    const masquerade: Rule = { match: [{ saddr: '192.0.2.5/32' }], action: { masquerade: true } };
    const dnat: Rule = { match: [{ proto: 'tcp', dport: 80 }], action: { dnat: { to: '192.0.2.5', port: 8080 } } };
    refuses(() => kernel.nft.apply('host', [addRule('filter', masquerade)]), 'EOPNOTSUPP', 'EINVAL');
    refuses(() => kernel.nft.apply('host', [addRule('pre', masquerade)]), 'EOPNOTSUPP', 'EINVAL');
    refuses(() => kernel.nft.apply('host', [addRule('post', dnat)]), 'EOPNOTSUPP', 'EINVAL');
    kernel.nft.apply('host', [addRule('post', masquerade), addRule('pre', dnat)]);
    assert.equal([chainOf(kernel, 'post').rules[0]!.rule, chainOf(kernel, 'pre').rules[0]!.rule], [masquerade, dnat]);
  },

  'rules about interfaces, connections and hardware addresses come back as they were'(kernel) {
    const match: Rule['match'] = [{ iif: 'cni0' }, { oif: 'eth0.1@x', not: true }, { ctState: ['established', 'related'] }, { ctState: ['invalid', 'new', 'untracked'], not: true }];
    const rule: Rule = { match, action: { verdict: 'return' } };
    kernel.nft.apply('host', [addTable, addChain('checks'), addRule('checks', rule)]);
    assert.equal(chainOf(kernel, 'checks').rules[0]!.rule, rule);
    const at = { family: 'bridge', table: 'nat' } as const;
    const between: Rule = { match: [{ iif: 'veth1' }, { ethSaddr: '02:00:00:00:00:01', not: true }, { mark: { value: 1, mask: 3 } }], action: { verdict: 'drop' }, comment: 'c1' };
    const hook = { type: 'filter', hook: 'prerouting', priority: -300 } as const;
    kernel.nft.apply('host', [{ do: 'add table', ...at }, { do: 'add chain', ...at, chain: 'PREROUTING', hook }, { do: 'add rule', ...at, chain: 'PREROUTING', rule: between, at: 'end' }]);
    const [chain] = kernel.nft.read('host', 'bridge', 'nat')!.chains;
    assert.equal([chain!.hook, chain!.rules[0]!.rule], [hook, between]);
  },

  'what a family does not know is refused before the kernel is asked (EINVAL)'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('checks')]);
    refuses(() => kernel.nft.apply('host', [addRule('checks', { match: [{ ethSaddr: '02:00:00:00:00:01' }], action: { verdict: 'drop' } })]), 'EINVAL');
    const at = { family: 'bridge', table: 'nat', chain: 'c' } as const;
    kernel.nft.apply('host', [{ do: 'add table', ...at }, { do: 'add chain', ...at }]);
    refuses(() => kernel.nft.apply('host', [{ do: 'add rule', ...at, at: 'end', rule: { match: [{ saddr: '192.0.2.5' }], action: { verdict: 'drop' } } }]), 'EINVAL');
  },

  'a rule with words of nft itself is known again by the rest of it'(kernel) {
    if (!existsSync('/usr/sbin/nft')) return;
    const rule: Rule = { match: [{ saddr: '192.0.2.5/32' }, { proto: 'tcp', dport: 80 }, { raw: ['iifname', '"eth0"', 'tcp', 'sport', '7'] }], action: { verdict: 'accept' }, comment: 'one' };
    kernel.nft.apply('host', [addTable, addChain('checks'), addRule('checks', rule)]);
    const plan = (wanted: Rule): number => planNft(read(kernel), { ...TABLE, add: [{ chain: 'checks', rule: wanted }] }).commands.length;
    assert.equal([chainOf(kernel, 'checks').rules.length, chainOf(kernel, 'checks').rules[0]!.comment], [1, 'one']);
    assert.is(plan(rule), 0);
    assert.is(plan({ ...rule, match: rule.match.slice(0, 2) }), 1, 'the rule without the words is another');
    assert.is(plan({ ...rule, comment: 'two' }), 1);
    kernel.nft.apply('host', planNft(read(kernel), { ...TABLE, remove: [{ chain: 'checks', rule }] }).commands);
    assert.is(chainOf(kernel, 'checks').rules.length, 0);
  },

  'rules come back in their normal form'(kernel) {
    kernel.nft.apply('host', [addTable, addChain('checks'), addRule('checks', { match: [{ saddr: '192.0.2.5' }, { daddr: '198.51.100.7/24', not: true }], action: { verdict: 'return' } })]);
    assert.equal(chainOf(kernel, 'checks').rules[0]!.rule, { match: [{ saddr: '192.0.2.5/32' }, { daddr: '198.51.100.0/24', not: true }], action: { verdict: 'return' } });
  },
};
