// A node of its own for the demonstration: new mount and network namespaces, and every file of the host in a temporary folder.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const BIN = resolve('dist/bin');
const FOLDER = 'CNI_WASM_DEMO_FOLDER';

/** The exit code of the demonstration. */
export function inOwnNode(program: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-demo-'));
  const { NODE_EXTRA_CA_CERTS: _ca, NODE_OPTIONS: _options, ...env } = process.env;
  const asUser = process.geteuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  try {
    const { status, error } = spawnSync('unshare', [...asUser, '--mount', '--net', process.execPath, program, '--inside'], {
      stdio: 'inherit', env: { ...env, [FOLDER]: folder },
    });
    if (error || (status !== 0 && asUser.length > 0)) console.error('if the kernel or its settings forbid user namespaces, run this as root');
    return status ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The host's roots, moved below the temporary folder. */
export function roots(): Record<string, string> {
  const folder = process.env[FOLDER]!;
  return Object.fromEntries(['ETC', 'STATE', 'RUN', 'LEASES'].map((root) => [`CNI_WASM_${root}`, join(folder, root.toLowerCase())]));
}
