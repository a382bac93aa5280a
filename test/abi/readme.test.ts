// abi/README.md: its examples are JSON, and its module is a module that follows the page.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ABI, OPS } from '../../abi/ops.ts';
import type { Shape } from '../../abi/shape.ts';

const PAGE = readFileSync('abi/README.md', 'utf8');
const blocks = (language: string): string[] => [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text]) => text!);

test('every example is JSON', () => {
  const examples = blocks('json');
  assert.ok(examples.length >= 4);
  for (const example of examples) assert.type(JSON.parse(example), 'object', example);
});

test('every word that a request can have is on the page', () => {
  const wordsIn = (shape: Shape): readonly string[] => {
    if ('oneOf' in shape) return shape.oneOf.flatMap(wordsIn);
    if (shape.type === 'array') return wordsIn(shape.items);
    if (shape.type === 'object') return Object.values(shape.properties).flatMap(wordsIn);
    return 'enum' in shape ? shape.enum ?? [] : [];
  };
  for (const word of OPS.flatMap(({ request }) => wordsIn(request))) assert.ok(PAGE.includes(`"${word}"`), word);
});

test('the whole module assembles, and exports and imports what the page says', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-readme-'));
  try {
    writeFileSync(join(folder, 'example.wat'), blocks('wat')[0]!);
    execFileSync('node_modules/.bin/wasm-as', [join(folder, 'example.wat'), '-o', join(folder, 'example.wasm')]);
    const module = new WebAssembly.Module(Uint8Array.from(readFileSync(join(folder, 'example.wasm'))));
    assert.equal(WebAssembly.Module.exports(module).map(({ name }) => name).sort(), ['cni_abi_1', 'cni_add', 'memory']);
    const known = new Set([...['take', 'result', 'fail'].map((name) => `cni:abi/1 ${name}`), ...OPS.map(({ domain, name }) => `cni:${domain}/${ABI} ${name}`)]);
    for (const one of WebAssembly.Module.imports(module)) assert.ok(known.has(`${one.module} ${one.name}`), `${one.module} ${one.name}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
