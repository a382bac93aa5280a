// The command for people: what a module asks for, installing one, running a conflist by hand, what is whose.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { messageOf } from '../message-of.ts';
import { openHost } from '../open-host.ts';
import { formatError } from '../protocol/write-result.ts';
import { rootsFrom } from '../roots.ts';
import { VERSION } from '../version.ts';
import { explain } from './explain.ts';
import { gc, type Told } from './gc.ts';
import { inspect } from './inspect.ts';
import { install } from './install.ts';
import { complaint } from './printable.ts';
import { run } from './run.ts';
import { complain, say } from './say.ts';
import { keygen, sign } from './sign.ts';
import { usage, usageOf } from './usage.ts';
import { why } from './why.ts';
import { library } from '#parts';

/** The exit code. */
export async function cli(words: readonly string[]): Promise<number> {
  const [command = '', ...rest] = words;
  const help = rest.includes('--help') || rest.includes('-h') ? usageOf(command) : undefined;
  try {
    if (help !== undefined) return told(help);
    switch (command) {
      case '--help': case '-h': case 'help': return told(usageOf(rest[0] ?? '') ?? usage());
      case '--version': case '-v': return told(`${VERSION}\n`);
      case 'inspect': return told(inspect(rest, rootsFrom(process.env)));
      case 'explain': return told(explain(rest, rootsFrom(process.env)));
      case 'install': return told(install(rest, rootsFrom(process.env)));
      case 'keygen': return told(keygen(rest));
      case 'sign': return told(sign(rest));
      case 'run': return told(run(rest));
      case 'gc': return tellAll(gc(rest, openHost(process.env)));
      case 'why': return told(why(rest, openHost(process.env)));
      case 'plan': return await library<{ plan(words: readonly string[]): Promise<number> }>('plan').plan(rest);
      case 'serve': return await serve(rest);
      default:
        complain(`cni-wasm: unknown command "${command}"\n\n${usage()}`);
        return 2;
    }
  } catch (error) {
    const text = error instanceof CniError ? formatError(error) : messageOf(error);
    complain(complaint(text));
    return 1;
  }
}

async function serve(words: readonly string[]): Promise<number> {
  if (words.length > 0) throw new CniError(CODE.invalidConfig, `serve: takes no words, got "${words.join(' ')}"; CNI_WASM_RUN says where its socket is`);
  await library<{ serve(): Promise<void> }>('serve').serve();
  return 0;
}

/** What was done is told, whatever else went wrong. */
function tellAll({ text, failure }: Told): number {
  const exitCode = told(text);
  if (failure) throw failure;
  return exitCode;
}

function told(text: string): number {
  say(text);
  return 0;
}
