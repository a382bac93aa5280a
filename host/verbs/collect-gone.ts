// GC of a whole node without a runtime's list: attachments whose network namespace is gone, and what killed calls have left.
// SPDX-License-Identifier: Apache-2.0

import type { Kernel } from '../kernel/kernel.ts';
import { folderOf } from '../ledger/attachment-id.ts';
import { allJournals, journalsOf, remainsAt } from '../ledger/journal.ts';
import { objectsOf, textOf } from '../ledger/objects.ts';
import type { LedgerRecord } from '../ledger/ledger.ts';
import { isUsedByOthers, namespacesOf, programIn, survivors } from '../ledger/records.ts';
import type { Undo } from '../ledger/undo.ts';
import { messageOf } from '../message-of.ts';
import type { Attachment } from '../protocol/request.ts';
import { aloneOnNetwork, collect } from './gc.ts';
import type { Host } from './host.ts';
import { isAnothersNetns, isNoNetns } from './netns.ts';
import { finishPredecessor, withKernel } from './open-call.ts';

export interface Judged {
  network: string;
  containerId: string;
  ifname: string;
  netns: string;
  why: string;
  objects: { plugin: string; object: string }[];
}

/** `torn`: paths of records that a kill or a loss of power has left half written. */
export interface Collected { gone: Judged[]; kept: Judged[]; torn: string[]; failures: string[] }

export function collectGone(host: Host, { dryRun }: { dryRun: boolean }): Collected {
  const collected: Collected = { gone: [], kept: [], torn: [], failures: [] };
  for (const network of networksOf(host)) {
    try {
      aloneOnNetwork(host, { attachment: ofNetwork(network), withinNetwork: false }, ({ kernel, takeBackAll, attempt }) => {
        // Nobody else is at work on this network now, so whoever wrote a journal was killed.
        for (const fileName of journalsOf(host.roots.run, network)) {
          const remains = remainsAt(host.roots.run, network, fileName);
          if (!remains) continue;
          const { attachment, netnsPath, since } = remains;
          const isUsed = isUsedByOthers({ attachment, since, undos: remains.entries.map(({ undo }) => undo), wasKilled: true }, host.ledger, kernel);
          const entries = remains.entries.filter(({ undo }) => !isUsed || undo.life !== 'network');
          const { isGone, why } = unlessProgram(programIn(entries.map(({ undo }) => undo)), gone('its call was killed'));
          (isGone ? collected.gone : collected.kept).push(judged(attachment ?? ofNetwork(network), netnsPath, why, entries));
          if (isGone && !dryRun) attempt(() => finishPredecessor(host, network, fileName, { kernel, takeBackAll }));
        }
        attempt(() => { collected.torn.push(...(dryRun ? host.ledger.drafts(network) : host.ledger.dropDrafts(network))); });
        for (const record of host.ledger.of(network)) {
          const { isGone, why } = unlessProgram(record.plugins.flatMap(({ program }) => program ?? [])[0], fateOf(host, kernel, record));
          const entries = record.plugins.flatMap(({ name, undo }) => survivors(record, host.boot(), undo).map((one) => ({ plugin: name, undo: one })));
          (isGone ? collected.gone : collected.kept).push(judged(record.attachment, record.netnsPath, why, entries));
          if (isGone && !dryRun) attempt(() => collect(host, record, { kernel, takeBackAll }));
        }
        if (!dryRun) host.locks.sweep(`attachment-${folderOf(network)}-`);
      });
    } catch (error) {
      collected.failures.push(`network "${network}": ${messageOf(error)}`);
    }
  }
  return collected;
}

const networksOf = (host: Host): Set<string> => new Set([
  ...host.ledger.networks(),
  ...allJournals(host.roots.run).map(({ folder, remains: { attachment } }) => attachment?.network ?? folder),
].sort());

const ofNetwork = (network: string): Attachment => ({ network, containerId: '', ifname: '' });

const judged = ({ network, containerId, ifname }: Attachment, netns: string, why: string, entries: readonly { plugin: string; undo: Undo }[]): Judged => ({
  network, containerId, ifname, netns, why,
  objects: entries.flatMap(({ plugin, undo }) => objectsOf(undo.inverse).map((object) => ({ plugin, object: textOf(object) }))),
});

interface Fate { isGone: boolean; why: string }
const gone = (why: string): Fate => ({ isGone: true, why });
const stays = (why: string): Fate => ({ isGone: false, why });

/** What a foreign IPAM program gave cannot be given back without its configuration, and must not be forgotten with the rest. */
const unlessProgram = (program: string | undefined, fate: Fate): Fate =>
  (fate.isGone && program !== undefined ? stays(`${fate.why}, and the IPAM program "${program}" needs its configuration: cni-wasm run gc CONFLIST`) : fate);

/** In doubt it stays: who takes down a container that lives is worse than who leaves something. */
function fateOf(host: Host, kernel: Kernel, record: LedgerRecord): Fate {
  const undos = record.plugins.flatMap(({ undo }) => undo);
  if (record.boot !== host.boot()) return gone('it was made before the node was started anew');
  const outside = namespacesOf(undos, 'host');
  if (outside.size > 0 && !outside.has(kernel.netnsId('host')!)) return stays('it was made from another network namespace than this one');
  if (!record.netnsPath.startsWith('/') || /^\/proc\/(self|thread-self)\//.test(record.netnsPath)) return stays('its namespace has no path that could be looked at');
  const there = lookAt(host, record.netnsPath, undos);
  if (there.kind === 'unknown') return stays(there.why);
  if (there.kind === 'its own') return stays('its network namespace is there');
  // The kernel takes both ends of a veth away with either one's namespace: a path can be deleted while a process keeps the namespace.
  const end = undos.flatMap(({ inverse }) => (inverse.do === 'delete link' && inverse.kind === 'veth' ? [inverse, ...(inverse.peer ? [inverse.peer] : [])] : []))
    .find(({ ns, index, name }) => ns === 'host' && index !== undefined && kernel.link.get('host', { index })?.name === name);
  if (end) return stays(`its link "${end.name}" is there, so that somebody keeps its namespace, or the kernel is about to take it away`);
  return gone(there.kind === 'another' ? 'another network namespace is at its path' : 'its network namespace is gone');
}

function lookAt(host: Host, path: string, made: readonly Undo[]): { kind: 'its own' | 'another' | 'none' } | { kind: 'unknown'; why: string } {
  try {
    return withKernel(host.openKernel(path), (kernel) => ({ kind: isAnothersNetns(kernel, made) ? 'another' : 'its own' }));
  } catch (error) {
    if (isNoNetns(error)) return { kind: 'none' };
    return { kind: 'unknown', why: messageOf(error) };
  }
}
