// Our lines against the iptables programs, both of their variants: what we write is what they print, what they print we understand.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readSavedRule } from '../../host/kernel/iptables-parse.ts';
import { renderRule } from '../../host/kernel/iptables-text.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { IptablesKernel } from '../../host/kernel/kernel.ts';
import { openContext } from '../../host/kernel/live/context.ts';
import { iptablesKernel } from '../../host/kernel/live/iptables.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import type { Family, Rule } from '../../host/kernel/rule.ts';
import { applyToIptables } from '../../host/ops/rules/apply-to-iptables.ts';
import { planIptables } from '../../host/ops/rules/plan-iptables.ts';
import type { RuleSet } from '../../host/ops/rules/rule-set.ts';

const comment = 'dnat name: "blue" id: "c1"';
/** The reference's own commands and the rules we say instead. */
const CASES: [Family, string, Rule][] = [
  ['ip', '-m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000', { match: [], action: { setMark: { value: 0x2000, mask: 0x2000 } }, comment: 'CNI portfwd masquerade mark' }],
  ['ip', '-m mark --mark 0x2000/0x2000 -j MASQUERADE', { match: [{ mark: { value: 0x2000, mask: 0x2000 } }], action: { masquerade: true } }],
  ['ip', '-m comment --comment "CNI portfwd requiring masquerade" -j OTHER', { match: [], action: { jump: 'OTHER' }, comment: 'CNI portfwd requiring masquerade' }],
  ['ip', '-m addrtype --dst-type LOCAL -j OTHER', { match: [{ dstType: 'local' }], action: { jump: 'OTHER' } }],
  ['ip', '-p tcp --dport 8080 -s 10.1.0.5/24 -j OTHER', { match: [{ proto: 'tcp', dport: 8080 }, { saddr: '10.1.0.5/24' }], action: { jump: 'OTHER' } }],
  ['ip', '-p udp --dport 53 -d 192.0.2.1 -s 127.0.0.1 -j OTHER', { match: [{ saddr: '127.0.0.1' }, { daddr: '192.0.2.1' }, { proto: 'udp', dport: 53 }], action: { jump: 'OTHER' } }],
  ['ip', '-p tcp --dport 8080 -s 0.0.0.0/0 -j OTHER', { match: [{ saddr: '0.0.0.0/0' }, { proto: 'tcp', dport: 8080 }], action: { jump: 'OTHER' } }],
  ['ip', '-p tcp --dport 8080 -j DNAT --to-destination 10.1.0.5:80', { match: [{ proto: 'tcp', dport: 8080 }], action: { dnat: { to: '10.1.0.5', port: 80 } } }],
  ['ip6', '-p sctp --dport 8080 -j DNAT --to-destination [fd00::5]:80', { match: [{ proto: 'sctp', dport: 8080 }], action: { dnat: { to: 'fd00::5', port: 80 } } }],
  ['ip6', '-j DNAT --to-destination fd00::5', { match: [], action: { dnat: { to: 'fd00::5' } } }],
  ['ip', `-m comment --comment ${JSON.stringify(comment)} -m multiport -p tcp --destination-ports 80,443 -j OTHER`, { match: [{ proto: 'tcp', dports: [80, 443] }], action: { jump: 'OTHER' }, comment }],
  ['ip', '-d 10.1.0.5/24 -j ACCEPT -m comment --comment "name: \\"blue\\" id: \\"c1\\""', { match: [{ daddr: '10.1.0.0/24' }], action: { verdict: 'accept' }, comment: 'name: "blue" id: "c1"' }],
  ['ip', '! -d 224.0.0.0/4 -j MASQUERADE -m comment --comment x', { match: [{ daddr: '224.0.0.0/4', not: true }], action: { masquerade: true }, comment: 'x' }],
  ['ip6', '! -d ff00::/8 -j MASQUERADE', { match: [{ daddr: 'ff00::/8', not: true }], action: { masquerade: true } }],
  ['ip', '! -p tcp -g OTHER', { match: [{ proto: 'tcp', not: true }], action: { goto: 'OTHER' } }],
  ['ip', '-p udp ! --dport 80 -j RETURN', { match: [{ proto: 'udp', dport: 80, not: true }], action: { verdict: 'return' } }],
  ['ip', '-p udp -m multiport ! --dports 80,81 -j RETURN', { match: [{ proto: 'udp', dports: [80, 81], not: true }], action: { verdict: 'return' } }],
  ['ip', '-m addrtype ! --dst-type LOCAL -m mark ! --mark 5 -j ACCEPT', { match: [{ dstType: 'local', not: true }, { mark: { value: 5, mask: 0xffffffff }, not: true }], action: { verdict: 'accept' } }],
  ['ip', '-m comment --comment "a\\\\b \'c\' $(d) `e`" -j ACCEPT', { match: [], action: { verdict: 'accept' }, comment: 'a\\b \'c\' $(d) `e`' }],
  ['ip', '-m comment --comment -j -j ACCEPT', { match: [], action: { verdict: 'accept' }, comment: '-j' }],
  ['ip6', '-p icmpv6 -j ACCEPT', { match: [{ proto: 'icmpv6' }], action: { verdict: 'accept' } }],
];

