// ADD: the plugins of the chain in order, in one transaction. Either all of it stands and is in the ledger, or the node is as before.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { asCniError } from '../internal-error.ts';
import { openJournal, type Journal } from '../ledger/journal.ts';
import type { LedgerPlugin } from '../ledger/ledger.ts';
import { hostLinksMade, isUsedByOthers, joined, programIn, strikeOut } from '../ledger/records.ts';
import type { Undo } from '../ledger/undo.ts';
import { nextNetconf } from '../protocol/compose-chain.ts';
import type { Attachment, Request } from '../protocol/request.ts';
import type { Result } from '../protocol/result.ts';
import { formatResult } from '../protocol/write-result.ts';
import type { Chain, Host, Plugin } from './host.ts';
import { inChain } from './in-chain.ts';
import { enterNetns } from './netns.ts';
import { mustBeAwaited, withAttachment, withResidue, type Opened } from './open-call.ts';
import { withPath } from './request-document.ts';
import { runPlugin, type Run } from './run-plugin.ts';

/** The document for stdout. */
export function add(host: Host, chain: Chain): string {
  const { request, links } = chain;
  return withAttachment(host, chain, () => enterNetns(host, request, links), (opened) => {
    mustBeAwaited(host);
    const journal = openJournal(host.roots.run, request.attachment, request.netns);
    const done: Done[] = [];
    try {
      let result = request.netconf.prevResult;
      for (const link of links) {
        const netconf = nextNetconf(link.netconf, result);
        const before = undosIn(journal);
        const run = { request: { ...request, netconf }, verb: 'ADD', kernel: opened.kernel, journal, plugin: link.name, ownLinks: hostLinksMade(before, opened.kernel) } as const;
        const { plugin, said } = inChain(host, links, link, () => ran(host, host.loadPlugin(link.name, netconf), run));
        result = withPath(said, request.netns);
        done.push({ plugin, undos: undosIn(journal).slice(before.length) });
      }
      // A result that cannot be said in the configuration's version is a failed ADD: found out before it stands.
      const document = formatResult(result ?? {}, request.netconf.cniVersion);
      commit(host, request, journal, done);
      return document;
    } catch (error) {
      throw undone(host, request.attachment, journal, opened, error);
    } finally {
      journal.close();
    }
  });
}

function ran(host: Host, plugin: Plugin, run: Run): { plugin: Plugin; said: Result } {
  const outcome = runPlugin(host, plugin, run);
  if (!outcome?.result) throw new CniError(CODE.plugin, `plugin "${run.plugin}" gave no result; cni_add must call cni:abi/1.result`);
  return { plugin, said: outcome.result };
}

/** What one plugin of the chain has made: by its place, since a chain may have a plugin twice. */
interface Done { plugin: Plugin; undos: readonly Undo[] }

const undosIn = ({ entries }: Journal): Undo[] => entries.map(({ undo }) => undo);

/** What DEL must take back becomes the ledger's; the rest of the journal has served. */
function commit(host: Host, { attachment, netns }: Request, journal: Journal, done: readonly Done[]): void {
  const made = done.map(({ plugin: { name, digest }, undos }): LedgerPlugin => {
    const program = programIn(undos);
    return { name, digest, at: new Date().toISOString(), undo: undos.filter(({ life }) => life === 'attachment'), ...(program === undefined ? {} : { program }) };
  });
  const known = host.ledger.read(attachment);
  const plugins = (known ? joined(known, host.boot(), made) : made).filter(({ undo, program }) => undo.length > 0 || program !== undefined);
  host.ledger.write({ version: 1, attachment, netnsPath: netns, boot: host.boot(), plugins });
  journal.end();
}

function undone(host: Host, attachment: Attachment, journal: Journal, { kernel, takeBackAll }: Opened, error: unknown): unknown {
  const undos = undosIn(journal);
  const residues = takeBackAll(undos, () => isUsedByOthers({ attachment, since: journal.since, undos, wasKilled: false }, host.ledger, kernel));
  if (residues.length > 0) return withResidue(asCniError(error, host.log), residues);
  // The record may have been written before the end of the journal failed.
  strikeOut(host.ledger, attachment, undos);
  journal.end();
  return error;
}
