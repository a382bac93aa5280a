// What a runtime executes: one call, answered in this process; with words, the command for people.
// SPDX-License-Identifier: Apache-2.0

import { answer } from './answer.ts';
import { openHost } from './open-host.ts';
import { about } from './protocol/about.ts';
import { readStdin } from './protocol/read-stdin.ts';
import { writeOut } from './protocol/write-result.ts';
import { calledWith, library } from '#parts';

async function main(calledAs: string, words: readonly string[]): Promise<number> {
  if (words.length > 0) return library<typeof import('./cli/cli.ts')>('cli').cli(words);
  if (!process.env['CNI_COMMAND']) return about(calledAs);
  const { exitCode, stdout } = await answer(openHost(process.env), { calledAs, env: process.env, readStdin });
  if (stdout !== undefined) writeOut(stdout);
  return exitCode;
}

const [calledAs = 'cni-wasm', ...words] = calledWith();
void main(calledAs, words).then((code) => process.exit(code));
