// The operator's own words in a rule: they stay words, and stay conditions.
// SPDX-License-Identifier: Apache-2.0

import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { wordsOf } from '../../host/kernel/iptables-parse.ts';
import { renderRule } from '../../host/kernel/iptables-text.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { nftScript } from '../../host/kernel/nft-script.ts';
import { renderNftRule } from '../../host/kernel/nft-text.ts';
import { ruleKey } from '../../host/kernel/normal-rule.ts';
import type { Rule } from '../../host/kernel/rule.ts';

const rule = (...raw: string[]): Rule => ({ match: [{ proto: 'tcp', dports: [80, 81] }, { raw }], action: { jump: 'CNI-x' }, comment: 'c1' });
const refuses = (act: () => unknown, why: RegExp, what: string): void =>
  assert.throws(act, (error: unknown) => error instanceof KernelError && error.errno === 'EINVAL' && why.test(error.message), what);

test('iptables: words stand behind the matches and before the jump', () => {
  assert.is(renderRule('ip', rule('!', '-s', '192.0.2.0/24', '-m', 'policy', '--pol', 'ipsec', '--dir', 'in')),
    '-p tcp -m comment --comment c1 -m multiport --dports 80,81 "!" -s "192.0.2.0/24" -m policy --pol ipsec --dir in -j CNI-x');
});

test('iptables: any words are read as those words, or refused', () => {
  const word = fc.oneof(fc.string({ minLength: 1, maxLength: 20, unit: 'binary' }), fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('"', '\\', '\'', ' ', '-', 'j', 'm', '\n', '!') }));
  fc.assert(fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
    let line: string;
    try {
      line = renderRule('ip', rule(...words));
    } catch (error) {
      assert.ok(error instanceof KernelError && error.errno === 'EINVAL');
      return;
    }
    assert.not.match(line, /[\u0000-\u001f\u007f]/);
    const read = wordsOf(line);
    assert.equal(read.slice(-2 - words.length), [...words, '-j', 'CNI-x']);
    assert.is(read.slice(-2 - words.length, -2).some((one) => /^-[jgtM]|^--(j|ju|jum|jump|g|go|got|goto|t|ta|tab|tabl|table|mo|mod)(=|$)/.test(one)), false);
  }), { numRuns: 1000 });
});

for (const word of ['-j', '-jDROP', '-g', '-t', '-tfilter', '--table', '--tab', '--table=filter', '--jump', '--ju', '-A', '-D', '--append', '-fj', '-M', '--modprobe=/bin/sh', '-w', '--', '-4']) {
  test(`iptables: ${word} is no condition`, () => refuses(() => renderRule('ip', rule('-s', '192.0.2.1', word)), /is no match/, word));
}

test('control characters, no words, and words before other matches are refused', () => {
  for (const words of [['a\nb'], ['a\u0000'], [''], []]) refuses(() => renderRule('ip', rule(...words)), /raw match/, JSON.stringify(words));
  refuses(() => renderRule('ip', { ...rule('-f'), match: [{ raw: ['-f'] }, { saddr: '192.0.2.1' }] }), /must be the last/, 'order');
});

test('nft: words stand before the action, and cannot end the rule', () => {
  const ip: Rule = { match: [{ proto: 'tcp', dport: 80 }, { raw: ['iifname', '{ "eth0", "eth1" }'] }], action: { dnat: { to: '192.0.2.2', port: 80 } }, comment: 'c1' };
  assert.is(renderNftRule('ip', ip), 'tcp dport 80 iifname { "eth0", "eth1" } dnat to 192.0.2.2:80 comment "c1"');
  for (const words of [['accept;', 'drop'], ['#'], ['iifname', '"eth0'], ['}'], ['{'], ['} {'], ['a\\'], ['$x'], ['"', '}', '"', '{']]) {
    refuses(() => renderNftRule('ip', { ...ip, match: [ip.match[0]!, { raw: words }] }), /condition/, JSON.stringify(words));
  }
});

test('nft: a transaction as the program reads it', () => {
  const at = { family: 'ip', table: 't' } as const;
  assert.is(nftScript([
    { do: 'add table', ...at, comment: 'of a test' }, { do: 'add chain', ...at, chain: 'pre', hook: { type: 'nat', hook: 'prerouting', priority: -100 }, comment: 'x' }, { do: 'add chain', ...at, chain: 'c' },
    { do: 'flush chain', ...at, chain: 'c' }, { do: 'delete rule', ...at, chain: 'c', handle: 7 }, { do: 'delete chain', ...at, chain: 'd' },
    { do: 'add rule', ...at, chain: 'c', rule: { match: [{ raw: ['ct', 'state', 'new'] }], action: { verdict: 'accept' } }, at: 'start' },
  ]), [
    'add table ip t { comment "of a test"; }', 'add chain ip t pre { type nat hook prerouting priority -100; comment "x"; }', 'add chain ip t c',
    'flush chain ip t c', 'delete rule ip t c handle 7', 'delete chain ip t d', 'insert rule ip t c ct state new accept', '',
  ].join('\n'));
  refuses(() => nftScript([{ do: 'delete table', ...at }]), /same transaction/, 'delete table');
});

test('a rule with words is another than the one without, and than one with others', () => {
  const keys = [rule('-f'), rule('-s', '192.0.2.1'), { ...rule('-f'), match: [{ proto: 'tcp', dports: [80, 81] }] }].map((one) => ruleKey('ip', one));
  assert.is(new Set(keys).size, 3);
});

test.run();
