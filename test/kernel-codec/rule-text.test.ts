// What may stand in a rule at all, and that nothing in it can become another word of the line.
// SPDX-License-Identifier: Apache-2.0

import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readSavedRule } from '../../host/kernel/iptables-parse.ts';
import { checkIptablesChain, renderRule } from '../../host/kernel/iptables-text.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { encodeRule } from '../../host/kernel/live/nft-encode.ts';
import { nftScript } from '../../host/kernel/nft-script.ts';
import { normalRule, ruleKey } from '../../host/kernel/normal-rule.ts';
import type { Match, Rule } from '../../host/kernel/rule.ts';

const ACCEPT: Rule = { match: [], action: { verdict: 'accept' } };

test('any comment is one word of the line, or refused', () => {
  fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 60, unit: 'binary' }), fc.string({ maxLength: 20, unit: fc.constantFrom('"', '\\', '\'', ' ', '-', 'j', '\n') })), (comment) => {
    let line: string;
    try {
      line = renderRule('ip', { ...ACCEPT, comment });
    } catch (error) {
      assert.ok(error instanceof KernelError && error.errno === 'EINVAL');
      assert.match(comment, /[\u0000-\u001f\u007f]/);
      return;
    }
    const read = readSavedRule('ip', line);
    assert.is(read.comment ?? '', comment);
    assert.equal(read.rule?.action, ACCEPT.action);
    assert.is(read.key, ruleKey('ip', { ...ACCEPT, comment }));
  }), { numRuns: 500 });
});

test('chains are called by names that are no options, targets or words with blanks', () => {
  for (const name of ['', '-j', '!', '!a', 'a b', 'a\nb', 'ACCEPT', 'MASQUERADE', 'x'.repeat(29), '"x"', "a'b", 'a`b', 'a\\b', 'ä']) {
    assert.throws(() => checkIptablesChain(name), /must be 1 to 28/, name);
    assert.throws(() => renderRule('ip', { match: [], action: { jump: name } }), undefined, name);
  }
  assert.is(checkIptablesChain('CNI-DN-e0f1c2d3b4a5968778695'), 'CNI-DN-e0f1c2d3b4a5968778695');
});

const inScript = (rule: Rule): string => nftScript([{ do: 'add rule', family: 'ip', table: 't', chain: 'c', at: 'end', rule }]);

test('iptables has more names for chains than nft reads back', () => {
  for (const name of ['1A', ':A', '+A', '@A', 'A=B', '#A', '*A', '{A}', 'A%s', 'A!B', ',A', '$A', 'A|B', '(A)']) {
    const rule: Rule = { match: [], action: { jump: name } };
    assert.is(renderRule('ip', rule), `-j ${name}`);
    assert.equal(readSavedRule('ip', `-j ${name}`).rule, rule);
    assert.throws(() => inScript(rule), /must be 1 to 255 letters/, name);
    assert.throws(() => encodeRule('ip', rule, () => 1), /must be 1 to 255 letters/, name);
  }
  const longest = 'x'.repeat(255);
  assert.match(inScript({ match: [], action: { jump: longest } }), ` jump ${longest}\n`);
  assert.throws(() => inScript({ match: [], action: { jump: `${longest}x` } }), /must be 1 to 255/);
});

const refused = (name: string, match: Match[], why: RegExp, action: Rule['action'] = { verdict: 'drop' }) =>
  test(`refused: ${name}`, () => assert.throws(() => ruleKey('ip', { match, action }), why));