const RULES = CASES.filter(([family]) => family === 'ip').map(([, , rule]) => rule);

const context = openContext(openLibc(), '');
const folder = mkdtempSync(join(tmpdir(), 'iptables-'));
const multi = (variant: string): string | undefined => ['/usr/sbin', '/sbin'].map((place) => join(place, `iptables-${variant}-save`)).find(existsSync);
const variants = ['nft', 'legacy'].filter(multi);

for (const variant of variants) {
  const path = join(folder, variant);
  mkdirSync(path);
  for (const name of ['iptables-save', 'iptables-restore', 'ip6tables-save', 'ip6tables-restore', 'iptables', 'ip6tables']) {
    symlinkSync(realpathSync(multi(variant)!), join(path, name));
  }
  testVariant(variant, iptablesKernel(context, path), path);
}

function testVariant(variant: string, kernel: IptablesKernel, path: string): void {
  const test = suite(`iptables-${variant}`);
  const rulesOf = (family: Family, chain: string): string[] | undefined => kernel.read('host', family, 'nat').chains.find(({ name }) => name === chain)?.rules;
  const fails = (lines: string[], detail: RegExp): void => assert.throws(() => kernel.restore('host', 'ip', 'nat', lines),
    (error: unknown) => error instanceof KernelError && error.errno === 'EIPTABLES' && error.action === 'change iptables table nat' && detail.test(error.detail ?? ''));

  test.before.each(() => {
    for (const program of ['iptables', 'ip6tables']) {
      for (const option of ['-F', '-X']) execFileSync(join(path, program), ['-w', '-t', 'nat', option], { stdio: 'ignore' });
    }
  });

  for (const [family, line, rule] of CASES) {
    test(`${family} ${line}`, () => {
      kernel.restore('host', family, 'nat', ['-N OTHER', '-N C', `-A C ${renderRule(family, rule)}`, '-N THEIRS', `-A THEIRS ${line}`]);
      assert.equal(rulesOf(family, 'C'), [renderRule(family, rule)], 'our line is the saved form');
      const [theirs = ''] = rulesOf(family, 'THEIRS') ?? [];
      assert.is(theirs, renderRule(family, rule), 'theirs is saved as ours');
      assert.is(readSavedRule(family, theirs).comment, rule.comment);
      const read = readSavedRule(family, theirs).rule;
      assert.is(read && renderRule(family, read), theirs, 'and is understood');
    });
  }

  test('a transaction is made whole or not at all, and the error has the program\'s words', () => {
    fails(['-N A', '-N B', '-A B -j NONE'], /NONE/);
    fails(['-N A', '-D A -j ACCEPT'], /line (3|4)/);
    assert.is(rulesOf('ip', 'A'), undefined);
    kernel.restore('host', 'ip', 'nat', ['-N A', '-N B', '-A B -j A']);
    fails(['-N A'], /./);
    fails(['-X A'], /./);
    assert.equal(rulesOf('ip', 'B'), ['-j A']);
  });

  test('the built-in chains have a policy, the others none', () => {
    kernel.restore('host', 'ip', 'nat', ['-N A']);
    assert.equal(kernel.read('host', 'ip', 'nat').chains.map(({ name, policy }) => [name, policy]),
      [['PREROUTING', 'ACCEPT'], ['INPUT', 'ACCEPT'], ['OUTPUT', 'ACCEPT'], ['POSTROUTING', 'ACCEPT'], ['A', undefined]]);
  });

  test('nothing can be slipped into the input', () => {
    assert.throws(() => kernel.restore('host', 'ip', 'nat', ['-N A\n-P OUTPUT DROP']), /control characters/);
    assert.throws(() => kernel.read('host', 'ip', 'nat\nfilter'), /use iptables table/);
  });

  test('a plan is carried out as the in-memory table says, once, and taken back', () => {
    const wanted: RuleSet = {
      family: 'ip', table: 'nat',
      chains: [{ name: 'CNI-HOSTPORT-DNAT', life: 'network' }, { name: 'CNI-DN-1' }, { name: 'CNI-1' }],
      set: [
        { chain: 'CNI-DN-1', rules: RULES.filter(({ action }) => action.jump === undefined && action.goto === undefined && !action.masquerade) },
        { chain: 'CNI-1', rules: RULES.filter(({ action }) => action.masquerade) },
      ],
      add: [
        { chain: 'PREROUTING', rule: { match: [{ dstType: 'local' }], action: { jump: 'CNI-HOSTPORT-DNAT' } }, life: 'network' },
        { chain: 'POSTROUTING', at: 'start', rule: { match: [], action: { jump: 'CNI-1' }, comment } },
        { chain: 'CNI-HOSTPORT-DNAT', rule: { match: [{ proto: 'tcp', dports: [80, 443] }], action: { jump: 'CNI-DN-1' }, comment } },
      ],
    };
    kernel.restore('host', 'ip', 'nat', ['-A POSTROUTING -s 192.0.2.0/24 -j RETURN']);
    const before = kernel.read('host', 'ip', 'nat');
    const plan = planIptables(before, wanted);
    kernel.restore('host', 'ip', 'nat', plan.lines);
    const after = kernel.read('host', 'ip', 'nat');
    assert.equal(sorted(after), sorted(applyToIptables(before, plan.lines)));
    assert.equal(planIptables(after, wanted).lines, []);
    assert.equal(planIptables(after, wanted).missing, []);
    for (const undo of [plan.undo.attachment!, plan.undo.network!]) kernel.restore('host', 'ip', 'nat', planIptables(kernel.read('host', 'ip', 'nat'), undo).lines);
    assert.equal(kernel.read('host', 'ip', 'nat'), before);
  });

  test.run();
}

const sorted = ({ chains }: { chains: { name: string }[] }): object => chains.toSorted((a, b) => (a.name < b.name ? -1 : 1));

const programs = suite('programs');

programs('a node without them is told so, by folder', () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const reason = iptablesKernel(context, empty).unusable('host', 'ip');
  if (reason !== undefined) assert.match(reason, `iptables-restore not found in ${empty}:`);
  assert.is(iptablesKernel(context).unusable('host', 'ip6'), undefined);
});

programs('warnings beside the table are no part of it, and words on stderr are those of the error', () => {
  const path = join(folder, 'broken');
  mkdirSync(path);
  writeFileSync(join(path, 'iptables-save'), '#!/bin/sh\necho "# Warning: iptables-legacy tables present" >&2; echo "Another app is holding the lock" >&2; exit 4\n', { mode: 0o755 });
  assert.throws(() => iptablesKernel(context, path).read('host', 'ip', 'nat'), /^read iptables table nat: Another app is holding the lock \(EIPTABLES\)$/);
});

programs.after(() => {
  rmSync(folder, { recursive: true });
  context.close();
});
programs.run();
