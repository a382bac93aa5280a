// Plays the host for one plugin: the real border, with answers that the test gives, and everything the plugin asked for written down.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { OPS } from '../../abi/ops.ts';
import { CniError, CODE, type ErrorKind } from '../../host/cni-error.ts';
import { DEFAULT_LIMITS } from '../../host/grant/grants.ts';
import { hashesOf } from '../../host/ledger/attachment-id.ts';
import type { Result } from '../../host/protocol/result.ts';
import { compileModule, type GuestModule } from '../../host/sandbox/guest-module.ts';
import { runGuest } from '../../host/sandbox/run-guest.ts';
import type { GuestCall } from '../../host/sandbox/sandbox.ts';

type Message = Record<string, unknown>;
export interface Asked { op: string; request: Message }
/** What an operation answers; one without an answer here is a bug in the test. */
export type Answers = Record<string, object | ((request: Message) => object)>;
export interface Played { result?: Result; error?: { code: number; msg: string; details?: string }; asked: Asked[]; logged: string[] }
export interface Call {
  verb: 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS';
  /** what the runtime sends on stdin; prevResult in 1.1.0 form, with "container" for the sandbox */
  config: Message;
  /** the configuration byte for byte, where JSON.stringify cannot write it */
  text?: string;
  containerId?: string;
  ifname?: string;
  netns?: boolean;
  args?: string;
  validAttachments?: { containerID: string; ifname: string }[];
  attachments?: number;
}
export type Plugin = (call: Call, answers?: Answers) => Played;

/** As the build made it. */
export function loadPlugin(name: string): Plugin {
  const module = { ...compileModule(readFileSync(`dist/plugins/${name}.wasm`)), isOurs: true };
  return (call, answers = {}) => play({ module, name }, call, answers);
}

/** For an answer: the operation is refused so. */
export const refuse = (kind: ErrorKind, msg: string, errno?: string) => (): never => {
  throw new CniError(CODE.kernel, msg, { kind, ...(errno ? { errno } : {}) });
};

function play(plugin: { module: GuestModule; name: string }, call: Call, answers: Answers): Played {
  const played: Played = { asked: [], logged: [] };
  try {
    const result = runGuest({
      ...plugin,
      entry: `cni_${call.verb.toLowerCase()}` as GuestCall['entry'],
      request: requestOf(call),
      limits: DEFAULT_LIMITS,
      granted: new Set(OPS.map(({ domain, name }) => `${domain}.${name}`)),
      grants: {},
      perform({ domain, name }, request) {
        const op = `${domain}.${name}`;
        played.asked.push({ op, request });
        const answer = answers[op];
        if (answer === undefined) throw new Error(`the test has no answer to ${op} ${JSON.stringify(request)}`);
        return typeof answer === 'function' ? (answer as (request: Message) => object)(request) : answer;
      },
      log: ({ text }) => played.logged.push(text),
      logLevel: 'debug',
      random: () => {},
      audit: () => undefined,
      close: () => true,
    });
    return { ...played, ...(result ? { result } : {}) };
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    return { ...played, error: { code: error.code, msg: error.message, ...(error.facts.details ? { details: error.facts.details } : {}) } };
  }
}

/** As abi/README.md, "The request", has it. */
function requestOf({ verb, config, text, containerId = 'c1', ifname = 'eth0', netns = true, args = '', validAttachments, attachments }: Call): string {
  const network = config['name'] as string;
  const { prevResult } = config;
  const head = JSON.stringify({
    verb, network, containerId, ifname, netns, args,
    cniVersion: config['cniVersion'] ?? '1.1.0',
    hashes: hashesOf({ network, containerId, ifname }),
    ...(prevResult ? { prevResult } : {}), ...(validAttachments ? { validAttachments } : {}), ...(attachments === undefined ? {} : { attachments }),
  });
  return `${head.slice(0, -1)},"config":${text ?? JSON.stringify(config)}}`;
}
