// The keys in a plugin's manifest, by which `cni-wasm explain` finds misspelt ones, are those of its page.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { keysIn, unknownKeys } from '../../host/cli/config-keys.ts';
import { modulesOf } from '../../host/cli/modules-of.ts';
import type { Manifest } from '../../host/grant/grants.ts';
import { moduleDigests } from '../../plugins-as/build.mjs';

const manifestOf = (name: string): Manifest => JSON.parse(readFileSync(`plugins-as/${name}/manifest.json`, 'utf8')) as Manifest;

/** Of its first table: without what is inside of lists, and without what CNI or a runtime gives. */
function keysOfPage(name: string): string[] {
  const [, table = ''] = /^## Syntax$[^]*?((?:^\|.*\n)+)/m.exec(readFileSync(`plugins-as/${name}/README.md`, 'utf8')) ?? [];
  return table.split('\n').flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, key]) => key!)).filter((key) => !/^((runtimeConfig|args)\..*|cniVersion|name|type)$/.test(key));
}

const isOfIpam = (name: string): boolean => manifestOf(name).role === 'ipam';

for (const name of Object.keys(moduleDigests())) {
  test(`${name}: manifest and page`, () => {
    const ofManifest = keysIn(manifestOf(name).config!).map(({ path }) => path.split(/\[\]|\./).slice(0, isOfIpam(name) ? 2 : 1).join('.'));
    const ofPage = keysOfPage(name).filter((key) => name !== 'bridge' || !['ipam', 'dns'].includes(key));
    assert.equal([...new Set(ofManifest)].sort(), ofPage.sort());
  });
}

test('no example of a page has a key that is not known', () => {
  const pages = Object.keys(moduleDigests()).map((name) => readFileSync(`plugins-as/${name}/README.md`, 'utf8'));
  const examples = pages.flatMap((page) => [...page.matchAll(/^```jsonc?\n(.*?)^```$/gms)].map(([, text]) => JSON.parse(text!) as { plugins?: object[] }));
  assert.ok(examples.length > 10);
  const named = examples.flatMap((example) => example.plugins ?? [example]).flatMap((conf) => modulesOf(conf));
  assert.equal(named.flatMap((one) => (one.name in moduleDigests() ? unknownKeys(one, manifestOf(one.name)) : [])), []);
});

test.run();
