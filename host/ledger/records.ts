// Reading a ledger record: what of it can still exist, and which links it says are the attachment's.
// SPDX-License-Identifier: Apache-2.0

import type { Kernel, LinkKernel, Ns } from '../kernel/kernel.ts';
import { namelessKeys } from '../ops/rules/sparing.ts';
import type { Backend } from '../ops/rules/tables.ts';
import type { Attachment } from '../protocol/request.ts';
import type { Ledger, LedgerPlugin, LedgerRecord } from './ledger.ts';
import { isOutsideKernel, type Undo } from './undo.ts';

/** After a reboot the kernel's objects are gone and their numbers given to others; entries on disk are still there. */
export const survivors = (record: LedgerRecord, boot: string, undos: readonly Undo[]): readonly Undo[] =>
  record.boot === boot ? undos : undos.filter(isOutsideKernel);

/**
 * For each plugin the one packet filter in which it made rules for the attachment. Undefined when it is not known, or both: then DEL looks in both.
 * The record is only believed while a link that it speaks of is there: whoever took that away may have made other rules since.
 */
export function onlyBackends(record: LedgerRecord | undefined, boot: string, link: Pick<LinkKernel, 'get'>): (plugin: string) => Backend | undefined {
  if (record?.boot !== boot || !hasLink(record, link)) return () => undefined;
  return (plugin) => {
    const made = record.plugins.filter(({ name }) => name === plugin).flatMap(({ undo }) => undo.map(({ inverse }) => inverse.do));
    const [nft, iptables] = [made.includes('nft'), made.includes('iptables')];
    return nft === iptables ? undefined : nft ? 'nft' : 'iptables';
  };
}

/** Of those that live, when `record` (undefined: nothing is known of it) does not: see ops/rules/sparing.ts. While its link is there its addresses are its own. */
export function namelessRulesOfOthers(record: LedgerRecord | undefined, own: Attachment, ledger: Pick<Ledger, 'of'>, link: Pick<LinkKernel, 'get'>): Set<string> {
  if (record && hasLink(record, link)) return new Set();
  const keysOf = ({ plugins }: LedgerRecord): string[] =>
    plugins.flatMap(({ undo }) => undo.flatMap(({ inverse }) => (inverse.do === 'iptables' ? namelessKeys(inverse.rules) : [])));
  return new Set(ledger.of(own.network).filter((one) => !isSame(one.attachment, own) && hasLink(one, link)).flatMap(keysOf));
}

/** Is a veth of the attachment's there? */
const hasLink = ({ plugins }: LedgerRecord, link: Pick<LinkKernel, 'get'>): boolean => plugins.some(({ undo }) => undo.some((one) => isLinkThere(one, link)));

function isLinkThere({ inverse }: Undo, link: Pick<LinkKernel, 'get'>): boolean {
  if (inverse.do !== 'delete link' || inverse.kind !== 'veth') return false;
  const outside = inverse.ns === 'host' ? inverse : inverse.peer;
  return outside?.index !== undefined && link.get('host', { index: outside.index })?.name === outside.name;
}

/** All that the record says and that can still exist. */
export const livingOf = (record: LedgerRecord, boot: string): Undo[] => record.plugins.flatMap(({ undo }) => survivors(record, boot, undo));

/**
 * An ADD over a record. Of an earlier boot's that is left which outlives a boot, and it goes with the plugin of the same name: DEL takes one entry for each
 * plugin of its chain.
 */
export function joined(known: LedgerRecord, boot: string, made: readonly LedgerPlugin[]): LedgerPlugin[] {
  if (known.boot === boot) return [...known.plugins, ...made];
  const left = known.plugins.map((plugin) => ({ ...plugin, undo: [...survivors(known, boot, plugin.undo)] }));
  const heirs = made.map((plugin, i) => {
    const before = made.findIndex(({ name }) => name === plugin.name) === i ? left.filter(({ name }) => name === plugin.name) : [];
    const program = plugin.program ?? before.flatMap((one) => one.program ?? [])[0];
    return { ...plugin, ...(program === undefined ? {} : { program }), undo: [...before.flatMap(({ undo }) => undo), ...plugin.undo] };
  });
  return [...left.filter(({ name }) => !made.some((plugin) => plugin.name === name)), ...heirs];
}

