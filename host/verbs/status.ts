// STATUS: can ADD be served? Each plugin says so for itself.
// SPDX-License-Identifier: Apache-2.0

import { accessSync, constants, statfsSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';
import { asCniError } from '../internal-error.ts';
import { forwardJournal } from '../ledger/journal.ts';
import { makeFolder } from '../make-folder.ts';
import type { Chain, Host } from './host.ts';
import { inChain } from './in-chain.ts';
import { withKernel } from './open-call.ts';
import { runPlugin } from './run-plugin.ts';
import { errnoOf } from '../system-error.ts';

export function status(host: Host, { request, links }: Chain): void {
  for (const root of [host.roots.state, host.roots.run]) needWritable(root);
  const attachments = host.ledger.of(request.attachment.network).filter(({ boot }) => boot === host.boot()).length;
  withKernel(host.openKernel(''), (kernel) => {
    for (const link of links) {
      const { name, netconf } = link;
      const run = { request: { ...request, netconf }, verb: 'STATUS', kernel, journal: forwardJournal, ownLinks: new Set<number>(), plugin: name, attachments } as const;
      inChain(host, links, link, () => notAvailableUnless(() => void runPlugin(host, host.loadPlugin(name, netconf), run), host.log));
    }
  });
}

/** What the node lacks is code 50, whoever met it; a configuration that is wrong keeps its own code. */
function notAvailableUnless(act: () => void, log: Host['log']): void {
  try {
    act();
  } catch (error) {
    const { code, message, facts } = asCniError(error, log);
    throw new CniError(code === CODE.io || code === CODE.kernel ? CODE.notAvailable : code, message, facts);
  }
}

function needWritable(root: string): void {
  try {
    makeFolder(root, 0o700);
    accessSync(root, constants.W_OK);
    if (hasNoRoom(root)) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  } catch (error) {
    throw new CniError(CODE.notAvailable, `"${root}" cannot be written (${errnoOf(error)}); journal and ledger are kept there`, { kind: 'io', cause: error });
  }
}

/** Of bytes, or of files. A file system that does not count them says that there are none in all. */
function hasNoRoom(root: string): boolean {
  const { blocks, bfree, files, ffree } = statfsSync(root);
  return (blocks > 0 && bfree === 0) || (files > 0 && ffree === 0);
}
