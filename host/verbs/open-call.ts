// What every verb with an attachment does first: its locks, its kernel, and what a killed predecessor left.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { fileNameOf, folderOf } from '../ledger/attachment-id.ts';
import { forwardJournal, remainsAt } from '../ledger/journal.ts';
import type { Lock, LockMode } from '../ledger/locks.ts';
import { isUsedByOthers, strikeOut } from '../ledger/records.ts';
import { describe, rollBack, type Residue } from '../ledger/roll-back.ts';
import type { Inverse, Undo } from '../ledger/undo.ts';
import { sparing } from '../ops/rules/sparing.ts';
import { ruleTables } from '../ops/rules/tables.ts';
import type { Request } from '../protocol/request.ts';
import type { Chain, Host } from './host.ts';
import { delegateDel, netconfNaming } from './run-delegate.ts';

/** ms; calls on one attachment follow each other, kubelet's overlap only in DEL, and runtimes call GC while nothing else is under way */
const LOCK_TIMEOUT = 60_000;

export interface Opened {
  kernel: Kernel;
  /** shared: other attachments of the network go on at the same time */
  network: Lock;
  /** What the network shares stays when `isUsed` says that somebody else relies on it, and the rules that are others' by now. */
  takeBackAll(undos: readonly Undo[], isUsed?: () => boolean, othersRules?: () => ReadonlySet<string>): Residue[];
}

/**
 * Always attachments before networks, and each in the order of their names, so that no two calls wait for each other. `others` are networks under
 * whose names the attachment may be known, too. With `left` what stands in the way of taking a predecessor back is noted there, and the call goes on.
 */
export function withAttachment<T>(
  host: Host, chain: Chain, openKernel: () => Kernel, act: (opened: Opened) => T, { others = [], left }: { others?: readonly string[]; left?: unknown[] } = {},
): T {
  const { attachment, withinNetwork } = chain.request;
  const fileName = fileNameOf(attachment);
  const names = [attachment.network, ...others].sort();
  const lockAttachment = (name: string) => (): Lock => host.locks.hold(lockOf(name, fileName), 'exclusive', LOCK_TIMEOUT);
  const lockNetwork = (name: string) => (): Lock =>
    networkLock(host, { attachment: { ...attachment, network: name }, withinNetwork: withinNetwork && name === attachment.network }, 'shared');
  return holdingAll(names.map(lockAttachment), () => holdingAll(names.map(lockNetwork), (networks) => withKernel(openKernel(), (kernel) => {
    const openedOn = (name: string): Opened => {
      const network = networks[names.indexOf(name)]!;
      return { kernel, network, takeBackAll: takerBack(host, kernel, network, chain) };
    };
    for (const name of names) {
      try {
        finishPredecessor(host, name, fileName, openedOn(name), chain);
      } catch (error) {
        if (!left) throw error;
        left.push(error);
      }
    }
    return act(openedOn(attachment.network));
  })));
}

/** For what must not come after the calls that follow it; ask under the locks. DEL is none of it: it may come at any time. */
export function mustBeAwaited(host: Host): void {
  if (!host.isAwaited()) throw new CniError(CODE.tryAgainLater, 'the caller has ended before its turn came, so that nothing was begun; call again', { kind: 'busy' });
}

function holdingAll<T>([next, ...rest]: readonly (() => Lock)[], act: (held: readonly Lock[]) => T, held: readonly Lock[] = []): T {
  return next ? holding(next(), (lock) => holdingAll(rest, act, [...held, lock])) : act(held);
}

/** Released whatever happens, also when what was taken after it cannot be: a resident host lives on. */
export function holding<T>(lock: Lock, act: (lock: Lock) => T): T {
  try {
    return act(lock);
  } finally {
    lock.release();
  }
}

export function withKernel<T>(kernel: Kernel, act: (kernel: Kernel) => T): T {
  try {
    return act(kernel);
  } finally {
    kernel.close();
  }
}

