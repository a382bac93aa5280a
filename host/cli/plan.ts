// `cni-wasm plan`: what an ADD or DEL of a network would change on this node, by the very code that would change it; nothing is changed.
// SPDX-License-Identifier: Apache-2.0

import { resolve } from 'node:path';
import { resultOf } from '../answer.ts';
import { CniError, CODE } from '../cni-error.ts';
import { mustBeOpen } from '../ledger/books.ts';
import { openHost } from '../open-host.ts';
import { imaginedNode, IMAGINED, type Change, type ImaginedNode } from '../plan/imagined-node.ts';
import { readRequest } from '../protocol/read-request.ts';
import type { Host } from '../verbs/host.ts';
import { answerPeople } from './answer-people.ts';
import { byHand, OPTIONS } from './by-hand.ts';
import { printable } from './printable.ts';
import { configFor, programOf, type Conflist, type PluginConf, type Target } from './run-conflist.ts';
import { Misuse, readWords } from './words.ts';

/** The exit code. */
export const plan = (words: readonly string[]): Promise<number> => answerPeople(() => planned(words, openHost(process.env)));

async function planned(words: readonly string[], real: Host): Promise<string> {
  const { values, positionals: [verb = '', file, netns] } = readWords('plan', words, 3, { ...OPTIONS, json: { type: 'boolean', default: false } });
  if (verb !== 'add' && verb !== 'del') throw misuse(`"${verb}" is not add, del`);
  if (file === undefined) throw misuse(`${verb} needs a conflist`);
  mustBeOpen(real.roots);
  const { list, target, prevResult } = byHand(file, netns !== undefined ? resolve(netns) : verb === 'add' ? IMAGINED : '', values);
  const node = imaginedNode(real, { network: list.name, containerId: target.containerId, ifname: target.ifname });
  try {
    const result = verb === 'add' ? await addAll(node, list, target) : await delAll(node, list, target, prevResult);
    const { changes } = node;
    if (values.json) return `${JSON.stringify({ verb, changes, ...(result === undefined ? {} : { result }) }, null, 2)}\n`;
    return changes.length === 0 ? 'nothing would change\n' : changes.map(lineOf).join('');
  } finally {
    node.remove();
  }
}

const misuse = (what: string): Misuse => new Misuse(what, 'plan');

/** As run-conflist.ts calls the programs, in this process. */
async function addAll(node: ImaginedNode, list: Conflist, target: Target): Promise<unknown> {
  let prevResult: unknown;
  for (const plugin of list.plugins) {
    if (!isOurs(node.host, plugin)) throw new CniError(CODE.plugin, `the plan ends here: plugin "${programOf(plugin.type, target.path)}" is a program, and is not executed; what it and those after it would do is not known`);
    prevResult = JSON.parse(await call(node, 'ADD', list, plugin, target, prevResult) ?? '{}') as unknown;
  }
  return prevResult;
}

async function delAll(node: ImaginedNode, list: Conflist, target: Target, prevResult: unknown): Promise<undefined> {
  for (const plugin of list.plugins.toReversed()) {
    if (isOurs(node.host, plugin)) await call(node, 'DEL', list, plugin, target, prevResult);
    else node.changes.push({ plugin: plugin.type, text: `${programOf(plugin.type, target.path)} is a program: what it would take away is not known` });
  }
}

const isOurs = ({ isModule }: Host, { type }: PluginConf): boolean => type === 'cni-wasm' || isModule(type);

function call({ host }: ImaginedNode, verb: 'ADD' | 'DEL', list: Conflist, plugin: PluginConf, target: Target, prevResult: unknown): Promise<string | undefined> {
  const { containerId, ifname, netns, path, args = '' } = target;
  const env = { ...host.env, CNI_COMMAND: verb, CNI_CONTAINERID: containerId, CNI_NETNS: netns, CNI_IFNAME: ifname, CNI_ARGS: args, CNI_PATH: path.join(':') };
  return resultOf(host, readRequest(plugin.type, env, () => Buffer.from(JSON.stringify(configFor(list, plugin, target, prevResult)))));
}

const lineOf = ({ plugin, op, ns, text }: Change): string => `${printable(`${plugin}: ${op === undefined ? '' : `${op.split('.')[0]}${ns === 'container' ? ' in the container' : ''}: `}${text}`)}\n`;
