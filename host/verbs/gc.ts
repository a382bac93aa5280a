// GC: every attachment of the network that the runtime does not list any more is taken back, from the ledger and from what killed
// calls left; then the plugins free what attachments without a ledger entry hold. It goes on after errors.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { forwardJournal, journalsOf } from '../ledger/journal.ts';
import type { LedgerRecord } from '../ledger/ledger.ts';
import { folderOf } from '../ledger/attachment-id.ts';
import { livingOf, namelessRulesOfOthers } from '../ledger/records.ts';
import { messageOf } from '../message-of.ts';
import type { Attachment, Request } from '../protocol/request.ts';
import type { Chain, Host } from './host.ts';
import { finishPredecessor, holding, mustBeAwaited, networkLock, residueError, takerBack, withKernel, type Opened } from './open-call.ts';
import { runPlugin } from './run-plugin.ts';

type Valid = NonNullable<Request['netconf']['validAttachments']>;

export function gc(host: Host, { request, links }: Chain): void {
  const listed = request.netconf.validAttachments;
  // Absent is "unknown", not "none": collecting then would take down every container of the node.
  if (!listed) return;
  const { network } = request.attachment;
  const called = new Date().toISOString();
  aloneOnNetwork(host, request, ({ kernel, takeBackAll, attempt }) => {
    mustBeAwaited(host);
    for (const fileName of journalsOf(host.roots.run, network)) attempt(() => finishPredecessor(host, network, fileName, { kernel, takeBackAll }));
    attempt(() => host.ledger.dropDrafts(network));
    const records = host.ledger.of(network);
    const valid = [...listed, ...madeSince(called, records)];
    for (const record of records) if (!isIn(valid, record.attachment)) attempt(() => collect(host, record, { kernel, takeBackAll }));
    host.locks.sweep(`attachment-${folderOf(network)}-`);
    for (const { name, netconf } of links) attempt(() => ownGc(host, { ...request, netconf: { ...netconf, validAttachments: valid } }, name, kernel));
  });
}

interface Alone {
  kernel: Kernel;
  takeBackAll: Opened['takeBackAll'];
  /** Goes on after an error, which is reported at the end. */
  attempt(act: () => void): void;
}

/** Calls under way come to their end first, and the next ones wait: no attachment changes while `act` runs. */
export function aloneOnNetwork(host: Host, request: Pick<Request, 'attachment' | 'withinNetwork'>, act: (alone: Alone) => void): void {
  const failures: unknown[] = [];
  const attempt = (one: () => void): void => {
    try {
      one();
    } catch (error) {
      failures.push(error);
    }
  };
  withKernel(host.openKernel(''), (kernel) => holding(networkLock(host, request, 'exclusive'), (lock) =>
    act({ kernel, takeBackAll: takerBack(host, kernel, lock), attempt })));
  if (failures.length > 0) throw allOf(failures);
}

/** An attachment that came to be after the runtime wrote its list cannot be on it. */
const madeSince = (called: string, records: readonly LedgerRecord[]): Valid => records
  .filter(({ plugins }) => plugins.some(({ at }) => at >= called)).map(({ attachment: { containerId, ifname } }) => ({ containerID: containerId, ifname }));

const isIn = (valid: Valid, { containerId, ifname }: Attachment): boolean => valid.some((one) => one.containerID === containerId && one.ifname === ifname);

export function collect(host: Host, record: LedgerRecord, { kernel, takeBackAll }: Pick<Alone, 'kernel' | 'takeBackAll'>): void {
  const residues = takeBackAll(livingOf(record, host.boot()), undefined, () => namelessRulesOfOthers(record, record.attachment, host.ledger, kernel.link));
  if (residues.length > 0) throw residueError(`container "${record.attachment.containerId}"`, residues);
  host.ledger.write({ ...record, plugins: [] });
}

function ownGc(host: Host, request: Request, name: string, kernel: Kernel): void {
  runPlugin(host, host.loadPlugin(name, request.netconf), { request, verb: 'GC', kernel, journal: forwardJournal, ownLinks: new Set(), plugin: name });
}

/** SPEC §GC: errors do not stop it and are reported at the end. */
function allOf(failures: readonly unknown[]): unknown {
  const [first] = failures;
  if (failures.length === 1) return first;
  const texts = failures.map(messageOf);
  return new CniError(first instanceof CniError ? first.code : CODE.hostInternal, texts.join('; '), { cause: first });
}
