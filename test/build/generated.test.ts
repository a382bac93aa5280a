// `node build.mjs --check`: finds every way in which a generated file can differ from abi/ops.ts.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratchRepository, type Scratch } from './scratch-repository.ts';

const test = suite<{ repo: Scratch }>('generated');

test.before((context) => { context.repo = scratchRepository(); });
test.after(({ repo }) => repo.remove());

const replace = (repo: Scratch, path: string, from: string, to: string): void => {
  const text = readFileSync(repo.path(path), 'utf8');
  assert.ok(text.includes(from), `${path} has no ${from}`);
  writeFileSync(repo.path(path), text.replace(from, to));
};

/** Checks, builds what the table says, and leaves the copy as it was found. */
function isStale(repo: Scratch, ...paths: string[]): void {
  const { status, said } = repo.build(['--check']);
  assert.is(status, 1, said);
  for (const path of paths) assert.match(said, `${path} is not what abi/ops.ts says`);
}

test('a fresh copy is up to date', ({ repo }) => {
  const { status, said } = repo.build(['--check']);
  assert.is(status, 0, said);
  assert.match(said, 'up to date');
});

test('a file edited by hand, a file gone, a file left over', ({ repo }) => {
  replace(repo, 'plugins-as/sdk/gen/ops.ts', 'linkGet', 'linkGot');
  rmSync(repo.path('abi/schema/link.get.request.json'));
  writeFileSync(repo.path('abi/schema/link.forget.request.json'), '{}');
  isStale(repo, 'plugins-as/sdk/gen/ops.ts', 'abi/schema/link.get.request.json', 'abi/schema/link.forget.request.json');
  assert.is(repo.build().status, 0);
  assert.not(existsSync(repo.path('abi/schema/link.forget.request.json')));
  assert.is(repo.build(['--check']).status, 0);
});

test('a new word in the table reaches types, bindings, schema and the page', ({ repo }) => {
  replace(repo, 'abi/ops.ts', 'Lists the addresses of a link.', 'Lists each address of a link.');
  isStale(repo, 'abi/gen/types.ts', 'plugins-as/sdk/gen/ops.ts', 'abi/schema/addr.list.request.json', 'abi/README.md');
});

test('the prose of the page is nobody else\'s business, its markers are needed', ({ repo }) => {
  repo.build();
  replace(repo, 'abi/README.md', '## Exports', '## What a module exports');
  assert.is(repo.build(['--check']).status, 0);
  replace(repo, 'abi/README.md', 'generated from abi/ops.ts: end', 'the end');
  const { status, said } = repo.build(['--check']);
  assert.is(status, 1);
  assert.match(said, 'abi/README.md lacks the lines');
});

test.run();
