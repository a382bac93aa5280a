// What two answers and two nodes may differ in after a step of any scene, and whether it makes sense to go on.
// SPDX-License-Identifier: Apache-2.0

import type { Step } from '../case.ts';
import { unexplained, type Difference } from '../compare.ts';
import { wordFor, type Answers } from '../play.ts';
import { KEPT, OF_ATTACHMENT, PASSED_OVER, REFUSED, TAKEN } from './known.ts';

export class Verdict {
  private readonly their: Answer;
  private readonly own: Answer;

  /** `disturbed`: something has happened to the node or the configuration since ADD. */
  constructor(private readonly step: Step, private readonly disturbed: boolean, answers: Answers) {
    [this.their, this.own] = answers.map(read) as [Answer, Answer];
  }

  /** From here on both sides are about different things, or what the next step does depends on how much a failed ADD has left. */
  get isEnd(): boolean {
    return this.isKnown || this.isBlind || this.isFailedAdd;
  }

  get isFailedAdd(): boolean {
    return wordFor(this.step) === 'ADD' && this.own.exit !== 0;
  }

  /** By us. */
  get isDone(): boolean {
    return this.own.exit === 0;
  }

  /** By an ADD that failed, and the DEL that followed. Of the plugins before the one that failed what networks share may stay, as after any ADD. */
  leftByOurs(found: readonly Difference[]): Difference[] {
    return paired(unexplained(found)).filter(({ section, text }) => section !== 'answer' && text.startsWith('only ours has') && (this.own.plugins === 1 || OF_ATTACHMENT.test(text)));
  }

  /** What nobody can explain. */
  left(found: readonly Difference[]): Difference[] {
    if ('shell' in this.step || this.isKnown) return [];
    return paired(unexplained(found)).filter(({ section, text }) => {
      // Words are compared by the cases of the tables, and in words.test.ts.
      if (section === 'answer') return !this.bothFail;
      // Without a result the reference finds nothing, and without an interface no addresses whose rules could go.
      if (this.isBlind || (this.disturbed && /^host (nft|ip6?tables)$/.test(section) && text.startsWith('only the reference'))) return false;
      // What the plugins before it in the chain have made stays, and on the reference's side what this one has, too.
      return !(this.bothFail && wordFor(this.step) === 'ADD' && this.own.plugins > 1);
    });
  }

  /** What each says where both fail with one code, and neither for a reason that has its row. */
  get words(): readonly [string, string] | undefined {
    return this.bothFail && !this.hasRow ? [this.their.message, this.own.message] : undefined;
  }

  /** A DEL without the result of its ADD. */
  private get isBlind(): boolean {
    return 'forget' in this.step && this.disturbed;
  }

  /** One side goes further than the other, for a reason that has its row. */
  private get isKnown(): boolean {
    const { their, own } = this;
    if (their.exit === 2) return own.exit !== 2;
    // A DEL of ours that fails has taken away what the ledger knows.
    if (wordFor(this.step) === 'DEL' && this.bothFail) return true;
    if (their.exit === own.exit && their.plugins === own.plugins) return false;
    if (this.hasRow) return true;
    // DEL goes on where the reference cannot read the configuration.
    if (wordFor(this.step) === 'DEL') return their.exit === 1 && (own.exit === 0 || own.plugins > their.plugins);
    return this.disturbed && wordFor(this.step) === 'CHECK' && their.exit === 0;
  }

  private get hasRow(): boolean {
    return TAKEN.some((words) => words.test(this.their.text)) || REFUSED.some((words) => words.test(this.own.text));
  }

  private get bothFail(): boolean {
    const { their, own } = this;
    return their.exit === 1 && own.exit === 1 && their.plugins === own.plugins && (their.code === own.code || (their.code === 999 && own.code === 102));
  }
}

/** Of the last plugin of a chain that was called. */
interface Answer { plugins: number; exit: number; code: number; text: string; message: string }

function read(all: string): Answer {
  const ends = [...all.matchAll(/^[\w-]+ ended with (\d+)$/gm)];
  const text = all.slice(ends.at(-1)?.index);
  const message = JSON.parse(/^ {4}"msg": (".*"),?$/m.exec(text)?.[1] ?? '""') as string;
  return { plugins: ends.length, exit: Number(ends.at(-1)?.[1]), code: Number(/^ {4}"code": (\d+)/m.exec(text)?.[1]), text, message };
}

/** Without the lines of one side that the other has in other words, and those that the kernel keeps. */
function paired(found: readonly Difference[]): Difference[] {
  const lines = found.map(({ section, text }) => {
    const [, side = '', line = ''] = /^only (ours|the reference|the node before ADD) has in [^:]+: (.*)$/.exec(text) ?? [];
    return { isOurs: side === 'ours', line, plain: `${section}: ${PASSED_OVER.filter(([of]) => of.test(section)).reduce((words, [, what, by]) => words.replace(what, by), line)}` };
  });
  return found.filter(({ section }, i) => {
    const { isOurs, line, plain } = lines[i]!;
    return plain !== `${section}: ` && !KEPT.some((words) => words.test(line)) && !lines.some((other) => other.isOurs !== isOurs && other.plain === plain);
  });
}
