// `cni-wasm explain`: for every module of a conflist what it asks for, what it gets and why, and the line of policy for what it does not get.
// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { intersect, isGranted, wordOn, type Word } from '../grant/grant-for.ts';
import { NO_GRANTS, type Grants, type Manifest } from '../grant/grants.ts';
import { readPolicy } from '../grant/policy.ts';
import type { Roots } from '../roots.ts';
import { builtins } from '../selection/builtins.ts';
import { isKnown, type Found } from '../selection/find-module.ts';
import { loadModule, loadPlugin, signerOf, type Loaded } from '../selection/load-plugin.ts';
import type { Told } from './answer-people.ts';
import { readConflist } from './by-hand.ts';
import { unknownInChain, unknownInList, unknownKeys } from './config-keys.ts';
import { grantLines } from './grant-lines.ts';
import { isChain, modulesOf, type Named } from './modules-of.ts';
import { printable } from './printable.ts';
import type { Conflist } from './run-conflist.ts';
import { Misuse, readWords } from './words.ts';

/** A module that would be refused is a failure, told after all has been said. */
export function explain(words: readonly string[], roots: Roots): Told {
  const { positionals: [file] } = readWords('explain', words, 1, {});
  if (file === undefined) throw new Misuse('give a conflist', 'explain');
  const list = readConflist(file);
  const { name: network, plugins } = list;
  if (typeof network !== 'string' || network === '') throw new CniError(CODE.invalidConfig, `explain: "${file}" has no "name"`);
  const accounts = plugins.flatMap((conf) => modulesOf(conf)).map((named) => about(named, network, roots));
  const refused = accounts.filter(({ isRefused }) => isRefused).map(({ who }) => who);
  return {
    text: `network "${printable(network)}"\n${shown(misplaced(list))}${accounts.map(({ lines }) => `\n${shown(lines)}`).join('')}`,
    ...(refused.length > 0 ? { failure: new CniError(CODE.moduleRefused, `refused on network "${network}": ${refused.join(', ')}`) } : {}),
  };
}

const shown = (lines: readonly string[]): string => lines.map((line) => `${printable(line)}\n`).join('');

/** Keys of the list, and of entries that hold a chain, of which nothing comes. */
const misplaced = (list: Conflist): string[] => [
  ...unknownInList(list).map((key) => `  unknown    ${key}: a list has no such key, and nothing comes of it`),
  ...list.plugins.filter(isChain).flatMap(unknownInChain).map((key) => `  unknown    ${key}: an entry with "plugins" has no such key, and nothing comes of it; one of its plugins may`),
];

interface Account { who: string; lines: string[]; isRefused: boolean }

function about(named: Named, network: string, roots: Roots): Account {
  const { name, as, mayBeProgram } = named;
  const who = `${as} "${name}"`;
  const own = builtins();
  try {
    if (mayBeProgram && !isKnown(name, own, roots)) return { who, lines: [`${who}: no module of this host's; a program on CNI_PATH, or not installed`], isRefused: false };
    const loaded = loadModule(name, own, roots);
    const refusal = refusalOf(loaded, network, roots);
    const lines = [`${who} ${loaded.manifest.version}, ${loaded.found.digest}`, ...[...described(loaded, network, roots), ...unknown(named, loaded)].map((line) => `  ${line}`)];
    // What was not granted has its own line already.
    return { who, lines: [...lines, ...(refusal && refusal.code !== CODE.capabilityDenied ? [`  refused    ${inOneLine(refusal)}`] : [])], isRefused: refusal !== undefined };
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return { who, lines: [`${who}: refused: ${inOneLine(error)}`], isRefused: true };
  }
}

const inOneLine = ({ message, facts: { details, hint } }: CniError): string => [message, details, hint].filter(Boolean).join('; ');

function unknown(named: Named, { manifest }: Loaded): string[] {
  const keys = unknownKeys(named, manifest);
  return keys.length > 0 ? [`unknown    ${keys.join(', ')}: its manifest has no such key, and nothing comes of it; \`cni-wasm inspect ${named.name}\` shows those it has`] : [];
}

/** As a call would be refused. */
function refusalOf(loaded: Loaded, network: string, roots: Roots): CniError | undefined {
  try {
    loadPlugin(loaded, { name: network }, roots);
    return undefined;
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
}

const BUILTIN: Omit<Word, 'may' | 'granting' | 'limits'> = { from: 'it ships with this host, which grants what it wants', why: '', allow: () => '' };

function described({ found, manifest, code }: Loaded, network: string, roots: Roots): string[] {
  const operations = code().imports.operations.toSorted();
  const wants = { ...NO_GRANTS, ...manifest.wants };
  const word: Word = found.builtin ? { ...BUILTIN, may: wants, granting: [wants], limits: {} } : wordOfPolicy(found, network, roots);
  const gets = intersect(wants, word.may);
  const denied = operations.filter((operation) => !isGranted(operation, gets));
  // All that it wants, written as what it gets is.
  const whole = intersect(wants, wants);
  const lacking = Object.entries(manifest.wants).filter(([key]) => JSON.stringify(gets[key as keyof Grants]) !== JSON.stringify(whole[key as keyof Grants]));
  const wished = Object.keys(manifest.wants) as (keyof Grants)[];
  const granted = lacking.length === 0 && wished.length > 0 ? ['all of it'] : grantLines(Object.fromEntries(wished.map((key) => [key, gets[key]])));
  return [
    `asks for   ${operations.join(' ') || 'nothing beyond cni:abi/1'}`,
    ...grantLines(manifest.wants).map((line) => `within     ${line}`),
    ...granted.map((line) => `gets       ${line}`),
    `because    ${word.from}${found.builtin ? '' : ` (${join(roots.etc, 'policy.json')})`}`,
    ...lacking.map(([key, wish]) => `not whole  ${key}: ${word.why}; to allow it, in ${word.allow({ [key]: wish })}`),
    ...denied.map((operation) => outcome(operation, manifest)),
  ];
}

function wordOfPolicy(found: Found, network: string, roots: Roots): Word {
  const policy = readPolicy(roots.etc);
  return wordOn({ digest: found.digest, network }, policy, signerOf(found, policy, roots));
}

function outcome(operation: string, { wants, optional }: Manifest): string {
  if (optional.includes(operation)) return `without    ${operation}, which it can do without: it is answered "denied"`;
  const [domain = ''] = operation.split('.');
  return `refused    ${operation} is not granted, so that the module is not run${domain in wants ? '' : `; its manifest does not want "${domain}" either, it must be built with it`}`;
}
