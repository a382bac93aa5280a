// A network configuration list run as a container runtime runs it: each plugin executed in turn, results handed on.
// For people (`cni-wasm run`), the demonstration and the tests.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { isObject, parseObject, reason } from '../protocol/go-json.ts';
import type { Verb } from '../protocol/request.ts';
import { errnoOf } from '../system-error.ts';
import { inWords } from './in-words.ts';

export interface Conflist { cniVersion: string; name: string; plugins: PluginConf[] }
export interface PluginConf { type: string; capabilities?: Record<string, boolean>; [key: string]: unknown }

export interface Target {
  containerId: string;
  /** '' as runtimes send it when the namespace is gone */
  netns: string;
  ifname: string;
  /** folders with plugin executables */
  path: readonly string[];
  args?: string;
  /** what the runtime offers: portMappings, bandwidth, ipRanges, … */
  capabilityArgs?: Record<string, unknown>;
  env?: Readonly<Record<string, string>>;
  /** what plugins write to stderr goes to this program's own; otherwise it is kept for the answer */
  showsStderr?: boolean;
}

export interface Answer { plugin: string; exitCode: number; stdout: string; stderr: string; ms: number }
export class PluginFailed extends Error {
  constructor(readonly verb: Verb, readonly answer: Answer) {
    super(`plugin type="${answer.plugin}" failed (${verb.toLowerCase()}): ${answer.stdout || answer.stderr || `exit status ${answer.exitCode}`}`);
    this.name = 'PluginFailed';
  }
}

/** A list, or a single plugin's configuration as a list of one. */
export function parseConflist(text: string): Conflist {
  const { value } = parseObject(Buffer.from(text));
  if (value['plugins'] === undefined || value['type'] !== undefined) return listOfOne(value);
  const { plugins } = value;
  if (!Array.isArray(plugins) || plugins.length === 0) throw new Error('"plugins" must be a list of at least one plugin');
  const without = plugins.findIndex((plugin) => !hasType(plugin));
  if (without >= 0) throw new Error(`plugins[${without}] has no "type"`);
  return value as unknown as Conflist;
}

function listOfOne(value: Record<string, unknown>): Conflist {
  if (!hasType(value)) throw new Error('it has neither "plugins" nor a "type"');
  const { name, cniVersion, ...plugin } = value as unknown as Conflist & PluginConf;
  return { name, cniVersion, plugins: [plugin] };
}

const hasType = (value: unknown): boolean => isObject(value) && typeof value['type'] === 'string';

/** Returns the last result. Throws PluginFailed at the first failure and leaves the clean-up (DEL) to the caller, as libcni does. */
export function addAll(list: Conflist, target: Target): unknown {
  return list.plugins.reduce<unknown>((prevResult, plugin) => resultIn(callPlugin(list, plugin, 'ADD', target, prevResult)), undefined);
}

function resultIn({ plugin, stdout }: Answer): unknown {
  try {
    return parseObject(Buffer.from(stdout)).value;
  } catch (error) {
    throw new CniError(CODE.decode, `plugin type="${plugin}" (add) answered what is no result: ${reason(error)}`, { cause: error });
  }
}

export function checkAll(list: Conflist, target: Target, prevResult: unknown): void {
  for (const plugin of list.plugins) callPlugin(list, plugin, 'CHECK', target, prevResult);
}

/** In reverse order, stopping at the first failure, as libcni does. */
export function delAll(list: Conflist, target: Target, prevResult?: unknown): void {
  for (const plugin of list.plugins.toReversed()) callPlugin(list, plugin, 'DEL', target, prevResult);
}

/** All of them, whichever fail, as libcni does. Throws the failure, or an AggregateError of several. */
export function gcAll(list: Conflist, target: OfNone, valid: readonly { containerID: string; ifname: string }[]): void {
  const attachments = { 'cni.dev/valid-attachments': valid, 'cni.dev/attachments': valid };
  const failures = list.plugins.flatMap((plugin): unknown[] => {
    try {
      callPlugin(list, { ...plugin, ...attachments }, 'GC', ofNoContainer(target));
      return [];
    } catch (error) {
      return [error];
    }
  });
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} plugins failed (gc)`);
  if (failures.length === 1) throw failures[0];
}

export function statusAll(list: Conflist, target: OfNone): void {
  for (const plugin of list.plugins) callPlugin(list, plugin, 'STATUS', ofNoContainer(target));
}

type OfNone = Pick<Target, 'path' | 'env' | 'showsStderr'>;

const ofNoContainer = ({ path, env = {}, showsStderr = false }: OfNone): Target => ({ containerId: '', netns: '', ifname: '', path, env, showsStderr });

export function callPlugin(list: Conflist, plugin: PluginConf, verb: Verb, target: Target, prevResult?: unknown): Answer {
  const answer = execute(plugin.type, verb, target, JSON.stringify(configFor(list, plugin, target, prevResult)));
  if (answer.exitCode !== 0) throw new PluginFailed(verb, answer);
  return answer;
}

export function configFor({ name, cniVersion }: Conflist, plugin: PluginConf, { capabilityArgs = {} }: Pick<Target, 'capabilityArgs'>, prevResult: unknown): object {
  const wanted = Object.entries(plugin.capabilities ?? {}).filter(([key, on]) => on && key in capabilityArgs).map(([key]) => [key, capabilityArgs[key]]);
  return {
    ...plugin, name, cniVersion,
    ...(wanted.length > 0 ? { runtimeConfig: Object.fromEntries(wanted) as object } : {}),
    ...(prevResult === undefined ? {} : { prevResult }),
  };
}

/** Executes one plugin with a bare environment, as the strictest runtime would. */
export function execute(type: string, verb: string, target: Target, stdin: string | Uint8Array): Answer {
  const { containerId, netns, ifname, path, args = '', env = {}, showsStderr = false } = target;
  const file = programOf(type, path);
  const start = performance.now();
  const { status, signal, stdout, stderr, error } = spawnSync(file, [], {
    input: stdin, stdio: ['pipe', 'pipe', showsStderr ? 'inherit' : 'pipe'],
    env: { CNI_COMMAND: verb, CNI_CONTAINERID: containerId, CNI_NETNS: netns, CNI_IFNAME: ifname, CNI_ARGS: args, CNI_PATH: path.join(':'), ...env },
  });
  // A plugin that finds its environment wrong answers before it reads stdin, as libcni knows too.
  if (error && errnoOf(error) !== 'EPIPE') throw new CniError(CODE.plugin, `plugin "${file}" cannot be executed: ${inWords(error)}`, { kind: 'io', cause: error });
  return { plugin: type, exitCode: status ?? (signal ? 128 : 1), stdout: String(stdout), stderr: String(stderr ?? ''), ms: performance.now() - start };
}

/** Throws code 999 when no folder has it. */
export function programOf(type: string, path: readonly string[]): string {
  const file = path.map((folder) => join(folder, type)).find((candidate) => existsSync(candidate));
  if (file === undefined) throw new CniError(CODE.plugin, `no plugin "${type}" in ${path.join(':')}`, { kind: 'not-found' });
  return file;
}