refused('two criteria in one match', [{ saddr: '10.0.0.1', daddr: '10.0.0.1' }], /exactly one criterion/);
refused('no criterion', [{ not: true }], /exactly one criterion/);
refused('a protocol beside an address', [{ saddr: '10.0.0.1', proto: 'tcp' }], /exactly one criterion/);
refused('a port without protocol', [{ dport: 80 }], /needs proto/);
refused('a port of icmp', [{ proto: 'icmp', dport: 80 }], /needs proto/);
refused('port 0', [{ proto: 'tcp', dport: 0 }], /1 to 65535/);
refused('an unknown protocol', [{ proto: 'quux' }], /not known/);
refused('two protocols', [{ proto: 'tcp' }, { proto: 'udp', dport: 1 }], /contradict/);
refused('one address twice', [{ saddr: '10.0.0.1' }, { saddr: '10.0.0.2' }], /twice/);
refused('the other family', [{ saddr: 'fd00::1' }], /family ip/);
refused('no address at all', [{ saddr: '10.0.0.1 -j ACCEPT' }], /EINVAL/);
refused('a prefix as a destination', [], /EINVAL/, { dnat: { to: '10.0.0.1/24' } });
refused('a destination port without protocol', [], /needs a match/, { dnat: { to: '10.0.0.1', port: 80 } });
refused('one interface twice', [{ iif: 'eth0' }, { iif: 'eth0', not: true }], /twice/);
for (const iif of ['', 'eth+', 'a b', 'eth*', '-j', '!', 'a"b', 'a/b', 'x'.repeat(16), 'ä']) refused(`interface ${iif}`, [{ iif }], /cannot be matched exactly/);
refused('no connection state', [{ ctState: [] }], /must be some of/);
refused('an unknown connection state', [{ ctState: ['dnat' as 'new'] }], /must be some of/);
refused('a hardware address outside family bridge', [{ ethSaddr: '02:00:00:00:00:01' }], /in a rule of family ip/);
for (const match of [{ saddr: '10.0.0.1' }, { proto: 'tcp' }, { proto: 'tcp', dport: 80 }, { dstType: 'local' }, { ctState: ['new'] }] satisfies Match[]) {
  test(`refused in family bridge: ${JSON.stringify(match)}`, () => assert.throws(() => ruleKey('bridge', { match: [match], action: { verdict: 'drop' } }), /in a rule of family bridge/));
}
test('refused in family bridge: address translation', () => assert.throws(() => ruleKey('bridge', { match: [], action: { masquerade: true } }), /no address translation/));
test('refused: half a hardware address', () => assert.throws(() => ruleKey('bridge', { match: [{ ethSaddr: '02:00' }], action: { verdict: 'drop' } }), /six bytes/));
refused('two actions', [], /exactly one/, { verdict: 'drop', jump: 'A' });
refused('no action', [], /exactly one/, {});
refused('a mark of 33 bits', [{ mark: { value: 2 ** 32, mask: 1 } }], /32-bit/);

test('equal rules have equal keys: states in any order, addresses in capitals', () => {
  const of = (ctState: ('new' | 'related')[]) => ruleKey('ip', { match: [{ ctState }], action: { verdict: 'drop' } });
  assert.is(of(['related', 'new', 'new']), of(['new', 'related']));
  const from = (ethSaddr: string) => ruleKey('bridge', { match: [{ ethSaddr }], action: { verdict: 'drop' } });
  assert.is(from('02:00:00:00:00:AB'), from('02:00:00:00:00:ab'));
});

test('equal rules have equal keys whatever the order of their matches and the form of their addresses', () => {
  const one = ruleKey('ip', { match: [{ proto: 'tcp', dport: 80 }, { saddr: '10.1.0.5/24' }, { daddr: '0.0.0.0/0' }], action: { masquerade: true } });
  assert.is(one, ruleKey('ip', { match: [{ saddr: '10.1.0.0/24' }, { proto: 'tcp' }, { proto: 'tcp', dport: 80 }], action: { masquerade: true }, comment: '' }));
  assert.is(ruleKey('inet', { match: [{ saddr: '::/0' }], action: { masquerade: true } }) === ruleKey('inet', { match: [], action: { masquerade: true } }), false);
});

const foreign = (line: string) => test(`not of the grammar: ${line}`, () => assert.equal(readSavedRule('ip', line).rule, undefined));
foreign('-i eth+ -j ACCEPT');
foreign('-m conntrack --ctstate RELATED,DNAT -j ACCEPT');
foreign('-m conntrack --ctorigdst 10.0.0.1 -j ACCEPT');
foreign('-m mac --mac-source 02:00:00:00:00:01 -j ACCEPT');
foreign('-i eth0 -m physdev --physdev-in eth1 -j ACCEPT');
foreign('-p tcp -m tcp --dport 80:90 -j ACCEPT');
foreign('-m connmark --mark 0x1 -j ACCEPT');
foreign('-m mark --mark 0x1 -j CONNMARK --save-mark');
foreign('-p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.1-10.0.0.9');
foreign('-j MASQUERADE --random-fully');
foreign('-m addrtype --dst-type LOCAL --limit-iface-in -j ACCEPT');
foreign('-m comment --comment "no action"');

test('a normal form is made once, and anew for a copy that is changed or another family', () => {
  const normal = normalRule('ip', { match: [{ saddr: '10.1.0.5/24' }], action: { masquerade: true } });
  assert.is(normalRule('ip', normal), normal);
  assert.equal(normalRule('ip', { ...normal, match: [{ daddr: '10.1.0.5/24' }] }).match, [{ daddr: '10.1.0.0/24' }]);
  assert.throws(() => normalRule('ip6', normal), /in a rule of family ip6/);
});

test.run();
