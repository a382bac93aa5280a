// DEL: each plugin's own DEL, which works from names and prevResult, then whatever the ledger still knows of.
// It goes on after errors, and what could not be taken back stays in the ledger for the next DEL or GC.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { forwardJournal } from '../ledger/journal.ts';
import type { LedgerRecord } from '../ledger/ledger.ts';
import { ownLinksOf, survivors } from '../ledger/records.ts';
import type { Chain, Host, Link } from './host.ts';
import { enterNetnsIfThere } from './netns.ts';
import { residueError, withAttachment, type Opened } from './open-call.ts';
import { runPlugin } from './run-plugin.ts';

export function del(host: Host, { request, links }: Chain): void {
  withAttachment(host, request, () => enterNetnsIfThere(host, request), (opened) => {
    const failures: unknown[] = [];
    for (const link of links.toReversed()) {
      const record = host.ledger.read(request.attachment);
      try {
        ownDel(host, { request, links }, link, opened, record);
      } catch (error) {
        if (hasNothingOutsideLedger(error, link, record)) host.log.warn({ plugin: link.name, attachment: request.attachment, err: error }, 'DEL from the ledger alone');
        else failures.push(error);
      }
      if (record) {
        const residue = takeBackPlugin(host, record, link.name, opened);
        if (residue) failures.push(residue);
      }
    }
    if (failures.length > 0) throw failures[0];
  });
}

/**
 * A module that may not run (any more) must not hold up the DEL of the plugins before it. What it made is in the ledger; what it was never
 * granted it never made.
 */
function hasNothingOutsideLedger(error: unknown, { name }: Link, record: LedgerRecord | undefined): boolean {
  if (!(error instanceof CniError) || (error.code !== CODE.moduleRefused && error.code !== CODE.capabilityDenied)) return false;
  const wasNeverRun = error.code === CODE.capabilityDenied || error.facts.kind === 'not-found';
  return wasNeverRun || (record?.plugins.some((plugin) => plugin.name === name) ?? false);
}

function ownDel(host: Host, { request }: Chain, link: Link, { kernel }: Opened, record: LedgerRecord | undefined): void {
  const plugin = host.loadPlugin(link.name, link.netconf);
  runPlugin(host, plugin, {
    request: { ...request, netconf: link.netconf }, verb: 'DEL', kernel, journal: forwardJournal,
    ownLinks: ownLinksOf(record, host.boot()), plugin: link.name,
  });
}

/** The last one of that name in the chain made the last entries. Undefined when nothing is left. */
function takeBackPlugin(host: Host, record: LedgerRecord, name: string, { takeBackAll }: Opened): unknown {
  const at = record.plugins.findLastIndex((plugin) => plugin.name === name);
  if (at < 0) return undefined;
  const residues = takeBackAll(survivors(record, host.boot(), record.plugins[at]!.undo));
  if (residues.length > 0) return residueError(`plugin "${name}"`, residues);
  host.ledger.write({ ...record, plugins: record.plugins.toSpliced(at, 1) });
  return undefined;
}
