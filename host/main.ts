// The whole program, in the order the data travels.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { openHost } from './open-host.ts';
import { asCniError } from './internal-error.ts';
import { about } from './protocol/about.ts';
import { readRequest } from './protocol/read-request.ts';
import { formatError, writeOut } from './protocol/write-result.ts';
import { versionAnswer } from './protocol/versions.ts';
import { prepareModules } from './selection/prepare-modules.ts';
import { selectChain, versionsFor } from './selection/select-chain.ts';
import { add } from './verbs/add.ts';
import { check } from './verbs/check.ts';
import { del } from './verbs/del.ts';
import { gc } from './verbs/gc.ts';
import { status } from './verbs/status.ts';

/** What goes to stdout; undefined for verbs that answer with silence. Throws. */
async function answer(calledAs: string): Promise<string | undefined> {
  const request = readRequest(calledAs, process.env, () => readFileSync(0)); //  1 protocol
  const host = openHost(process.env);
  if (request.verb === 'VERSION') return versionAnswer(versionsFor(host, calledAs));
  const chain = selectChain(host, request); //                                    2 selection (3 grant and 4 sandbox for each plugin, as it runs)
  await prepareModules(host, chain);
  switch (request.verb) { //                                                      5 operations → journal → kernel
    case 'ADD': return add(host, chain);
    case 'DEL': return void del(host, chain);
    case 'CHECK': return void check(host, chain);
    case 'GC': return void gc(host, chain);
    case 'STATUS': return void status(host, chain);
    default: return request.verb satisfies never;
  }
}

async function main(calledAs: string, words: readonly string[]): Promise<number> {
  if (words.length > 0) return (await import('./cli/cli.ts')).cli(words);
  if (!process.env['CNI_COMMAND']) return about(calledAs);
  try {
    const text = await answer(calledAs);
    if (text !== undefined) writeOut(text);
    return 0;
  } catch (error) {
    writeOut(formatError(asCniError(error, process.env)));
    return 1;
  }
}

const [, , calledAs = 'cni-wasm', ...words] = process.argv;
void main(calledAs, words).then((code) => process.exit(code));
