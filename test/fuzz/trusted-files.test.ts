// Any content of policy.json and modules.lock: it is taken as it says, or refused with the file's name; it never grants by accident.
// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CODE } from '../../host/cni-error.ts';
import { grantByPolicy } from '../../host/grant/grant-for.ts';
import { readPolicy } from '../../host/grant/policy.ts';
import { readLock } from '../../host/selection/lockfile.ts';
import { answerOf, runs } from './runs.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const GRANTS = { link: { container: ['veth'] }, route: ['container'], nft: ['ip acme'], iptables: { nat: { chains: ['ACME-*'], jumpFrom: ['POSTROUTING'] } }, sysctl: ['net/ipv4/ip_forward'], conntrack: true, store: 'own' };
const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-fuzz-'));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const strange = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom<unknown>(null, true, 'allow', '*', ['*'], {}, [], 2, -1));
const grants = fc.tuple(fc.constantFrom(...Object.keys(GRANTS), 'link.container', '__proto__', 'everything'), strange).map(([key, value]) => ({ ...GRANTS, [key]: value }));
const entry = fc.oneof(
  fc.constant({ grants: GRANTS }), grants.map((some) => ({ grants: some })), strange,
  fc.record({ networks: strange, grants: fc.constant(GRANTS), limits: strange }, { requiredKeys: [] }),
);
const policy = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(DIGEST, OTHER, '*', 'sha256:', '__proto__'), entry).map(([digest, one]) => ({ version: 1, modules: { [digest]: one } })) },
  { weight: 1, arbitrary: fc.record({ version: strange, default: strange, modules: strange }, { requiredKeys: [] }) },
  { weight: 1, arbitrary: strange },
);
const text = fc.oneof({ weight: 5, arbitrary: policy.map((value) => Buffer.from(JSON.stringify(value) ?? '')) }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((some) => Buffer.from(some)) });

const asked = {
  name: 'acme', digest: DIGEST, operations: ['route.add', 'link.get'], network: 'blue',
  manifest: { abi: 1 as const, name: 'acme', version: '1', role: 'chained' as const, cniVersions: [], wants: { route: ['container' as const] }, optional: [], limits: {} },
};

test('a policy of anything', () => {
  writeFileSync(join(folder, 'policy.json'), JSON.stringify({ version: 1, modules: { [DIGEST]: { grants: GRANTS } } }), { mode: 0o600 });
  const most = grantByPolicy(asked, readPolicy(folder)).grants;
  assert.equal([most.route, most.nft, most.store], [['container'], [], 'none']);
  let granted = 0;
  fc.assert(fc.property(text, (bytes) => {
    writeFileSync(join(folder, 'policy.json'), bytes, { mode: 0o600 });
    const answered = answerOf(() => grantByPolicy(asked, readPolicy(folder)));
    if ('error' in answered) return void assert.ok(answered.error.code === CODE.moduleRefused || answered.error.code === CODE.capabilityDenied, answered.error.message);
    granted++;
    // Never more than the module asks for in its manifest.
    assert.equal(answered.value.grants, most);
    assert.ok(bytes.toString().includes(DIGEST));
  }), runs(1500));
  assert.ok(granted > 20, `only ${granted} granted anything`);
});

test('a lock file of anything', () => {
  const lock = fc.oneof(fc.dictionary(fc.constantFrom('acme', '__proto__', '../acme'), fc.oneof(strange, fc.constant({ digest: DIGEST }))), strange);
  fc.assert(fc.property(fc.oneof(lock.map((value) => Buffer.from(JSON.stringify(value) ?? '')), fc.uint8Array({ maxLength: 64 }).map((some) => Buffer.from(some))), (bytes) => {
    writeFileSync(join(folder, 'modules.lock'), bytes, { mode: 0o600 });
    const answered = answerOf(() => readLock(folder));
    if ('error' in answered) return void assert.is(answered.error.code, CODE.moduleRefused, answered.error.message);
    for (const { digest } of answered.value.values()) assert.is(digest, DIGEST);
  }), runs(1500));
});

test.run();
