// STATUS: can ADD be served? Each plugin says so for itself.
// SPDX-License-Identifier: Apache-2.0

import { accessSync, constants, mkdirSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';
import { forwardJournal } from '../ledger/journal.ts';
import type { Chain, Host } from './host.ts';
import { runPlugin } from './run-plugin.ts';

export function status(host: Host, { request, links }: Chain): void {
  for (const root of [host.roots.state, host.roots.run]) needWritable(root);
  const kernel = host.openKernel('');
  try {
    for (const link of links) {
      const plugin = host.loadPlugin(link.name, link.netconf);
      runPlugin(host, plugin, { request: { ...request, netconf: link.netconf }, verb: 'STATUS', kernel, journal: forwardJournal, ownLinks: new Set(), plugin: link.name });
    }
  } finally {
    kernel.close();
  }
}

function needWritable(root: string): void {
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    accessSync(root, constants.W_OK);
  } catch (error) {
    throw new CniError(CODE.notAvailable, `"${root}" cannot be written (${(error as NodeJS.ErrnoException).code}); journal and ledger are kept there`, { kind: 'io', cause: error });
  }
}
