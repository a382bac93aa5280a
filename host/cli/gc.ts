// `cni-wasm gc`: what nobody needs any more on this node, whose it was and why; with --dry-run nothing is changed.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { mustBeOpen } from '../ledger/books.ts';
import { leasesOf, UNCLAIMED } from '../ledger/leases.ts';
import { textOf } from '../ledger/objects.ts';
import { collectGone, type Judged } from '../verbs/collect-gone.ts';
import type { Host } from '../verbs/host.ts';
import type { Told } from './answer-people.ts';
import { whose } from './whose.ts';
import { Misuse, readWords } from './words.ts';

const OPTIONS = { 'dry-run': { type: 'boolean', default: false }, json: { type: 'boolean', default: false } } as const;

/** A failure says what could not be taken back, or looked at; the text is of the rest. */
export function gc(words: readonly string[], host: Host): Told {
  const { values: { 'dry-run': dryRun, json }, positionals } = readWords('gc', words, Infinity, OPTIONS);
  if (positionals.length > 0) throw new Misuse(`takes no words, got "${positionals.join(' ')}"; with a conflist it is cni-wasm run gc CONFLIST`, 'gc');
  mustBeOpen(host.roots);
  const unclaimed = leasesOf(host.roots.leases, host.ledger.all()).flatMap(({ ip, folder, owner }) => (owner ? [] : [{ ip, folder }]));
  const { gone: found, kept, torn, failures } = collectGone(host, { dryRun });
  // What a second look still finds could not be taken back.
  const still = new Set(failures.length > 0 && !dryRun ? collectGone(host, { dryRun: true }).gone.map(described) : []);
  const gone = found.filter((one) => !still.has(described(one)));
  const left = found.filter((one) => still.has(described(one)));
  const failure = failures.length > 0 ? { failure: new CniError(CODE.residue, failures.join('; ')) } : {};
  if (json) return { text: `${JSON.stringify({ dryRun, gone, kept, torn, unclaimed, ...(failures.length > 0 ? { left, failures } : {}) }, null, 2)}\n`, ...failure };
  const text = [
    ...gone.map((one) => `${dryRun ? 'would take back' : 'taken back'}: ${listed(one)}`),
    ...torn.map((path) => `${dryRun ? 'would take away' : 'taken away'}: "${path}": a record that says nothing: a kill or a loss of power came while it was written\n`),
    ...left.map((one) => `could not take back: ${listed(one)}`),
    ...kept.map((one) => `stays: ${described(one)}`),
    ...unclaimed.map((one) => `stays: ${textOf({ kind: 'lease', ...one })}: ${UNCLAIMED}\n`),
    found.length === 0 && torn.length === 0 && failures.length === 0 ? 'nothing to collect\n' : '',
  ].join('');
  return { text, ...failure };
}

const listed = (one: Judged): string => `${described(one)}${one.objects.map(({ plugin, object }) => `  ${plugin}: ${object}\n`).join('')}`;

const described = ({ netns, why, ...attachment }: Judged): string => `${whose(attachment)}${netns === '' ? '' : `, ${netns}`}: ${why}\n`;
