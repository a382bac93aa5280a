// Rules in the encoding of iptables-nft and back, without a kernel: the one that comes out is the one that went in, or it is not ours.
// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { commentIn, decodeIptablesRule, jumpIn, isListedAs, listedForm, mayBeOfGrammar } from '../../host/kernel/live/iptables-nft/decode.ts';
import { dialectOfVersion, dialects, type Dialect, type KnownDialects } from '../../host/kernel/live/iptables-nft/dialect.ts';
import { ruleKey } from '../../host/kernel/normal-rule.ts';
import type { Family, Rule } from '../../host/kernel/rule.ts';
import { runs } from '../fuzz/runs.ts';
import { anyRule } from '../kernel-fake/rules.ts';

const DIALECTS = ['1.8.9', '1.8.10', '1.8.11'].map((version) => dialectOfVersion(version)!);
const cases = fc.record({ family: fc.constantFrom<Family>('ip', 'ip6'), dialect: fc.constantFrom(...DIALECTS) })
  .chain(({ family, dialect }) => anyRule(family).map((rule) => ({ family, dialect, rule, listed: listedForm(family, rule, dialect) })))
  .filter((one): one is { family: Family; dialect: Dialect; rule: Rule; listed: Buffer } => one.listed !== undefined);

test('a rule is read as it was written, whatever it has counted', () => {
  fc.assert(fc.property(cases, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), ({ family, dialect, rule, listed }, count) => {
    const counted = Buffer.from(listed);
    counted.writeBigUInt64BE(count, counted.indexOf('counter\0') + 16);
    const read = decodeIptablesRule(family, counted, dialect);
    assert.is(read && ruleKey(family, read), ruleKey(family, rule));
    assert.is(commentIn(counted), rule.comment);
    assert.ok(mayBeOfGrammar(counted));
    const { action: { jump, goto: go, verdict, masquerade, dnat } } = rule;
    assert.is(jumpIn(counted), jump ?? go ?? verdict?.toUpperCase() ?? (masquerade ? 'MASQUERADE' : dnat ? 'DNAT' : 'MARK'));
  }), runs(500));
});

test('with other bytes it is another rule, none of ours, or an error that says so', () => {
  const changes = fc.array(fc.tuple(fc.nat(800), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(fc.property(cases, changes, fc.option(fc.nat(800), { nil: undefined }), ({ family, dialect, listed }, changed, cut) => {
    const bytes = Buffer.from(listed);
    for (const [at, byte] of changed) bytes[at % bytes.length] = byte;
    const some = bytes.subarray(0, cut);
    try {
      jumpIn(some);
      mayBeOfGrammar(some);
      const read = decodeIptablesRule(family, some, dialect);
      if (read) assert.ok(isListedAs(listedForm(family, read, dialect)!, some));
    } catch (error) {
      assert.instance(error, KernelError, (error as Error).stack ?? '');
    }
  }), runs(2000));
});

test('a program that is not there, or is another than iptables-nft, has no encoding that we know', () => {
  assert.is(dialects(() => [])('ip'), undefined);
  assert.is(dialects(() => ['/nowhere/xtables-nft-multi'])('ip'), undefined);
  assert.is(dialects(() => [process.execPath])('ip'), undefined);
  for (const version of ['', '1.8.2', '1.8.8', '2.0.0', 'constructor']) assert.is(dialectOfVersion(version), undefined);
});

test('a program that is another one than before is read again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-'));
  const path = join(folder, 'xtables-nft-multi');
  const known: KnownDialects = new Map();
  for (const version of ['1.8.9', '1.8.10', '1.8.11', '1.8.2']) {
    rmSync(path, { force: true });
    writeFileSync(path, `${version} (nf_tables)\0`);
    assert.is(dialects(() => [path], known)('ip'), dialectOfVersion(version), version);
  }
  rmSync(folder, { recursive: true });
});

test.run();
