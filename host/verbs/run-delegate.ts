// The IPAM plugin of a configuration: our own module in its own sandbox and in the same transaction, or a program on CNI_PATH.
// SPDX-License-Identifier: Apache-2.0

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import type { ProgramOutcome } from '../exec.ts';
import { convertResult } from '../protocol/convert-result.ts';
import { field } from '../protocol/go-json.ts';
import { parseDelegateResult, parseResult } from '../protocol/prev-result.ts';
import { readError } from '../protocol/read-error.ts';
import type { ModuleVerb, Netconf } from '../protocol/request.ts';
import type { Result } from '../protocol/result.ts';
import { isOlder } from '../protocol/versions.ts';
import { withinCallOn } from '../protocol/within.ts';
import type { Chain, Host } from './host.ts';
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
  return outcome?.result && withPath(asPrinted(outcome.result, run.request.netconf), run.request.netns);
}

/**
 * As a program would have said it: before 0.3.0 without what is more of a route than destination and gateway, and without those of a family that has no
 * address. Later versions lose nothing of what an IPAM plugin says.
 */
const asPrinted = (result: Result, { cniVersion }: Netconf): Result => (isOlder(cniVersion, '0.3.0') ? parseResult(convertResult(result, cniVersion), cniVersion) : result);

function runBinary(host: Host, type: string, run: Run): Result | undefined {
  const file = findProgram(type, run);
  if ((run.request.attachment.depth ?? 0) >= MAX_DEPTH) {
    throw new CniError(CODE.plugin, `IPAM plugin "${type}" is called from inside ${MAX_DEPTH} calls on this attachment: it calls itself`, { kind: 'invalid', op: 'delegate.call', at: type });
  }
  run.settle?.();
  const call = (verb: ModuleVerb): ProgramOutcome => host.runProgram(file, [], {
    input: run.request.netconf.text, timeoutMs: PROGRAM_TIMEOUT, env: { ...host.env, CNI_COMMAND: verb, ...withinCallOn(run.request.attachment) },
  });
  const intent = run.verb === 'ADD' ? run.journal.intend(run.plugin, { life: 'call', by: type, op: 'delegate.call', inverse: { do: 'delegate DEL', type } }) : undefined;
  const outcome = call(run.verb);
  const error = errorOf(type, outcome);
  if (error && intent !== undefined && !outcome.timedOut) {
    // A program that refuses should have nothing, and its DEL may fail for the same reason: a datastore that does not answer. The runtime's DEL calls it again.
    const again = errorOf(type, call('DEL'));
    if (again) host.log.warn({ plugin: type, err: again }, 'after its ADD had failed its DEL did, too');
    run.journal.refused(intent);
  }
  if (error) throw error;
  return run.verb === 'ADD' ? parseDelegateResult(outcome.stdout, run.request.netconf.cniVersion) : undefined;
}

function errorOf(type: string, { stdout, stderr, exitCode, failure, timedOut }: ProgramOutcome): CniError | undefined {
  if (timedOut) return new CniError(CODE.plugin, `IPAM plugin "${type}" ${failure}`, { kind: 'timeout', op: 'delegate.call', at: type });
  return exitCode === 0 ? undefined : readError({ stdout, stderr, exitCode, failure });
}

/** The DEL that takes a program's ADD back, with the configuration that names it. */
export const delegateDel = (host: Host, chain: Chain, run: Omit<Run, 'verb' | 'request'>) => (type: string): void => {
  const netconf = netconfNaming(type, chain);
  if (!netconf) throw new CniError(CODE.plugin, `IPAM plugin "${type}" is not that of this call's configuration`, { kind: 'invalid', op: 'delegate.call', at: type });
  runDelegate(host, type, { ...run, request: { ...chain.request, netconf }, verb: 'DEL' });
};

/** Of a chain that is one call each plugin has its own. */
export const netconfNaming = (type: string, { links }: Chain): Netconf | undefined =>
  links.map(({ netconf }) => netconf).find(({ value }) => field(field(value, 'ipam'), 'type') === type);

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
