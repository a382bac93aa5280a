// STATUS: can ADD be served? Each plugin says so for itself.
// SPDX-License-Identifier: Apache-2.0

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { asCniError } from '../internal-error.ts';
import { folderOf } from '../ledger/attachment-id.ts';
import { forwardJournal } from '../ledger/journal.ts';
import { isFolder, makeFolder } from '../make-folder.ts';
import type { Chain, Host } from './host.ts';
import { inChain } from './in-chain.ts';
import { withKernel } from './open-call.ts';
import { runPlugin } from './run-plugin.ts';
import { hasRoom } from '../store/room.ts';
import { errnoOf } from '../system-error.ts';

export function status(host: Host, { request, links }: Chain): void {
  for (const root of [host.roots.state, host.roots.run]) sayingWhich(root, () => makeFolder(root, 0o700));
  for (const folder of [host.roots.state, host.roots.run, ...foldersOf(host.roots, request.attachment.network)]) needWritable(folder);
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

/** Of ours below the roots, and of this network below those, only what is there: ADD makes the rest where it may. */
function foldersOf({ state, run }: Host['roots'], network: string): string[] {
  const own = [join(state, 'ledger'), join(state, 'ledger', folderOf(network)), join(run, 'lock'), join(run, 'journal'), join(run, 'journal', folderOf(network))];
  return own.filter((folder) => sayingWhich(folder, () => isFolder(folder)));
}

function needWritable(folder: string): void {
  sayingWhich(folder, () => {
    accessSync(folder, constants.W_OK);
    if (!hasRoom(folder)) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  });
}

function sayingWhich<T>(folder: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CniError(CODE.notAvailable, `"${folder}" cannot be written (${errnoOf(error)}); journal, ledger and locks are kept there`, { kind: 'io', cause: error });
  }
}