/** A call from inside another one would wait for that one, or behind a GC that does. */
export const networkLock = (host: Host, { attachment: { network }, withinNetwork }: Pick<Request, 'attachment' | 'withinNetwork'>, mode: LockMode): Lock =>
  (withinNetwork ? HELD_BY_OUTER : host.locks.hold(`network-${folderOf(network)}`, mode, LOCK_TIMEOUT));

const HELD_BY_OUTER: Lock = { tryExclusive: () => false, release: () => undefined };

export const lockOf = (network: string, fileName: string): string => `attachment-${folderOf(network)}-${fileName}`;

/** Without a chain there is no configuration at hand that could call a delegate; its own GC then does. */
export const takerBack = (host: Host, kernel: Kernel, network: Lock, chain?: Chain, tables = ruleTables(kernel, host.locks)): Opened['takeBackAll'] => (undos, isUsed = () => false, othersRules) => {
  try {
    const run = { kernel, journal: forwardJournal, ownLinks: new Set<number>(), plugin: '' };
    const residues = rollBack(undos, { kernel, tables: othersRules ? sparing(tables, othersRules) : tables, openStore: host.stores, ...(chain ? { delegateDel: delegateDel(host, chain, run) } : {}) }, network, isUsed);
    const notes = residues.filter(isNote);
    if (notes.length > 0) host.log.warn({ left: describe(notes) }, 'a file that only notes what an interface had stays');
    return residues.filter((residue) => !notes.includes(residue));
  } finally {
    tables.release();
  }
};

/**
 * tuning's file of an attachment binds nothing on the node, and the next ADD writes over it: on a mount that is read-only by now it is left as the reference
 * leaves it, and holds up no DEL. Any other error may be over the next time.
 */
const isNote = ({ undo: { inverse }, error }: Residue): boolean =>
  'store' in inverse && inverse.store.layout === 'dataDir' && error instanceof CniError && error.facts.errno === 'EROFS';

/** A journal that is still there although its lock is free belongs to a call that was killed. */
export function finishPredecessor(host: Host, network: string, fileName: string, { kernel, takeBackAll }: Pick<Opened, 'kernel' | 'takeBackAll'>, chain?: Chain): void {
  const remains = remainsAt(host.roots.run, network, fileName);
  // Of a call that a loss of power ended no journal is left.
  if (!remains) return host.ledger.dropDraft(network, fileName);
  const { attachment, since } = remains;
  const undos = remains.entries.map(({ undo }) => undo).filter(({ inverse }) => !isOfAnothersProgram(inverse, chain));
  const residues = takeBackAll(undos, () => isUsedByOthers({ attachment, since, undos, wasKilled: true }, host.ledger, kernel));
  host.log.warn({ network, journal: fileName, undone: undos.length - residues.length, left: residues.length }, 'took back what a killed call had left');
  if (residues.length > 0) throw residueError('a killed call', residues);
  if (attachment) strikeOut(host.ledger, attachment, undos);
  host.ledger.dropDraft(network, fileName);
  if (undos.length === remains.entries.length) remains.forget();
}

/**
 * A chain's DEL begins at its end, with plugins whose configurations have no `ipam`: an IPAM program that another one has called is for that one's DEL, which
 * comes later. ADD cannot begin before all of it is done.
 */
const isOfAnothersProgram = (inverse: Inverse, chain: Chain | undefined): boolean =>
  inverse.do === 'delegate DEL' && chain !== undefined && chain.request.verb !== 'ADD' && !netconfNaming(inverse.type, chain);

const KEPT = 'it is kept in the journal and tried again by the next call, DEL or GC';

export const residueError = (of: string, residues: readonly Residue[]): CniError =>
  new CniError(CODE.residue, `could not take back everything of ${of}: ${describe(residues)}`, { hint: KEPT });

/** Why an ADD failed is what the runtime goes by: code 11 has it tried again. */
export function withResidue({ code, message, facts }: CniError, residues: readonly Residue[]): CniError {
  const details = [facts.details, `could not take back everything of it: ${describe(residues)}; ${KEPT}`].filter(Boolean).join('; ');
  return new CniError(code, message, { ...facts, details });
}
