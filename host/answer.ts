// One call, in the order the data travels: environment and stdin in, one document for stdout out.
// SPDX-License-Identifier: Apache-2.0

import { now } from './clock.ts';
import { CODE, type CniError } from './cni-error.ts';
import { asCniError } from './internal-error.ts';
import { mustBeBelieved } from './ledger/books.ts';
import type { Environment } from './protocol/environment.ts';
import { readRequest } from './protocol/read-request.ts';
import type { Request } from './protocol/request.ts';
import { formatError } from './protocol/write-result.ts';
import { versionAnswer } from './protocol/versions.ts';
import { prepareModules } from './selection/prepare-modules.ts';
import { selectChain, versionsFor } from './selection/select-chain.ts';
import { tellAnswer } from './tell-answer.ts';
import { add } from './verbs/add.ts';
import { check } from './verbs/check.ts';
import { del } from './verbs/del.ts';
import { gc } from './verbs/gc.ts';
import type { Host } from './verbs/host.ts';
import { status } from './verbs/status.ts';

export interface Call {
  /** base name of what the runtime executed */
  calledAs: string;
  env: Environment;
  /** not called for VERSION, nor before the environment is known to be right */
  readStdin(): Uint8Array;
  /** The resident host writes how it ended into the same log, and how long it waited its turn. */
  isTold?: boolean;
}

export interface Answer {
  exitCode: number;
  /** the name in the configuration, once that has been read */
  network: string | undefined;
  /** undefined for verbs that succeed in silence */
  stdout?: string;
}

/** Never throws: what goes wrong is the answer. */
export async function answer(host: Host, call: Call): Promise<Answer> {
  const begun = now();
  let network: string | undefined;
  const tell = (error?: CniError): void => {
    if (!call.isTold) tellAnswer(host.log, { ...call, network }, now() - begun, error);
  };
  try {
    const request = readRequest(call.calledAs, call.env, call.readStdin); // 1 protocol
    network = request.netconf.name || undefined;
    const stdout = await resultOf(host, request);
    tell();
    return { exitCode: 0, network, ...(stdout === undefined ? {} : { stdout }) };
  } catch (thrown) {
    const error = asCniError(thrown, host.log);
    tell(error);
    return { exitCode: 1, network, stdout: formatError(error) };
  }
}

/** What stdout gets when all goes well; throws what goes wrong. */
export async function resultOf(host: Host, request: Request): Promise<string | undefined> {
  if (request.verb === 'VERSION') return versionAnswer(versionsFor(host, request.calledAs));
  const chain = selectChain(host, request); //                            2 selection (3 grant and 4 sandbox for each plugin, as it runs)
  await prepareModules(host, chain);
  mustBeBelieved(host.roots, request.verb === 'STATUS' ? CODE.notAvailable : CODE.io);
  switch (request.verb) { //                                              5 operations → journal → kernel
    case 'ADD': return add(host, chain);
    case 'DEL': return void del(host, chain);
    case 'CHECK': return void check(host, chain);
    case 'GC': return void gc(host, chain);
    case 'STATUS': return void status(host, chain);
    default: return request.verb satisfies never;
  }
}
