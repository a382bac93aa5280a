// A node at one moment, to compare and to come back to: what is swept need not be made anew for each of a thousand strikes.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import type { FakeState } from '../../host/kernel/fake/state.ts';
import { mark, timesOf } from '../../host/store/folder-mark.ts';
import { openPages } from '../../host/store/paged-file.ts';
import type { FakeNode } from '../support/fake-host.ts';

export interface Moment {
  /** What must be the same again: the kernel and the files, but for indexes, cursors and the locks of leases. */
  picture: string;
  /** Everything a call can see but the numbers the kernel gives next, which mean nothing: whatever is done next ends the same where this is the same. */
  all: string;
  /** Writes only what differs. */
  comeBack(): void;
}

/** Of each path its content, a letter for each byte; of a folder nothing. Folders come before what is in them. */
type Tree = Map<string, string | undefined>;

export function momentOf({ kernel, root }: FakeNode): Moment {
  const state = serialize(kernel.state);
  const tree = treeBelow(root);
  const dump = kernel.dump();
  const indexed = believed(tree);
  return {
    picture: [dump, ...textsOf(tree, isShown)].join('\n'),
    all: [dump, ...textsOf(tree), ...indexed.map(({ index }) => index)].join('\n'),
    comeBack() {
      if (!serialize(kernel.state).equals(state)) {
        delete kernel.state.container;
        Object.assign(kernel.state, deserialize(state) as FakeState);
      }
      const now = treeBelow(root);
      for (const [path, content] of [...now].toReversed()) if (!tree.has(path) || typeof content !== typeof tree.get(path)) rmSync(path, { recursive: true });
      for (const [path, content] of tree) if (!now.has(path) || content !== now.get(path)) putBack(path, content);
      for (const { index, folder, times } of indexed) believeAgain(index, times, mark(folder)!);
    },
  };
}

function treeBelow(folder: string): Tree {
  return new Map(readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap((entry): [string, string | undefined][] => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [[path, undefined], ...treeBelow(path)] : [[path, readFileSync(path, 'latin1')]];
  }));
}

function putBack(path: string, content: string | undefined): void {
  if (content === undefined) mkdirSync(path, { recursive: true });
  else writeFileSync(path, content, 'latin1');
}

const isIndex = (path: string): boolean => path.includes('/state/index/');
const isShown = (path: string, content: string | undefined): boolean =>
  content !== undefined && !isIndex(path) && basename(path) !== 'lock' && !basename(path).startsWith('last_reserved_ip.');

const textsOf = (tree: Tree, only: typeof isShown = () => true): string[] =>
  [...tree].filter(([path, content]) => only(path, content)).map(([path, content]) => `${path} ${JSON.stringify(content)}`);

/** An index is believed while it says the times of its folder; which nobody can bring back. */
function believed(tree: Tree): { index: string; folder: string; times: string }[] {
  return [...tree.keys()].filter(isIndex).flatMap((index) => [...tree.keys()].filter((path) => tree.get(path) === undefined)
    .map((folder) => ({ index, folder, times: timesOf(folder) })).filter(({ times }) => tree.get(index)!.includes(times)));
}

function believeAgain(index: string, was: string, is: string): void {
  const pages = openPages(index);
  const head = pages.read(0) as { trueOf: string };
  pages.write(0, { ...head, trueOf: head.trueOf.replace(was, is) });
  pages.close();
}
