// The command, asked by somebody who is not root, from a copy that everybody can read: the repository, or Node, may lie in /root.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { closeSync, cpSync, openSync } from 'node:fs';

/** This file's own, as all of /run is. */
const COPY = '/run/for-everybody';
const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
/** The descriptor of Node's own file: who has it open needs no way to it. */
const NODE = 3;

export function asNobody(...words: string[]): SpawnSyncReturns<string> {
  for (const part of ['lib', 'plugins']) cpSync(`dist/${part}`, `${COPY}/${part}`, { recursive: true });
  const node = openSync(process.execPath, 'r');
  try {
    return spawnSync('setpriv', [...NOBODY, `/proc/self/fd/${NODE}`, `${COPY}/lib/host.cjs`, 'cni-wasm', ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe', node] });
  } finally {
    closeSync(node);
  }
}
