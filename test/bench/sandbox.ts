// What the sandbox costs: the chain through its modules, and the very operations they asked for carried out without them. In one warm process
// on the fake kernel, where what they ask for is the same each time, and the kernel's part the smallest.
// SPDX-License-Identifier: Apache-2.0

import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import type { Op } from '../../abi/ops.ts';
import type { Result } from '../../host/protocol/result.ts';
import { runGuest } from '../../host/sandbox/run-guest.ts';
import type { GuestCall, RunGuest } from '../../host/sandbox/sandbox.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';
import type { Sample } from './calls.ts';

/** What a run of a module asked for, in its order, and its result. */
interface Tape { asked: [op: Op, request: Readonly<Record<string, unknown>>][]; result: Result | undefined }

/** until code is as fast as it gets */
const WARM_UP = 100;

export const DIRECT = 'operations called directly';
export const SANDBOXED = 'through the modules';

/** Samples of both, taking turns. */
export const sandboxCost = (rounds: number): Record<string, Record<'ADD' | 'DEL', Sample[]>> => withoutChance(() => measured(rounds));

function measured(rounds: number): Record<string, Record<'ADD' | 'DEL', Sample[]>> {
  const tapes = new Map<string, Tape>();
  const recorded = attachAndDetach(recorder(tapes)).nodes;
  const ways: [string, RunGuest][] = [[DIRECT, player(tapes)], [SANDBOXED, runGuest]];
  const samples: Record<string, Record<'ADD' | 'DEL', Sample[]>> = { [DIRECT]: { ADD: [], DEL: [] }, [SANDBOXED]: { ADD: [], DEL: [] } };
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const [name, run] of ways) {
      const { nodes, ...took } = attachAndDetach(run);
      if (name === DIRECT && nodes !== recorded) throw new Error('what was recorded does not do again what was done');
      if (round >= WARM_UP) for (const verb of ['ADD', 'DEL'] as const) samples[name]![verb].push(took[verb]);
    }
  }
  return samples;
}

/** On a node of its own. `nodes` is what its kernel was like after ADD and after DEL. */
function attachAndDetach(run: RunGuest): Record<'ADD' | 'DEL', Sample> & { nodes: string } {
  const node = fakeNode({}, run);
  const plugins = blueChain('nftables');
  const [ADD, prevResult] = timed(() => node.add(chainOf('ADD', plugins)));
  const attached = node.kernel.dump();
  const [DEL] = timed(() => node.del(chainOf('DEL', plugins, { prevResult })));
  const nodes = attached + node.kernel.dump();
  node.remove();
  return { ADD, DEL, nodes };
}

/** The host draws a name for the veth's outer end; here it is the same each time. */
function withoutChance<T>(act: () => T): T {
  const { randomBytes } = crypto;
  crypto.randomBytes = ((size: number) => Buffer.alloc(size)) as typeof randomBytes;
  syncBuiltinESMExports();
  try {
    return act();
  } finally {
    crypto.randomBytes = randomBytes;
    syncBuiltinESMExports();
  }
}

function timed<T>(act: () => T): [Sample, T] {
  const [start, processor] = [performance.now(), process.cpuUsage()];
  const value = act();
  const { user, system } = process.cpuUsage(processor);
  return [{ ms: performance.now() - start, cpuMs: (user + system) / 1000 }, value];
}

const keyOf = ({ name, entry }: GuestCall): string => `${name} ${entry}`;

function recorder(tapes: Map<string, Tape>): RunGuest {
  return (call) => {
    const asked: Tape['asked'] = [];
    const result = runGuest({ ...call, perform: (op, request) => {
      asked.push([op, structuredClone(request)]);
      return call.perform(op, request);
    } });
    tapes.set(keyOf(call), { asked, result });
    return result;
  };
}

/** What an operation refuses, a module takes for an answer. */
function player(tapes: ReadonlyMap<string, Tape>): RunGuest {
  return (call) => {
    const { asked, result } = tapes.get(keyOf(call))!;
    for (const [op, request] of asked) {
      try {
        call.perform(op, request);
      } catch {}
    }
    return result;
  };
}
