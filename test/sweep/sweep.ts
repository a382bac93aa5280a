// The sweep: a verb is struck at its first step, its second, and so on to its last, each time followed by what a runtime would do; then
// the node must be as it was.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { differing } from '../support/differing.ts';
import { chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';
import { momentOf, type Moment } from './moment.ts';
import type { Call, Outcome } from './outcome.ts';
import { scenesBelow, type PluginConf, type Scene } from './scenes.ts';
import type { Steps } from './steps.ts';

const VERBS = ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS'] as const;
type Swept = (typeof VERBS)[number];

/** of the problems of one sweep */
const SHOWN = 12;

/** What the runtime sends after the struck call. */
export type Next = 'DEL' | 'GC' | 'ADD';

export interface Sweep {
  steps: Steps;
  scene: string;
  outcomes(call: Call): Iterable<Outcome>;
  nexts?: readonly Next[];
}

export function sweep({ steps, scene: name, outcomes, nexts = ['DEL'] }: Sweep): void {
  const node = fakeNode({}, undefined, (kernel) => steps.kernel(kernel));
  steps.root = node.root;
  const { begin, wrongWith } = setUp(node, scenesBelow(node.root)[name]!);
  const problems: string[] = [];
  for (const verb of VERBS) {
    let cases = 0;
    for (const outcome of outcomes({ steps, node, run: begin(verb) })) {
      // The call that nothing happened to is none, but what comes next must be right there, too.
      if (outcome.struck) cases += nexts.length;
      problems.push(...wrongWith(verb, outcome, nexts).map((problem) => `${verb}, ${struckIn(outcome, node)}${problem}`));
    }
    // Collected by whoever wants to know how many there are.
    console.log(`CASES ${cases} ${name}: ${verb}`);
  }
  node.remove();
  assert.is(problems.length, 0, `${problems.length} problems with ${name}:\n${problems.slice(0, SHOWN).join('\n')}`);
}

function struckIn({ struck }: Outcome, { root }: FakeNode): string {
  if (!struck) return 'to its end';
  const { how, number, step: { name, args: [at] } } = struck;
  return `${how} ${name} ${String(at).replace(root, '')}, number ${number}`;
}

interface Stage {
  /** Everything is as the verb finds it; what is called then. */
  begin(verb: Swept): () => void;
  wrongWith(verb: Swept, outcome: Outcome, nexts: readonly Next[]): string[];
}

function setUp(node: FakeNode, scene: Scene): Stage {
  if (scene.firewalld) node.kernel.state.host.zones = {};
  if (scene.files) mkdirSync(join(node.leases, 'blue'), { recursive: true });
  for (let n = 0; n < (scene.files ?? 0); n++) writeFileSync(join(node.leases, 'blue', `note${n}`), `other${n}\r\neth0`);
  const calls = callsOf(node, scene);
  // What belongs to the network stays after the first attachment.
  calls.add(calls.prepare());
  calls.delAll();
  const before = momentOf(node);
  const prevResult = calls.prepare();
  const prepared = momentOf(node);
  const result = calls.add(prevResult);
  const attached = momentOf(node);
  const runs = { ADD: () => calls.add(prevResult), CHECK: () => calls.check(result), DEL: () => calls.del(result), GC: () => calls.gcAll(), STATUS: () => calls.status() };
  const begun = (verb: Swept): Moment => (verb === 'ADD' ? prepared : attached);
  const recover = { DEL: () => calls.delAll(), GC: () => calls.gcAll(), ADD: () => (refusable(() => calls.add(prevResult)), calls.delAll()) };
  // A host says and does the same where everything it can see is the same.
  const seen = new Map<string, string[]>();
  const after = (next: Next, left: Moment): string[] => {
    const known = `${next} ${left.all}`;
    if (!seen.has(known)) {
      left.comeBack();
      recover[next]();
      seen.set(known, differences(before, momentOf(node), `, then ${next}`));
    }
    return seen.get(known)!;
  };
  return {
    begin(verb) {
      begun(verb).comeBack();
      return runs[verb];
    },
    wrongWith: (verb, outcome, nexts) => [
      ...wrongError(verb, outcome),
      ...(outcome.killed || (verb === 'GC' && scene.outlivesGc) ? [] : wrongState(verb, outcome, begun(verb), before)),
      // Only a container that was not there is added once more.
      ...nexts.flatMap((next) => after(next === 'ADD' && verb !== 'ADD' ? 'DEL' : next, outcome.left)),
    ],
  };
}

interface Calls {
  /** The plugins before those that are swept; their result. */
  prepare(): unknown;
  add(prevResult: unknown): unknown;
  check(prevResult: unknown): void;
  status(): void;
  del(prevResult?: unknown): void;
  delAll(): void;
  gcAll(): void;
}

function callsOf(node: FakeNode, { earlier, plugins }: Scene): Calls {
  const all: PluginConf[] = [...earlier, ...plugins];
  return {
    prepare: () => (earlier.length > 0 ? node.add(chainOf('ADD', earlier)) : undefined),
    add: (prevResult) => node.add(chainOf('ADD', plugins, { prevResult })),
    check: (prevResult) => node.check(chainOf('CHECK', plugins, { prevResult })),
    status: () => node.status(chainOf('STATUS', plugins, { netns: '' })),
    del: (prevResult) => node.del(chainOf('DEL', plugins, { prevResult })),
    delAll: () => node.del(chainOf('DEL', all)),
    gcAll: () => node.gc(chainOf('GC', all, { netns: '', frame: { 'cni.dev/valid-attachments': [] } })),
  };
}

/** A struck host answers with a CNI error, and not with its own surprise. */
function wrongError(verb: Swept, { struck, error }: Outcome): string[] {
  if (error === undefined) return [];
  if (!struck) throw error;
  if (!(error instanceof CniError)) return isSystemError(error) ? [] : [` ended in ${error instanceof Error ? error.stack ?? error.message : String(error)}`];
  return error.code === CODE.hostInternal || (error.code === CODE.residue && verb === 'ADD') ? [` ended in code ${error.code}: ${error.message}`] : [];
}

/** Those that host/internal-error.ts puts into words. */
const isSystemError = (error: unknown): boolean => error instanceof Error && (error.name === 'KernelError' || 'syscall' in error);

/** Between the struck call and the next one. */
function wrongState(verb: Swept, { error, left }: Outcome, begun: Moment, before: Moment): string[] {
  switch (verb) {
    case 'CHECK': case 'STATUS': return differences(begun, left, '', withoutLocks);
    case 'ADD': return error ? differences(begun, left, ', failed', withoutLocks) : [];
    case 'DEL': return []; // what is left is the next DEL's, and of a chain's first plugins
    case 'GC': return error ? [] : differences(before, left, '', withoutLocks);
    default: return verb satisfies never;
  }
}

/** Empty files, which keep nobody out: between two calls one may stay where the disk would not have it removed. */
const withoutLocks = (picture: string): string => picture.split('\n').filter((line) => !/\/run\/lock\/[^ ]* ""$/.test(line)).join('\n');

function differences(before: Moment, after: Moment, when: string, shown = (picture: string): string => picture): string[] {
  if (before.picture === after.picture) return [];
  const [was, is] = [shown(before.picture), shown(after.picture)];
  return was === is ? [] : [[`${when}: the node differs:`, ...differing(was, is)].join('\n  ')];
}

function refusable(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
  }
}
