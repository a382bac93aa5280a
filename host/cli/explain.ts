// `cni-wasm explain`: for every module of a conflist what it asks for, what it gets and why, and the line of policy for what it does not get.
// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { intersect, isGranted, wordOn, type Word } from '../grant/grant-for.ts';
import { NO_GRANTS, type Grants, type Manifest } from '../grant/grants.ts';
import { readPolicy } from '../grant/policy.ts';
import { field } from '../protocol/go-json.ts';
import type { Roots } from '../roots.ts';
import { builtins } from '../selection/builtins.ts';
import { isKnown, type Found } from '../selection/find-module.ts';
import { loadModule, signerOf, type Loaded } from '../selection/load-plugin.ts';
import { readConflist } from './by-hand.ts';
import { printable } from './printable.ts';
import { Misuse, readWords } from './words.ts';

export function explain(words: readonly string[], roots: Roots): string {
  const { positionals: [file] } = readWords('explain', words, 1, {});
  if (file === undefined) throw new Misuse('give a conflist', 'explain');
  const { name: network, plugins } = readConflist(file);
  if (typeof network !== 'string' || network === '') throw new CniError(CODE.invalidConfig, `explain: "${file}" has no "name"`);
  const named = plugins.flatMap(modulesOf);
  return `network "${network}"\n${named.map(({ name, as }) => `\n${about(name, as, network, roots)}`).join('')}`;
}

interface Named { name: string; as: string }

/** A plugin and the IPAM plugin it hands on to, of an entry or of the chain within it. */
function modulesOf(conf: object): Named[] {
  const type = String(field(conf, 'type'));
  const inner = field(conf, 'plugins');
  if (type === 'cni-wasm' && Array.isArray(inner)) return inner.flatMap(modulesOf);
  const module = type === 'cni-wasm' ? field(conf, 'module') : type;
  const ipam = field(field(conf, 'ipam'), 'type');
  return [
    { name: typeof module === 'string' ? module : type, as: 'plugin' },
    ...(typeof ipam === 'string' && ipam !== '' ? [{ name: ipam, as: 'IPAM plugin' }] : []),
  ];
}

function about(name: string, as: string, network: string, roots: Roots): string {
  const own = builtins();
  if (!isKnown(name, own, roots)) return `${as} "${name}": no module of this host's; a program on CNI_PATH, or not installed\n`;
  try {
    return described(loadModule(name, own, roots), as, network, roots);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return `${as} "${name}": refused: ${printable([error.message, error.facts.details, error.facts.hint].filter(Boolean).join('; '))}\n`;
  }
}

const BUILTIN: Omit<Word, 'may' | 'granting' | 'limits'> = { from: 'it ships with this host, which grants what it wants', why: '', allow: () => '' };

function described({ found, manifest, code }: Loaded, as: string, network: string, roots: Roots): string {
  const { operations } = code().imports;
  const wants = { ...NO_GRANTS, ...manifest.wants };
  const word: Word = found.builtin ? { ...BUILTIN, may: wants, granting: [wants], limits: {} } : wordOfPolicy(found, network, roots);
  const gets = intersect(wants, word.may);
  const denied = operations.filter((operation) => !isGranted(operation, gets));
  // All that it wants, written as what it gets is.
  const whole = intersect(wants, wants);
  const lacking = Object.entries(manifest.wants).filter(([key]) => JSON.stringify(gets[key as keyof Grants]) !== JSON.stringify(whole[key as keyof Grants]));
  return [
    `${as} "${found.name}" ${manifest.version}, ${found.digest}`,
    `  asks for   ${operations.join(' ') || 'nothing beyond cni:abi/1'}`,
    `  within     ${JSON.stringify(manifest.wants)}`,
    `  gets       ${JSON.stringify(granted(gets))}`,
    `  because    ${word.from}${found.builtin ? '' : ` (${join(roots.etc, 'policy.json')})`}`,
    ...lacking.map(([key, wish]) => `  not whole  ${key}: ${word.why}; to allow it, in ${word.allow({ [key]: wish })}`),
    ...denied.map((operation) => `  ${outcome(operation, manifest)}`),
    '',
  ].map(printable).join('\n');
}

function wordOfPolicy(found: Found, network: string, roots: Roots): Word {
  const policy = readPolicy(roots.etc);
  return wordOn({ digest: found.digest, network }, policy, signerOf(found, policy, roots));
}

const granted = (gets: Grants): object => Object.fromEntries(Object.entries(gets).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(NO_GRANTS[key as keyof Grants]) && !isHollow(value)));

/** A table without chains, a namespace without kinds. */
const isHollow = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.values(value).every((one) => Array.isArray(one) && one.length === 0);

function outcome(operation: string, { wants, optional }: Manifest): string {
  if (optional.includes(operation)) return `without    ${operation}, which it can do without: it is answered "denied"`;
  const [domain = ''] = operation.split('.');
  return `refused    ${operation} is not granted, so that the module is not run${domain in wants ? '' : `; its manifest does not want "${domain}" either, it must be built with it`}`;
}
