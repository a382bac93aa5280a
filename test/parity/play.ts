// Plays a case on both sides, step by step, and compares what they said and what they left behind.
// SPDX-License-Identifier: Apache-2.0

import { configFor, type Conflist, type PluginConf } from '../../host/cli/run-conflist.ts';
import { atLeast, type Case, type ListStep, type RawStep, type Step } from './case.ts';
import { differencesOf, unexplained, type Difference, type Picture } from './compare.ts';
import { UNCHANGED } from './differences.ts';
import { Normal } from './normal.ts';
import { PATH, PLUGINS, type Outcome, type Side } from './twin.ts';

/** The kernel settles some states late (carrier, duplicate addresses); what is still different then is different. */
const SETTLED_MS = 3_000;
const POLL_MS = 150;

/** Lines that say what differs although no row allows it, and which rows of the case never showed. */
export async function play(one: Case, sides: readonly Side[]): Promise<string[]> {
  const match = new Match(one, sides);
  const complaints: string[] = [];
  for (const [index, step] of one.steps.entries()) {
    const bad = unexplained(await match.play(step));
    complaints.push(...bad.map(({ text }) => `after step ${index + 1} (${wordFor(step)}): ${text}`));
  }
  return [...complaints, ...match.notShown().map((row) => `the case names the difference ${row}, which does not show`)];
}

/** The reference's and ours. */
export type Answers = readonly [string, string];

export class Match {
  private readonly rows: readonly string[];
  private readonly theirs: Player;
  private readonly ours: Player;
  private readonly shown = new Set<string>();
  /** ours before an ADD that failed, where a row says that it stays so: from then on it is compared with that, and not with the reference's */
  private kept: Picture | undefined;
  /** the last answers */
  said: Answers = ['', ''];

  constructor(one: Case, sides: readonly Side[]) {
    this.rows = one.differs ?? [];
    [this.theirs, this.ours] = sides.map((side) => new Player(side, JSON.stringify(one))) as [Player, Player];
  }

  /** What differs when nothing `unexpected` does any more, or when the time to settle is over. */
  async play(step: Step, unexpected: (found: readonly Difference[]) => Difference[] = unexplained): Promise<Difference[]> {
    const before = this.kept ?? (this.rows.some((row) => UNCHANGED.has(row)) && wordFor(step) === 'ADD' ? (await this.pictures(['', ''], 'whole'))[1] : undefined);
    const answers: Answers = await Promise.all([this.theirs.perform(step), this.ours.perform(step)]);
    this.said = answers;
    if (/ ended with [^0]/.test(answers[1])) this.kept = before;
    const until = performance.now() + SETTLED_MS;
    for (;;) {
      const [theirs, ours] = await this.pictures(answers, depthOf(step));
      const found = this.compared(theirs, ours, wordFor(step), depthOf(step));
      if (unexpected(found).every(({ section }) => section === 'answer') || performance.now() > until) {
        found.forEach(({ row }) => row && this.shown.add(row));
        return found;
      }
      await new Promise((done) => setTimeout(done, POLL_MS));
    }
  }

  /** Always of both, so that both learn names in the same order. */
  private pictures(answers: Answers, depth: Depth): Promise<[Picture, Picture]> {
    return Promise.all([this.theirs.picture(answers[0], depth), this.ours.picture(answers[1], depth)]);
  }

  private compared(theirs: Picture, ours: Picture, about: string, depth: Depth): Difference[] {
    const found = differencesOf('the reference', theirs, ours, about, this.rows);
    if (!this.kept || depth === 'answer') return found;
    const kept = depth === 'whole' ? this.kept : new Map([...this.kept].filter(([section]) => isQuick(section)));
    const own = differencesOf('the node before ADD', kept, ours, about, this.rows);
    // That they differ at all is what shows the row.
    const row = this.rows.find((name) => UNCHANGED.has(name));
    return [...found.map((one) => (one.section === 'answer' ? one : { ...one, row })), ...own.filter(({ section }) => section !== 'answer')];
  }

  notShown(): string[] {
    return this.rows.filter((row) => !this.shown.has(row));
  }
}

/** How much of the node is compared after a step. */
type Depth = 'answer' | 'quick' | 'whole';

/** These change nothing, so that a look at links, rules and files is enough; what a shell changed shows after the step that follows. */
function depthOf(step: Step): Depth {
  if ('shell' in step || ('verb' in step && step.later)) return 'answer';
  return 'verb' in step && (step.verb === 'CHECK' || step.verb === 'STATUS') ? 'quick' : 'whole';
}

/** What dump.sh shows with QUICK. */
const isQuick = (section: string): boolean => / (links|nft|files)$/.test(section);

export const wordFor = (step: Step): string => ('shell' in step ? 'shell' : 'verb' in step ? step.verb : step.env['CNI_COMMAND'] ?? 'no command');

class Player {
  private readonly results = new Map<string, unknown>();
  private readonly normal: Normal;

  constructor(private readonly side: Side, given: string) {
    this.normal = new Normal(given);
  }

  async perform(step: Step): Promise<string> {
    if ('shell' in step) return said('sh', await this.side.shell(step.shell));
    if ('program' in step) return said(step.program, await this.raw(step));
    return this.list(step);
  }

  async picture(answer: string, depth: Depth): Promise<Picture> {
    return this.normal.picture(answer, depth === 'answer' ? '' : await this.side.dump(depth === 'quick'));
  }

  private raw({ program, env, stdin }: RawStep): Promise<Outcome> {
    const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return this.side.execute(`${PLUGINS}/${program}`, { PATH, ...Object.fromEntries(set) }, stdin);
  }

  private async list(step: ListStep): Promise<string> {
    const { verb, list, containerId = 'c1', ifname = 'eth0', forget = false, offers = {} } = step;
    const key = `${list.name} ${containerId} ${ifname}`;
    const plugins = verb === 'DEL' ? list.plugins.toReversed() : list.plugins;
    let prevResult = verb === 'ADD' || forget || (verb === 'DEL' && !atLeast(list.cniVersion, '0.4.0')) ? undefined : this.results.get(key);
    const answers: string[] = [];
    for (const plugin of plugins as PluginConf[]) {
      const stdin = JSON.stringify(configFor(list as Conflist, plugin, { capabilityArgs: offers }, prevResult));
      const outcome = await this.raw({ program: plugin.type, env: environment(step), stdin });
      answers.push(said(plugin.type, outcome));
      if (outcome.exitCode !== 0) return answers.join('\n');
      if (verb === 'ADD') prevResult = JSON.parse(outcome.stdout) as unknown;
    }
    if (verb === 'ADD') this.results.set(key, prevResult);
    return answers.join('\n');
  }
}

function environment({ verb, containerId = 'c1', netns = '/run/netns/c1', ifname = 'eth0', args }: ListStep): RawStep['env'] {
  const about = verb === 'GC' || verb === 'STATUS' ? {} : { CNI_CONTAINERID: containerId, CNI_NETNS: netns, CNI_IFNAME: ifname, CNI_ARGS: args };
  return { CNI_COMMAND: verb, CNI_PATH: PLUGINS, ...about };
}

/** The mark at the end shows whether there is a newline before it. */
const said = (program: string, { exitCode, stdout }: Outcome): string => `${program} ended with ${exitCode}\n${stdout}<end>`;
