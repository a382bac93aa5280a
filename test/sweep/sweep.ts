// The sweep: a verb is struck at its first step, its second, and so on to its last, each time followed by what a runtime would do; then
// the node must be as it was.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import type { RunGuest } from '../../host/sandbox/sandbox.ts';
import { chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';
import { momentOf } from './moment.ts';
import { scenesBelow, type PluginConf, type Scene } from './scenes.ts';
import { Steps } from './steps.ts';
import type { Blow } from './strikes.ts';

export const VERBS = ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS'] as const;
export type Swept = (typeof VERBS)[number];

/** of the problems of one sweep */
const SHOWN = 12;

/** What the runtime sends after a host that was killed. */
export type Next = 'DEL' | 'GC' | 'ADD';

export interface Sweep {
  steps: Steps;
  scene: string;
  verb: Swept;
  blows: readonly Blow[];
  /** after a host that did not answer */
  next?: Next;
  run?: RunGuest;
}

export function sweep({ steps, scene: name, verb, blows, next = 'DEL', run }: Sweep): void {
  const node = fakeNode({}, run, (kernel) => steps.kernel(kernel));
  steps.root = node.root;
  const round = setUp(steps, node, scenesBelow(node.root)[name]!, verb, next);
  const problems: string[] = [];
  let cases = 0;
  for (const blow of blows) {
    for (let at = 1; ; at++) {
      let now = 0;
      let met: string | undefined;
      const problem = round((step) => {
        if (!blow.meets(step) || ++now !== at) return step.act();
        met = `${blow.name} ${step.name} ${String(step.args[0]).replace(node.root, '')}, number ${at}`;
        return blow.strike(step);
      });
      // The last round strikes nothing: it ends behind the last step, and what comes next must be right there, too.
      if (problem) problems.push(`${verb}, ${met ?? 'to its end'}, then ${next}: ${problem}`);
      if (met === undefined) break;
      cases++;
    }
  }
  steps.root = '';
  node.remove();
  // Collected by whoever wants to know how many there are.
  console.log(`CASES ${cases} ${name}: ${verb}`);
  assert.is(problems.length, 0, `${problems.length} problems with ${name}:\n${problems.slice(0, SHOWN).join('\n')}`);
}

/** What is wrong after a strike, if anything. */
type Round = (strike: Parameters<Steps['process']>[0]) => string | undefined;

function setUp(steps: Steps, node: FakeNode, scene: Scene, verb: Swept, next: Next): Round {
  if (scene.firewalld) node.kernel.state.host.zones = {};
  if (scene.files) mkdirSync(join(node.leases, 'blue'), { recursive: true });
  for (let n = 0; n < (scene.files ?? 0); n++) writeFileSync(join(node.leases, 'blue', `note${n}`), `other${n}\r\neth0`);
  const calls = callsOf(node, scene);
  // What belongs to the network stays after the first attachment.
  calls.add(calls.prepare());
  calls.delAll();
  const before = node.picture();
  const prevResult = calls.prepare();
  const result = verb === 'ADD' ? prevResult : calls.add(prevResult);
  const begun = node.picture();
  const back = momentOf(node);
  recover(calls, verb, next, prevResult);
  assert.is(node.picture(), before, `without a strike, after ${next}`);
  // Coming back makes and removes leases, after which their index is not believed; but it is what is struck.
  const renewIndex = (): unknown => scene.files && node.host.stores({ layout: 'ipam', root: node.leases, network: 'blue' }).with((store) => store.list('nobody'));
  return (strike) => {
    back();
    renewIndex();
    const outcome = steps.process(strike, () => ({ ADD: () => calls.add(prevResult), CHECK: () => calls.check(result), DEL: () => calls.del(result), GC: () => calls.gcAll(), STATUS: () => calls.status() })[verb]());
    const now = node.picture();
    const faults = [...wrongWith(verb, outcome), ...(outcome === 'killed' || (verb === 'GC' && calls.outlivesGc) ? [] : wrongState(verb, 'error' in outcome, withoutLocks(begun), withoutLocks(before), withoutLocks(now)))];
    // As it was when it began, what comes next ends as it did without a strike; the index is in no picture.
    if (now === begun && !scene.files) return faults.join('\n') || undefined;
    recover(calls, verb, next, prevResult);
    return [...faults, ...differences(before, node.picture(), `after ${next}`)].join('\n') || undefined;
  };
}

interface Calls {
  outlivesGc: boolean;
  /** The plugins before those that are swept; their result. */
  prepare(): unknown;
  add(prevResult: unknown): unknown;
  check(prevResult: unknown): void;
  status(): void;
  del(prevResult?: unknown): void;
  delAll(): void;
  gcAll(): void;
}

function callsOf(node: FakeNode, scene: Scene): Calls {
  const { earlier, plugins } = scene;
  const all: PluginConf[] = [...earlier, ...plugins];
  return {
    outlivesGc: scene.outlivesGc ?? false,
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
function wrongWith(verb: Swept, outcome: ReturnType<Steps['process']>): string[] {
  if (outcome === 'killed' || !('error' in outcome)) return [];
  const { error } = outcome;
  if (!(error instanceof CniError)) return isSystemError(error) ? [] : [`ended in ${error instanceof Error ? error.stack ?? error.message : String(error)}`];
  return error.code === CODE.hostInternal || (error.code === CODE.residue && verb === 'ADD') ? [`ended in code ${error.code}: ${error.message}`] : [];
}

/** Those that host/internal-error.ts puts into words. */
const isSystemError = (error: unknown): boolean => error instanceof Error && (error.name === 'KernelError' || 'syscall' in error);

/** Between the struck call and the next one. */
function wrongState(verb: Swept, failed: boolean, attached: string, before: string, now: string): string[] {
  switch (verb) {
    case 'CHECK': case 'STATUS': return differences(attached, now, `after ${verb}`);
    case 'ADD': return failed ? differences(attached, now, 'after the failed ADD') : [];
    case 'DEL': return []; // what is left is the next DEL's, and of a chain's first plugins
    case 'GC': return failed ? [] : differences(before, now, 'after GC');
    default: return verb satisfies never;
  }
}

function recover(calls: Calls, verb: Swept, next: Next, prevResult: unknown): void {
  if (next === 'GC') return calls.gcAll();
  if (next === 'ADD' && verb === 'ADD') {
    try {
      calls.add(prevResult);
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
    }
  }
  calls.delAll();
}

/** Empty files, which keep nobody out: between two calls one may stay where the disk would not have it removed. */
const withoutLocks = (picture: string): string => picture.split('\n').filter((line) => !/\/run\/lock\/[^ ]* ""$/.test(line)).join('\n').trimEnd();

function differences(before: string, after: string, when: string): string[] {
  if (before === after) return [];
  const [was, is] = [before.split('\n'), after.split('\n')];
  return [`${when} the node differs:`, ...was.filter((line) => !is.includes(line)).map((line) => `  - ${line}`), ...is.filter((line) => !was.includes(line)).map((line) => `  + ${line}`)];
}
