// GC: every attachment of the network that the runtime does not list any more is taken back, from the ledger and from what killed
// calls left; then the plugins free what attachments without a ledger entry hold. It goes on after errors.
// SPDX-License-Identifier: Apache-2.0

import { forwardJournal, journalsOf } from '../ledger/journal.ts';
import type { LedgerRecord } from '../ledger/ledger.ts';
import { fileNameOf, folderOf } from '../ledger/attachment-id.ts';
import { survivors } from '../ledger/records.ts';
import type { Attachment, Request } from '../protocol/request.ts';
import type { Chain, Host } from './host.ts';
import { finishPredecessor, lockOf, residueError, takerBack, type Opened } from './open-call.ts';
import { runPlugin } from './run-plugin.ts';

/** ms; runtimes call GC while nothing else is under way */
const LOCK_TIMEOUT = 60_000;

export function gc(host: Host, { request, links }: Chain): void {
  const valid = request.netconf.validAttachments;
  // Absent is "unknown", not "none": collecting then would take down every container of the node.
  if (!valid) return;
  const kernel = host.openKernel('');
  const network = host.locks.hold(`network-${folderOf(request.attachment.network)}`, 'shared', LOCK_TIMEOUT);
  const failures: unknown[] = [];
  const attempt = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      failures.push(error);
    }
  };
  try {
    const takeBackAll = takerBack(host, kernel, network);
    const isValid = ({ containerId, ifname }: Attachment): boolean => valid.some((one) => one.containerID === containerId && one.ifname === ifname);
    for (const fileName of journalsOf(host.roots.run, request.attachment.network)) attempt(() => collectKilled(host, request.attachment.network, fileName, takeBackAll));
    for (const record of host.ledger.of(request.attachment.network)) {
      if (!isValid(record.attachment)) attempt(() => collect(host, record, takeBackAll));
    }
    host.locks.sweep(`attachment-${folderOf(request.attachment.network)}-`);
    for (const link of links) attempt(() => ownGc(host, { ...request, netconf: link.netconf }, link.name, kernel));
  } finally {
    network.release();
    kernel.close();
  }
  if (failures.length > 0) throw failures[0];
}

/** A journal whose lock is held belongs to a call under way. */
function collectKilled(host: Host, network: string, fileName: string, takeBackAll: Opened['takeBackAll']): void {
  const lock = host.locks.tryHold(lockOf(network, fileName));
  if (!lock) return;
  try {
    finishPredecessor(host, network, fileName, { takeBackAll });
  } finally {
    lock.release();
  }
}

function collect(host: Host, record: LedgerRecord, takeBackAll: Opened['takeBackAll']): void {
  const lock = host.locks.hold(lockOf(record.attachment.network, fileNameOf(record.attachment)), 'exclusive', LOCK_TIMEOUT);
  try {
    const residues = takeBackAll(record.plugins.flatMap(({ undo }) => survivors(record, host.boot(), undo)));
    if (residues.length > 0) throw residueError(`container "${record.attachment.containerId}"`, residues);
    host.ledger.write({ ...record, plugins: [] });
  } finally {
    lock.release();
  }
}

function ownGc(host: Host, request: Request, name: string, kernel: Opened['kernel']): void {
  runPlugin(host, host.loadPlugin(name, request.netconf), { request, verb: 'GC', kernel, journal: forwardJournal, ownLinks: new Set(), plugin: name });
}
