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
  const host = openHost(process.env);
  const { exitCode, stdout } = await answer(host, { calledAs, env: process.env, readStdin });
  try {
    if (stdout !== undefined) writeOut(stdout);
    return exitCode;
  } catch (error) {
    host.log.error({ verb: process.env['CNI_COMMAND'], exitCode, err: error }, 'the answer cannot be written to stdout: what an ADD made stands, and DEL takes it away');
    return 1;
  }
}

const [calledAs = 'cni-wasm', ...words] = calledWith();
void main(calledAs, words).then((code) => process.exit(code));
