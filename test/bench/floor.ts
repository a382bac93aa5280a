// The floor: the same kernel work by a small C program, where there is a compiler.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { has } from '../support/node.ts';

/** Without a compiler nothing is compared with it. */
export function buildFloor(folder: string): void {
  if (!has('cc')) return;
  const { status, stderr } = spawnSync('cc', ['-O2', '-Wall', '-o', join(folder, 'floor'), 'test/bench/floor.c'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc failed on test/bench/floor.c: ${stderr}`);
}
