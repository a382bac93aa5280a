// The IPAM plugin of a configuration: our own module in its own sandbox and in the same transaction, or a program on CNI_PATH.
// SPDX-License-Identifier: Apache-2.0

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { parseDelegateResult } from '../protocol/prev-result.ts';
import { readError } from '../protocol/read-error.ts';
import type { Result } from '../protocol/result.ts';
import { withinCallOn } from '../protocol/within.ts';
import type { Host } from './host.ts';
import { withPath } from './request-document.ts';
import { runPlugin, type Run } from './run-plugin.ts';

/** ms; shorter than a module's own time, so that the answer of a hanging program is still an error of ours */
const PROGRAM_TIMEOUT = 25_000;
/** A program may call a plugin of ours, which calls another one. One that calls itself, as `"ipam": {"type": "cni-wasm"}` does, would fill the node with processes. */
const MAX_DEPTH = 4;

export function runDelegate(host: Host, type: string, run: Run): Result | undefined {
  if (type.includes('/')) throw new CniError(CODE.plugin, `invalid plugin name: ${type}`, { kind: 'invalid', at: type });
  return host.isModule(type) ? runModule(host, type, run) : runBinary(host, type, run);
}

function runModule(host: Host, type: string, run: Run): Result | undefined {
  const plugin = host.loadPlugin(type, run.request.netconf);
  const outcome = runPlugin(host, plugin, { ...run, delegated: true });
  return outcome?.result && withPath(outcome.result, run.request.netns);
}

function runBinary(host: Host, type: string, run: Run): Result | undefined {
  const file = findProgram(type, run);
  if ((run.request.attachment.depth ?? 0) >= MAX_DEPTH) {
    throw new CniError(CODE.plugin, `IPAM plugin "${type}" is called from inside ${MAX_DEPTH} calls on this attachment: it calls itself`, { kind: 'invalid', op: 'delegate.call', at: type });
  }
  run.settle?.();
  if (run.verb === 'ADD') {
    run.journal.intend(run.plugin, { life: 'call', by: type, op: 'delegate.call', inverse: { do: 'delegate DEL', type } });
  }
  const { stdout, stderr, exitCode, failure, timedOut } = host.runProgram(file, [], {
    input: run.request.netconf.text, timeoutMs: PROGRAM_TIMEOUT, env: { ...host.env, CNI_COMMAND: run.verb, ...withinCallOn(run.request.attachment) },
  });
  if (timedOut) throw new CniError(CODE.plugin, `IPAM plugin "${type}" ${failure}`, { kind: 'timeout', op: 'delegate.call', at: type });
  if (exitCode !== 0) throw readError({ stdout, stderr, exitCode });
  return run.verb === 'ADD' ? parseDelegateResult(stdout, run.request.netconf.cniVersion) : undefined;
}

/** The DEL that takes a program's ADD back, with the configuration of the call at hand. */
export const delegateDel = (host: Host, run: Omit<Run, 'verb'>) => (type: string): void => void runDelegate(host, type, { ...run, verb: 'DEL' });

/** Without it no ADD can be served, which is what STATUS asks. */
function findProgram(type: string, { request: { path }, verb }: Run): string {
  const code = verb === 'STATUS' ? CODE.notAvailable : CODE.plugin;
  if (path.length === 0) throw new CniError(code, 'no paths provided');
  const found = path.map((folder) => join(folder, type)).find(isPlainFile);
  if (!found) throw new CniError(code, `failed to find plugin "${type}" in path [${path.join(' ')}]`);
  return found;
}

/** A name that no file can have is found nowhere. */
function isPlainFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
