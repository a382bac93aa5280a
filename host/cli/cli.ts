// The command for people: what a module asks for, installing one, running a conflist by hand, what is whose.
// SPDX-License-Identifier: Apache-2.0

import { openHost } from '../open-host.ts';
import { rootsFrom } from '../roots.ts';
import { VERSION } from '../version.ts';
import { answerPeople, type Told } from './answer-people.ts';
import { explain } from './explain.ts';
import { gc } from './gc.ts';
import { inspect } from './inspect.ts';
import { install } from './install.ts';
import { run } from './run.ts';
import { keygen, sign } from './sign.ts';
import { usage, usageOf } from './usage.ts';
import { why } from './why.ts';
import { Misuse } from './words.ts';
import { library } from '#parts';

/** The exit code. */
export const cli = ([command = '', ...rest]: readonly string[]): Promise<number> => answerPeople(() => answerTo(command, rest));

function answerTo(command: string, rest: readonly string[]): string | Told | number | Promise<number> {
  const help = rest.includes('--help') || rest.includes('-h') ? usageOf(command) : undefined;
  if (help !== undefined) return help;
  switch (command) {
    case '--help': case '-h': case 'help': return helpOn(rest.find((word) => !word.startsWith('-')));
    case '--version': case '-v': return `${VERSION}\n`;
    case 'inspect': return inspect(rest, rootsFrom(process.env));
    case 'explain': return explain(rest, rootsFrom(process.env));
    case 'install': return install(rest, openHost(process.env));
    case 'keygen': return keygen(rest);
    case 'sign': return sign(rest);
    case 'run': return run(rest, openHost(process.env));
    case 'gc': return gc(rest, openHost(process.env));
    case 'why': return why(rest, openHost(process.env));
    case 'plan': return library<typeof import('./plan.ts')>('plan').plan(rest);
    case 'serve': return library<typeof import('./serve.ts')>('serve').serve(rest);
    default: throw unknown(command);
  }
}

function helpOn(command: string | undefined): string {
  if (command === undefined) return usage();
  const help = usageOf(command);
  if (help === undefined) throw unknown(command);
  return help;
}

const unknown = (command: string): Misuse => new Misuse(`unknown command "${command}"`);
