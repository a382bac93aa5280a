// A node at one moment, to come back to: what is swept need not be made anew for each of a thousand strikes.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FakeState } from '../../host/kernel/fake/state.ts';
import type { FakeNode } from '../support/fake-host.ts';

/** Of each path its content; of a folder nothing. */
type Tree = Map<string, Buffer | undefined>;

/** Kernel and files as they are now; what is given brings them back. */
export function momentOf({ kernel, root }: FakeNode): () => void {
  const state = structuredClone(kernel.state);
  const tree = treeBelow(root);
  return () => {
    delete kernel.state.container;
    Object.assign(kernel.state satisfies FakeState, structuredClone(state));
    for (const [path, content] of [...treeBelow(root)].toReversed()) if (!tree.has(path) || typeof content !== typeof tree.get(path)) rmSync(path, { recursive: true });
    for (const [path, content] of tree) putBack(path, content);
  };
}

/** Folders before what is in them. */
function treeBelow(folder: string): Tree {
  return new Map(readdirSync(folder, { withFileTypes: true }).flatMap((entry): [string, Buffer | undefined][] => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [[path, undefined], ...treeBelow(path)] : [[path, readFileSync(path)]];
  }));
}

function putBack(path: string, content: Buffer | undefined): void {
  if (content) writeFileSync(path, content);
  else mkdirSync(path, { recursive: true });
}
