// `cni-wasm gc`: what nobody needs any more on this node, whose it was and why; with --dry-run nothing is changed.
// SPDX-License-Identifier: Apache-2.0

import { parseArgs } from 'node:util';
import { CniError, CODE } from '../cni-error.ts';
import { mustBeOpen } from '../ledger/books.ts';
import { leasesOf, UNCLAIMED } from '../ledger/leases.ts';
import { textOf } from '../ledger/objects.ts';
import { collectGone, type Judged } from '../verbs/collect-gone.ts';
import type { Host } from '../verbs/host.ts';

const OPTIONS = { 'dry-run': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } } as const;

/** Throws after the work when something could not be taken back. */
export function gc(words: readonly string[], host: Host): string {
  const { values: { 'dry-run': dryRun, json }, positionals } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  if (positionals.length > 0) throw new CniError(CODE.invalidConfig, `gc: takes no words, got "${positionals.join(' ')}"; with a conflist it is cni-wasm run gc CONFLIST`);
  mustBeOpen(host.roots);
  const unclaimed = leasesOf(host.roots.leases, host.ledger.all()).flatMap(({ ip, folder, owner }) => (owner ? [] : [{ ip, folder }]));
  const { gone, kept, failures } = collectGone(host, { dryRun });
  if (failures.length > 0) throw new CniError(CODE.residue, failures.join('; '));
  if (json) return `${JSON.stringify({ dryRun, gone, kept, unclaimed }, null, 2)}\n`;
  return [
    ...gone.map((one) => `${dryRun ? 'would take back' : 'taken back'}: ${described(one)}${one.objects.map(({ plugin, object }) => `  ${plugin}: ${object}\n`).join('')}`),
    ...kept.map((one) => `stays: ${described(one)}`),
    ...unclaimed.map((one) => `stays: ${textOf({ kind: 'lease', ...one })}: ${UNCLAIMED}\n`),
    gone.length === 0 ? 'nothing to collect\n' : '',
  ].join('');
}

const described = ({ network, containerId, ifname, netns, why }: Judged): string =>
  `network "${network}", container "${containerId}", ${ifname}${netns === '' ? '' : `, ${netns}`}: ${why}\n`;
