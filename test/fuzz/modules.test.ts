// Any bytes for a module: it is refused, or runs within its limits to an end that is a result or one CNI error.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { DEFAULT_LIMITS } from '../../host/grant/grants.ts';
import { readManifest } from '../../host/grant/manifest.ts';
import { checkMemory } from '../../host/sandbox/memory-limit.ts';
import { runGuest } from '../../host/sandbox/run-guest.ts';
import { codeOf } from '../../host/selection/load-plugin.ts';
import { answerOf, runs } from './runs.ts';

const SOUND = Object.fromEntries(['bridge', 'loopback', 'portmap'].map((name) => [name, readFileSync(`dist/plugins/${name}.wasm`)]));
const REQUEST = JSON.stringify({ verb: 'ADD', network: 'blue', containerId: 'c1', ifname: 'eth0', netns: true, args: '', cniVersion: '1.0.0', hashes: { attachment: 'a'.repeat(128), network: 'b'.repeat(128), interface: 'c'.repeat(128) }, config: { name: 'blue' } });

const HEADER = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

/** What a failure prints, rather than a module's fifty thousand bytes. */
type Recipe = { bytes: Uint8Array; header: boolean } | { of: string; changes: [at: number, byte: number][] } | { of: string; length: number };

const of = fc.constantFrom(...Object.keys(SOUND));
const recipes: fc.Arbitrary<Recipe> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ bytes: fc.uint8Array({ maxLength: 200 }), header: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ of, changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ of, length: fc.nat() }) },
);

function moduleFrom(recipe: Recipe): Buffer {
  if ('bytes' in recipe) return Buffer.concat([...(recipe.header ? [HEADER] : []), recipe.bytes]);
  const sound = SOUND[recipe.of]!;
  if ('length' in recipe) return sound.subarray(0, recipe.length % sound.length);
  const some = Buffer.from(sound);
  for (const [at, byte] of recipe.changes) some[at % some.length] = byte;
  return some;
}

test('a module of anything', () => {
  let ran = 0;
  fc.assert(fc.property(recipes, (recipe) => {
    const some = moduleFrom(recipe);
    const loaded = answerOf(() => {
      readManifest(some, 'acme');
      const { declared, metered } = codeOf(some, 'acme');
      checkMemory(declared, 'acme', DEFAULT_LIMITS.memoryPages);
      return metered();
    });
    if ('error' in loaded) {
      assert.is(loaded.error.code, CODE.moduleRefused, loaded.error.message);
      assert.not.match(loaded.error.message, /nothing could limit it: (?!it has the instruction|its function)/);
      return;
    }
    answerOf(() => runGuest({
      module: loaded.value, name: 'acme', entry: 'cni_add', request: REQUEST, limits: { ...DEFAULT_LIMITS, timeMs: 100 }, granted: new Set(), grants: {},
      perform: () => { throw new CniError(CODE.capabilityDenied, 'nothing is granted'); },
      log: () => undefined, audit: () => undefined, logLevel: 'debug', random: () => undefined, close: () => false,
    }));
    ran++;
  }), runs(2000));
  assert.ok(ran > 200, `only ${ran} ran`);
});

test.run();
