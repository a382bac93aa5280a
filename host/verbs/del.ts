// DEL: each plugin's own DEL, which works from names and prevResult, then whatever the ledger still knows of.
// It goes on after errors, and what could not be taken back stays in the ledger for the next DEL or GC.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { asCniError } from '../internal-error.ts';
import { deferringKernel, type DeferringKernel } from '../kernel/deferred-deletes.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { fileNameOf } from '../ledger/attachment-id.ts';
import { forwardJournal, journalsElsewhere, remainsAt } from '../ledger/journal.ts';
import type { LedgerRecord } from '../ledger/ledger.ts';
import { livingOf, namelessRulesOfOthers, onlyBackends, ownLinksOf, survivors } from '../ledger/records.ts';
import { isOutsideKernel } from '../ledger/undo.ts';
import { once } from '../once.ts';
import { sparing } from '../ops/rules/sparing.ts';
import { ruleTables } from '../ops/rules/tables.ts';
import type { Attachment, Request } from '../protocol/request.ts';
import type { Chain, Host, Link } from './host.ts';
import { inChain } from './in-chain.ts';
import { enterNetnsIfThere, isAnothersNetns } from './netns.ts';
import { residueError, takerBack, withAttachment, type Opened } from './open-call.ts';
import { runPlugin, type Run } from './run-plugin.ts';

export function del(host: Host, chain: Chain): void {
  const { request, links } = chain;
  const { attachment } = request;
  const formerNetworks = formerNetworksOf(host, attachment);
  const left: unknown[] = [];
  withAttachment(host, chain, () => enterOwnNetns(host, request, formerNetworks), ({ kernel: direct, network }) => {
    const kernel = deferringKernel(direct);
    const known = knownOf(host, attachment, formerNetworks);
    const record = known.find((one) => one.attachment.network === attachment.network);
    const tables = sparing(ruleTables(kernel, host.locks), once(() => namelessRulesOfOthers(record, attachment, host.ledger, direct.link)));
    const takeBackAll = takerBack(host, kernel, network, chain, tables);
    const failures: unknown[] = [];
    let standing = known;
    const onlyBackend = onlyBackends(record, host.boot(), direct.link);
    for (const link of links.toReversed()) {
      try {
        inChain(host, links, link, () =>
          runOwn(host, request, link, { kernel, tables, ownLinks: ownLinksOf(record, host.boot(), kernel), onlyBackend: onlyBackend(link.name), settle: () => kernel.deleteLinks() }));
      } catch (error) {
        if (hasNothingOutsideLedger(host, error, link, record)) host.log.warn({ plugin: link.name, attachment, err: error }, 'DEL from the ledger alone');
        else failures.push(error);
      }
      standing = standing.map((made) => {
        try {
          return withoutPlugin(host, made, link.name, { kernel, takeBackAll });
        } catch (error) {
          failures.push(error);
          return made;
        }
      });
    }
    // Only what is really gone may be forgotten.
    try {
      kernel.deleteLinks();
      for (const made of standing) if (!known.includes(made)) host.ledger.write(made);
    } catch (error) {
      failures.push(error);
    }
    failures.push(...left);
    if (failures.length > 0) throw firstOf(failures, host.log);
  }, { others: formerNetworks, left });
}

/** The first is the answer, as of a plugin that stops there, and its text is what people know; its details tell the others. Ten are enough to read. */
function firstOf(failures: readonly unknown[], log: Host['log']): unknown {
  const [first, ...others] = failures.map((failure) => asCniError(failure, log));
  const texts = [...new Set(others.map(({ message }) => message))].filter((text) => text !== first!.message).slice(0, 10);
  if (texts.length === 0) return first;
  const { code, message, facts } = first!;
  return new CniError(code, message, { ...facts, details: [facts.details, `after it: ${texts.join('; ')}`].filter(Boolean).join('; ') });
}

/** What is at the path now may be another container's: that one is left alone, as if there were none. */
function enterOwnNetns(host: Host, request: Request, formerNetworks: readonly string[]): Kernel {
  const { attachment, netns } = request;
  const killed = [attachment.network, ...formerNetworks].flatMap((network) => remainsAt(host.roots.run, network, fileNameOf(attachment))?.entries.map(({ undo }) => undo) ?? []);
  const made = [...knownOf(host, attachment, formerNetworks).flatMap((record) => livingOf(record, host.boot())), ...killed];
  const kernel = enterNetnsIfThere(host, request);
  if (!isAnothersNetns(kernel, made)) return kernel;
  kernel.close();
  host.log.warn({ attachment, netns }, 'another network namespace is at its path: DEL on the host alone');
  return host.openKernel('');
}

/**
 * An interface of a container is on one network: what is not known under this name, but under another, has been renamed since, and was perhaps
 * being made by a call that was killed.
 */
function formerNetworksOf({ ledger, roots }: Host, attachment: Attachment): string[] {
  if (ledger.read(attachment)) return [];
  return [...new Set([...ledger.elsewhere(attachment).map((record) => record.attachment.network), ...journalsElsewhere(roots.run, attachment)])];
}

/** Under a former name only what this call has locked. */
function knownOf({ ledger }: Host, attachment: Attachment, formerNetworks: readonly string[]): LedgerRecord[] {
  const record = ledger.read(attachment);
  return record ? [record] : formerNetworks.flatMap((network) => ledger.read({ ...attachment, network }) ?? []);
}

/**
 * A module that may not run (any more) must not hold up the DEL of the plugins before it. What it made is in the ledger; what it was never
 * granted it never made. One that has nothing in the record of this attachment made nothing that goes with DEL, unless it is one of ours: the
 * reference's plugin of that name may have been called instead.
 */
function hasNothingOutsideLedger({ isOwn }: Host, error: unknown, { name }: Link, record: LedgerRecord | undefined): boolean {
  if (!(error instanceof CniError) || (error.code !== CODE.moduleRefused && error.code !== CODE.capabilityDenied)) return false;
  const wasNeverRun = error.code === CODE.capabilityDenied || error.facts.kind === 'not-found';
  return wasNeverRun || (record !== undefined && (!isOwn(name) || record.plugins.some((plugin) => plugin.name === name)));
}

function runOwn(host: Host, request: Request, { name, netconf }: Link, run: Pick<Run, 'kernel' | 'tables' | 'ownLinks' | 'onlyBackend' | 'settle'>): void {
  const plugin = host.loadPlugin(name, netconf);
  runPlugin(host, plugin, { request: { ...request, netconf }, verb: 'DEL', journal: forwardJournal, plugin: name, ...run });
}

/** The last one of that name in the chain made the last entries. Throws when something of them is left. */
function withoutPlugin(host: Host, record: LedgerRecord, name: string, { kernel, takeBackAll }: { kernel: DeferringKernel; takeBackAll: Opened['takeBackAll'] }): LedgerRecord {
  const at = record.plugins.findLastIndex((plugin) => plugin.name === name);
  if (at < 0) return record;
  const undos = survivors(record, host.boot(), record.plugins[at]!.undo);
  if (undos.some(isOutsideKernel)) kernel.deleteLinks();
  const residues = takeBackAll(undos);
  if (residues.length > 0) throw residueError(`plugin "${name}"`, residues);
  return { ...record, plugins: record.plugins.toSpliced(at, 1) };
}
