// The IPAM plugin of a configuration: our own module in its own sandbox and in the same transaction, or a program on CNI_PATH.
// SPDX-License-Identifier: Apache-2.0

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { runProgram } from '../exec.ts';
import type { Request } from '../protocol/request.ts';
import { parseDelegateResult } from '../protocol/prev-result.ts';
import type { Result } from '../protocol/result.ts';
import type { Host } from './host.ts';
import { runPlugin, withPath, type Run } from './run-plugin.ts';

/** ms; shorter than a module's own time, so that the answer of a hanging program is still an error of ours */
const PROGRAM_TIMEOUT = 25_000;

export function runDelegate(host: Host, type: string, run: Run): Result | undefined {
  if (type.includes('/')) throw new CniError(CODE.plugin, `invalid plugin name: ${type}`);
  return host.isModule(type) ? runModule(host, type, run) : runBinary(host, type, run);
}

function runModule(host: Host, type: string, run: Run): Result | undefined {
  const plugin = host.loadPlugin(type, run.request.netconf);
  const outcome = runPlugin(host, plugin, run);
  return outcome?.result && withPath(outcome.result, run.request.netns);
}

function runBinary(host: Host, type: string, run: Run): Result | undefined {
  const file = findProgram(type, run.request.path);
  if (run.verb === 'ADD') {
    run.journal.intend(run.plugin, { life: 'call', by: type, op: 'delegate.call', inverse: { do: 'delegate DEL', type } });
  }
  const { stdout, stderr, exitCode } = runProgram(file, [], {
    input: run.request.netconf.text, timeoutMs: PROGRAM_TIMEOUT, env: { ...host.env, CNI_COMMAND: run.verb },
  });
  if (exitCode !== 0) throw failureOf(stdout, stderr, exitCode);
  return run.verb === 'ADD' ? parseDelegateResult(stdout, run.request.netconf.cniVersion) : undefined;
}

/** The DEL that takes a program's ADD back, with the configuration of the call at hand. */
export const delegateDel = (host: Host, run: Omit<Run, 'verb'>) => (type: string): void => void runDelegate(host, type, { ...run, verb: 'DEL' });

function findProgram(type: string, path: Request['path']): string {
  if (path.length === 0) throw new CniError(CODE.plugin, 'no paths provided');
  const found = path.map((folder) => join(folder, type)).find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  if (!found) throw new CniError(CODE.plugin, `failed to find plugin "${type}" in path [${path.join(' ')}]`);
  return found;
}

/** A delegate's own error is passed on as it is; code 0 is what the reference gives the other three. */
function failureOf(stdout: string, stderr: string, exitCode: number | undefined): CniError {
  const status = exitCode === undefined ? 'no exit status' : `exit status ${exitCode}`;
  if (stdout.trim() === '') {
    return new CniError(0, stderr.trim() === '' ? `netplugin failed with no error message: ${status}` : `netplugin failed: ${JSON.stringify(stderr)}`);
  }
  try {
    const { code, msg, details } = JSON.parse(stdout) as { code?: number; msg?: string; details?: string };
    return new CniError(code ?? 0, msg ?? '', details ? { details } : {});
  } catch (error) {
    return new CniError(0, `netplugin failed but error parsing its diagnostic message ${JSON.stringify(stdout)}: ${(error as Error).message}`);
  }
}