/** A call's own changes, since when it made them, and whose they are if that is known. */
export interface Changes { attachment: Attachment | undefined; since: string; undos: readonly Undo[]; /** or does it take them back itself? */ wasKilled: boolean }

/** Whether somebody came after the changes, who may use as its own what it found: a bridge of the network, its address, forwarding. */
export const isUsedByOthers = (changes: Changes, ledger: Pick<Ledger, 'all'>, kernel: Pick<Kernel, 'link' | 'netnsId'>): boolean =>
  cameSince(changes, ledger) || hasOthersPorts(changes, kernel);

const cameSince = ({ attachment: own, since }: Changes, ledger: Pick<Ledger, 'all'>): boolean =>
  ledger.all().some(({ attachment, plugins }) => !(own && isSame(attachment, own)) && plugins.some(({ at }) => at >= since));

/**
 * The reference plugins' attachments are in no ledger, but their ports are on the bridge. On one that was there before, those count that came after the
 * links made here: numbers of interfaces only grow.
 */
function hasOthersPorts({ undos, wasKilled }: Changes, kernel: Pick<Kernel, 'link' | 'netnsId'>): boolean {
  const host = kernel.netnsId('host');
  const own = linksMade(undos, host);
  // Without one there is no telling who came after it: nobody in the moment of a call that fails, anybody since one that was killed.
  if (own.size === 0 && !wasKilled) return false;
  const links = kernel.link.list('host');
  const changed = undos.flatMap(({ inverse }) => ('index' in inverse && inverse.ns === 'host' && inverse.netns === host ? inverse.index ?? [] : []));
  const bridges = new Set([...changed, ...links.flatMap(({ master, index }) => (own.has(index) ? master ?? [] : []))]);
  const last = Math.max(...own);
  return links.some(({ master, index }) => master !== undefined && bridges.has(master) && !own.has(index) && (own.has(master) || index > last));
}

const isSame = (one: Attachment, other: Attachment): boolean =>
  one.network === other.network && one.containerId === other.containerId && one.ifname === other.ifname;

/** The marks of the namespaces in which something was made that these take back. */
export const namespacesOf = (undos: readonly Undo[], ns: Ns): Set<string> =>
  new Set(undos.flatMap(({ inverse }) => [inverse, 'peer' in inverse ? inverse.peer : undefined])
    .flatMap((made) => (made && 'netns' in made && made.ns === ns ? [made.netns] : [])));

/** The foreign IPAM program that these would call. */
export const programIn = (undos: readonly Undo[]): string | undefined => undos.flatMap(({ inverse }) => (inverse.do === 'delegate DEL' ? [inverse.type] : []))[0];

export const ownLinksOf = (record: LedgerRecord | undefined, boot: string, kernel: Pick<Kernel, 'netnsId'>): Set<number> =>
  record?.boot === boot ? hostLinksMade(record.plugins.flatMap(({ undo }) => undo), kernel) : new Set();

/** Interface indexes of the attachment's host links that these inverses would delete. In another network namespace of the node they are other links'. */
export const hostLinksMade = (undos: readonly Undo[], kernel: Pick<Kernel, 'netnsId'>): Set<number> =>
  linksMade(undos.filter(({ life }) => life === 'attachment'), kernel.netnsId('host'));

const linksMade = (undos: readonly Undo[], host: string | undefined): Set<number> => new Set(undos.flatMap(({ inverse }) => {
  if (inverse.do !== 'delete link') return [];
  const ends = [inverse, ...(inverse.peer ? [inverse.peer] : [])];
  return ends.flatMap(({ ns, netns = host, index }) => (ns === 'host' && netns === host && index !== undefined ? [index] : []));
}));

/** What was taken back after it had been committed: the ADD was killed, or could not go on, between its record and the end of its journal. */
export function strikeOut(ledger: Ledger, attachment: Attachment, taken: readonly Undo[]): void {
  const record = ledger.read(attachment);
  if (!record) return;
  const gone = new Set(taken.map((undo) => JSON.stringify(undo)));
  const plugins = record.plugins.map((plugin) => ({ ...plugin, undo: plugin.undo.filter((undo) => !gone.has(JSON.stringify(undo))) }));
  // A plugin without an undo still has its IPAM program, unless that was called just now.
  ledger.write({ ...record, plugins: plugins.filter(({ undo, program }) => undo.length > 0 || (program !== undefined && program !== programIn(taken))) });
}
