// Our changes against the iptables programs, both of their variants: what we write is what they print, what they print we understand.
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
import type { IptablesKernel, IptablesTable } from '../../host/kernel/kernel.ts';
import { openContext } from '../../host/kernel/live/context.ts';
import { iptablesKernel } from '../../host/kernel/live/iptables.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { programsIn } from '../../host/kernel/live/programs.ts';
import type { Family } from '../../host/kernel/rule.ts';
import { applyToIptables } from '../../host/kernel/apply-to-iptables.ts';
import { planIptables } from '../../host/ops/rules/plan-iptables.ts';
import type { RuleSet } from '../../host/ops/rules/rule-set.ts';
import { restoreLines } from '../support/iptables-lines.ts';
import { IPTABLES_CASES } from '../support/iptables-rules.ts';

const comment = 'dnat name: "blue" id: "c1"';
const RULES = IPTABLES_CASES.filter(([family]) => family === 'ip').map(([, , rule]) => rule);

const context = openContext(openLibc(), '');
/** With the programs of this folder. */
const kernelIn = (path: string): IptablesKernel => iptablesKernel({ ...context, programs: programsIn(path) });
const folder = mkdtempSync(join(tmpdir(), 'iptables-'));
const multi = (variant: string): string | undefined => ['/usr/sbin', '/sbin'].map((place) => join(place, `iptables-${variant}-save`)).find(existsSync);
const variants = ['nft', 'legacy'].filter(multi);

for (const variant of variants) {
  const path = join(folder, variant);
  mkdirSync(path);
  for (const name of ['iptables-save', 'iptables-restore', 'ip6tables-save', 'ip6tables-restore', 'iptables', 'ip6tables']) {
    symlinkSync(realpathSync(multi(variant)!), join(path, name));
  }
  testVariant(variant, kernelIn(path), path);
}

function testVariant(variant: string, kernel: IptablesKernel, path: string): void {
  const test = suite(`iptables-${variant}`);
  const rulesOf = (family: Family, chain: string): string[] | undefined => kernel.read('host', family, 'nat').chains.find(({ name }) => name === chain)?.rules.map(({ text }) => text);
  const change = (...lines: string[]): void => restoreLines(kernel, 'host', 'ip', 'nat', ...lines);
  const fails = (lines: string[], detail: RegExp): void => assert.throws(() => change(...lines),
    (error: unknown) => error instanceof KernelError && error.errno === 'EIPTABLES' && error.action === 'change iptables table nat' && detail.test(error.detail ?? ''));

  test.before.each(() => {
    for (const program of ['iptables', 'ip6tables']) {
      for (const option of ['-F', '-X']) execFileSync(join(path, program), ['-w', '-t', 'nat', option], { stdio: 'ignore' });
    }
  });

  for (const [family, line, rule] of IPTABLES_CASES) {
    test(`${family} ${line}`, () => {
      restoreLines(kernel, 'host', family, 'nat', '-N OTHER-1', '-N C', `-A C ${renderRule(family, rule)}`);
      execFileSync(join(path, family === 'ip' ? 'iptables-restore' : 'ip6tables-restore'), ['--noflush', '-w'], { input: `*nat\n-N THEIRS\n-A THEIRS ${line}\nCOMMIT\n`, stdio: ['pipe', 'ignore', 'pipe'] });
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
    change('-N A', '-N B', '-A B -j A');
    fails(['-N A'], /./);
    fails(['-X A'], /./);
    assert.equal(rulesOf('ip', 'B'), ['-j A']);
  });

  test('the built-in chains have a policy, the others none', () => {
    change('-N A');
    assert.equal(kernel.read('host', 'ip', 'nat').chains.map(({ name, policy }) => [name, policy]),
      [['PREROUTING', 'ACCEPT'], ['INPUT', 'ACCEPT'], ['OUTPUT', 'ACCEPT'], ['POSTROUTING', 'ACCEPT'], ['A', undefined]]);
  });

  test('nothing can be slipped into the input', () => {
    assert.throws(() => kernel.restore('host', 'ip', 'nat', [{ do: 'add chain', chain: 'A\n-P OUTPUT DROP' }]), /use iptables chain "A\\n-P OUTPUT DROP"/);
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
    change('-A POSTROUTING -s 192.0.2.0/24 -j RETURN');
    const before = whole(kernel.read('host', 'ip', 'nat'));
    const plan = planIptables(kernel.read('host', 'ip', 'nat'), wanted);
    kernel.restore('host', 'ip', 'nat', plan.commands);
    const after = kernel.read('host', 'ip', 'nat');
    assert.equal(sorted(after), sorted(applyToIptables(before, plan.commands)));
    assert.equal(planIptables(after, wanted).commands, []);
    assert.equal(planIptables(after, wanted).missing, []);
    for (const undo of [plan.undo.attachment!, plan.undo.network!]) kernel.restore('host', 'ip', 'nat', planIptables(kernel.read('host', 'ip', 'nat'), undo).commands);
    assert.equal(sorted(kernel.read('host', 'ip', 'nat')), sorted(before));
  });

  test.run();
}

/** What is looked into late is looked into before it changes. */
const whole = ({ family, name, chains }: IptablesTable): IptablesTable =>
  ({ family, name, chains: chains.map((chain) => ({ ...chain, rules: chain.rules.map(({ text }) => readSavedRule(family, text)) })) });

const sorted = ({ chains }: IptablesTable): object =>
  chains.map(({ rules, uses: _, ...chain }) => ({ ...chain, rules: rules.map(({ text }) => text) })).sort((a, b) => (a.name < b.name ? -1 : 1));

const programs = suite('programs');

programs('a node without them is told so, by folder', () => {
  const empty = join(folder, 'empty');
  mkdirSync(empty);
  const reason = kernelIn(empty).unusable('host', 'ip');
  if (reason !== undefined) assert.match(reason, `iptables-restore not found in ${empty}:`);
  assert.is(iptablesKernel(context).unusable('host', 'ip6'), undefined);
});

programs('a folder of the name of a program is none', () => {
  const path = join(folder, 'folders');
  for (const name of ['iptables-save', 'iptables-restore']) mkdirSync(join(path, name), { recursive: true });
  for (const name of ['iptables-save', 'iptables-restore']) assert.is(programsIn(path).find(name), programsIn('').find(name));
});

programs('warnings beside the table are no part of it, and words on stderr are those of the error', () => {
  const path = join(folder, 'broken');
  mkdirSync(path);
  writeFileSync(join(path, 'iptables-save'), '#!/bin/sh\necho "# Warning: iptables-legacy tables present" >&2; echo "Another app is holding the lock" >&2; exit 4\n', { mode: 0o755 });
  assert.throws(() => kernelIn(path).read('host', 'ip', 'nat'), /^read iptables table nat: Another app is holding the lock \(EIPTABLES\)$/);
});

programs.after(() => {
  rmSync(folder, { recursive: true });
  context.close();
});
programs.run();
