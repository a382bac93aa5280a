// The host of a plan: the node's own modules, grants and policy; kernel, leases, ledger and journal are copies that end with it.
// SPDX-License-Identifier: Apache-2.0

import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import type { Kernel, Ns } from '../kernel/kernel.ts';
import { fileNameOf, folderOf } from '../ledger/attachment-id.ts';
import type { Lock, Locks } from '../ledger/locks.ts';
import type { Attachment } from '../protocol/request.ts';
import { folderFor } from '../store/disk-store.ts';
import { isCursor, type StorePlace } from '../store/store.ts';
import type { Host } from '../verbs/host.ts';
import { ledgerInMemory } from './ledger-in-memory.ts';
import { notingKernel, type Note, type OpName } from './note-changes.ts';
import { overlayKernel } from './overlay-kernel.ts';
import { privateStores } from './private-stores.ts';

export interface Change {
  /** whose module asks for it; "host" for what the host does by itself: from the ledger or a journal, and links, which it deletes together */
  plugin: string;
  /** by the name that the ABI and its grants have for it; without one for a program that a runtime would execute */
  op?: OpName;
  ns?: Ns;
  text: string;
}

export interface ImaginedNode {
  host: Host;
  changes: Change[];
  remove(): void;
}

/** What stands for a network namespace that there is not yet. */
export const IMAGINED = '(a new network namespace)';

/** Nobody else sees what is changed, so nobody is locked out: a call under way may change what the plan has read. */
const NO_LOCK: Lock = { tryExclusive: () => true, release: () => undefined };
const NO_LOCKS: Locks = { hold: () => NO_LOCK, tryHold: () => NO_LOCK, sweep: () => undefined, holdFile: () => () => undefined };

export function imaginedNode(real: Host, attachment: Attachment): ImaginedNode {
  const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-plan-'));
  const roots = { ...real.roots, run: join(folder, 'run') };
  const changes: Change[] = [];
  const running: string[] = [];
  const note = (change: Omit<Change, 'plugin'>, plugin = running.at(-1) ?? 'host'): void => {
    changes.push({ plugin, ...change });
  };

  // One state for all plugins of the list: each goes on from what those before it have changed.
  const lives: Kernel[] = [];
  const kernels = new Map<string, Kernel>();
  const openKernel = (netns: string): Kernel => {
    const known = kernels.get(netns);
    if (known) return known;
    if (kernels.size === 0) copyJournal(real.roots.run, roots.run, attachment);
    const live = real.openKernel(netns === IMAGINED ? '' : netns);
    const noting = (plugin?: string): Note => (op, ns, texts) => texts.forEach((text) => note({ op, ns, text }, plugin));
    const kernel = { ...notingKernel(overlayKernel(live, { imagined: netns === IMAGINED }), noting(), noting('host')), close() {} };
    kernels.set(netns, kernel);
    lives.push(live);
    return kernel;
  };
  return {
    changes,
    host: {
      ...real,
      roots,
      locks: NO_LOCKS,
      ledger: ledgerInMemory(real.ledger),
      stores: privateStores(join(folder, 'stores'), NO_LOCKS, (place, key, before, after) => {
        const text = before === after ? undefined : entryText(place, key, before, after);
        if (text !== undefined) note({ op: after === undefined ? 'store.delete' : 'store.put', text });
      }),
      openKernel,
      runGuest(call) {
        running.push(call.name);
        try {
          return real.runGuest(call);
        } finally {
          running.pop();
        }
      },
      runProgram(file, _, { env }) {
        note({ op: 'delegate.call', text: `execute ${file} with ${env['CNI_COMMAND']}: what it would do is not known` });
        if (env['CNI_COMMAND'] === 'DEL') return { stdout: '', stderr: '', exitCode: 0, timedOut: false };
        throw new CniError(CODE.plugin, `the plan ends here: ${file} is a program, and is not executed; which addresses it would give is not known`);
      },
    },
    remove() {
      for (const live of lives) live.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a killed call has left is taken back first, as the next call would. By now the attachment's names are known to be right. */
function copyJournal(from: string, to: string, attachment: Attachment): void {
  const path = join('journal', folderOf(attachment.network), fileNameOf(attachment));
  if (existsSync(join(from, path))) cpSync(join(from, path), join(to, path), { recursive: true });
}

function entryText(place: StorePlace, key: string, before: string | undefined, after: string | undefined): string | undefined {
  if (isCursor(key)) return undefined;
  const what = place.layout === 'ipam' ? `lease ${key} in ${folderFor(place)}` : `entry "${key}" of ${place.module ?? place.file ?? place.layout}`;
  return after === undefined ? `give back ${what}` : `${before === undefined ? 'take' : 'change'} ${what}`;
}
