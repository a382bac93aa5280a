// `cni-wasm run`: a conflist by hand, as cnitool does for the reference.
// SPDX-License-Identifier: Apache-2.0

import { resolve } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { readError } from '../protocol/read-error.ts';
import type { Host } from '../verbs/host.ts';
import type { Told } from './answer-people.ts';
import { byHand, OPTIONS } from './by-hand.ts';
import { mustBeThere } from './must-be-there.ts';
import { addAll, checkAll, delAll, gcAll, PluginFailed, statusAll, type Conflist, type Target } from './run-conflist.ts';
import { takenBack } from './taken-back.ts';
import { Misuse, mustBeAll, readWords } from './words.ts';

export function run(words: readonly string[], host: Pick<Host, 'roots' | 'ledger' | 'boot'>): string | Told {
  const { values, positionals: [verb = '', file, ...rest] } = readWords('run', words, Infinity, OPTIONS);
  if (!VERBS.includes(verb)) throw misuse(`"${verb}" is not ${VERBS.join(', ')}`);
  if (file === undefined) throw misuse(`${verb} needs a conflist`);
  if (verb !== 'gc') mustBeAll('run', rest.slice(verb === 'status' ? 0 : 1));
  const { list, target: asked, prevResult } = byHand(file, rest[0] ? resolve(rest[0]) : '', values);
  const env = Object.fromEntries(Object.entries(process.env).filter(([key, value]) => key.startsWith('CNI_WASM_') && value !== undefined)) as Record<string, string>;
  const target: Target = { ...asked, env, showsStderr: true };
  if ((verb === 'add' || verb === 'check') && target.netns === '') throw misuse(`${verb} needs a network namespace`);
  if (verb === 'add') mustBeThere(list, target.path, host.roots);
  try {
    switch (verb) {
      case 'add': return `${JSON.stringify(addAll(list, target), null, 4)}\n`;
      case 'check': checkAll(list, target, prevResult); return 'as it should be\n';
      case 'del': delAll(list, target, prevResult); return 'detached\n';
      case 'status': statusAll(ofNewest(list), target); return 'ready\n';
      default: return takenBack(list.name, host, () => failureOf(() => gcAll(ofNewest(list), target, attachmentsIn(rest))));
    }
  } catch (error) {
    throw error instanceof PluginFailed ? inSentence(error, hintFor(error, list, prevResult)) : error;
  }
}

/** Anything else that is thrown is no failure of a plugin, and ends the command. */
function failureOf(act: () => void): CniError | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return error instanceof AggregateError ? allOf(error.errors.map(asFailure)) : asFailure(error);
  }
}

function asFailure(error: unknown): CniError {
  if (error instanceof PluginFailed) return inSentence(error, undefined);
  if (error instanceof CniError) return error;
  throw error;
}

/** One line for each, as it would be said alone. */
const allOf = (failures: readonly CniError[]): CniError => new CniError(CODE.residue, `${failures.length} plugins failed, the others have been asked as well`, {
  details: failures.map(({ code, message, facts: { details } }) => [`${message} (code ${code})`, ...(details === undefined ? [] : [details])].join('\n')).join('\n'),
});

/** What the plugin's own error document says. */
function inSentence({ verb, answer }: PluginFailed, hint: string | undefined): CniError {
  const { code, message, facts: { details } } = readError(answer);
  return new CniError(code, `plugin type="${answer.plugin}" failed (${verb.toLowerCase()}): ${message}`, { ...(details === undefined ? {} : { details }), hint });
}

function hintFor({ verb, answer }: PluginFailed, { plugins }: Conflist, prevResult: unknown): string | undefined {
  // A runtime sends DEL after an ADD that failed; here that is up to whoever looks at it.
  if (verb === 'ADD' && answer.plugin !== plugins[0]!.type) return 'what the plugins before it have made stays until `cni-wasm run del`';
  // Runtimes keep it, and the plugins have no word for where it is.
  if (verb === 'CHECK' && prevResult === undefined && /prevResult|chained plugin/.test(answer.stdout)) return 'give the answer of add: --result FILE';
  return undefined;
}

const VERBS: readonly string[] = ['add', 'check', 'del', 'status', 'gc'];

const misuse = (what: string): Misuse => new Misuse(what, 'run');

/** GC and STATUS came with 1.1.0, whatever the network's attachments are made with. */
const ofNewest = (list: Conflist): Conflist => ({ ...list, cniVersion: '1.1.0' });

/** Nothing said is a mistake rather than nobody: it would take down every container of the network. */
function attachmentsIn(words: readonly string[]): { containerID: string; ifname: string }[] {
  if (words.length === 0) throw misuse('gc needs the attachments that stay, as CONTAINER-ID/IFNAME, or the word none');
  if (words.length === 1 && words[0] === 'none') return [];
  return words.map((word) => {
    const [containerID = '', ifname = '', ...more] = word.split('/');
    if (containerID === '' || ifname === '' || more.length > 0) throw misuse(`"${word}" is no attachment; give CONTAINER-ID/IFNAME`);
    return { containerID, ifname };
  });
}
