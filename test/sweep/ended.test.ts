// A guest of the chain comes to its end after its first operation, its second, and so on: it traps, may do no more operations, or runs into
// its deadline, where V8 stops everything below it at once. A failed ADD leaves the node as it was; so does the DEL after a DEL that failed.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import type { FakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import type { Kernel } from '../../host/kernel/kernel.ts';
import { runGuest } from '../../host/sandbox/run-guest.ts';
import type { GuestCall, RunGuest } from '../../host/sandbox/sandbox.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';
import { momentOf } from './moment.ts';

/** ms; an IPAM plugin inside another one has 50 less */
const DEADLINE = 90;

/** V8 ends a wait as it ends a loop, and a wait costs nothing. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

const ENDS: Record<string, { code: number; run(call: GuestCall, after: () => boolean, left: () => number): GuestCall }> = {
  'it traps': {
    code: CODE.hostInternal,
    run: (call, after) => ({ ...call, perform: (op, request) => {
      const answer = call.perform(op, request);
      if (after()) throw new WebAssembly.RuntimeError('unreachable');
      return answer;
    } }),
  },
  'it may do no more': {
    code: CODE.memoryLimit,
    run: (call, after, left) => ({ ...call, limits: { ...call.limits, operations: left() }, perform: (op, request) => {
      after();
      return call.perform(op, request);
    } }),
  },
  'its time is over': {
    code: CODE.timeLimit,
    run: (call, after) => ({ ...call, limits: { ...call.limits, timeMs: DEADLINE }, perform: (op, request) => {
      const answer = call.perform(op, request);
      if (after()) for (;;) Atomics.wait(NEVER, 0, 0);
      return answer;
    } }),
  },
};

for (const backend of ['nftables', 'iptables'] as const) {
  const plugins = blueChain(backend);
  for (const [how, { code, run }] of Object.entries(ENDS)) {
    test(`${backend}, ${how}: after every operation of ADD and of DEL`, () => {
      let at = 0;
      let done = 0;
      const guest: RunGuest = (call) => runGuest(at === 0 ? call : run(call, () => ++done === at, () => at - done));
      const { kernel, wasTorn } = watched();
      const node = fakeNode({}, guest, kernel);
      node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
      const before = node.picture();
      for (const verb of ['ADD', 'DEL'] as const) {
        let ended = 0;
        if (verb === 'DEL') node.add(chainOf('ADD', plugins));
        const begun = momentOf(node);
        for (let n = 1; ; n++) {
          let error: unknown;
          do {
            begun.comeBack();
            [at, done] = [n, 0];
            error = errorOf(() => (verb === 'ADD' ? node.add(chainOf('ADD', plugins)) : node.del(chainOf('DEL', plugins))));
          } while (wasTorn());
          const reached = done >= n;
          at = 0;
          if (error) {
            assert.instance(error, CniError);
            ended++;
            // Under load the deadline comes before the operation does.
            if (how !== 'its time is over') assert.is((error as CniError).code, code, (error as CniError).message);
            if (verb === 'ADD') assert.is(node.picture(), before, `ADD ended after operation ${n}`);
          }
          if (verb === 'DEL') {
            node.del(chainOf('DEL', plugins));
            assert.is(node.picture(), before, `DEL ended after operation ${n}, then DEL`);
          }
          if (!reached && !error) break;
        }
        begun.comeBack();
        assert.ok(ended > (verb === 'ADD' ? 20 : 5), `${verb} ended only ${ended} times`);
      }
      node.remove();
    });
  }
}

/**
 * A kernel does at once what the fake does line by line: where a deadline, come too early under load, ends it in between, nothing was shown.
 * No `finally` runs then.
 */
function watched(): { kernel: (kernel: FakeKernel) => Kernel; wasTorn: () => boolean } {
  let within = false;
  let torn = false;
  const atOnce = (method: unknown): unknown => (typeof method !== 'function' ? method : (...args: unknown[]): unknown => {
    torn ||= within;
    within = true;
    try {
      return (method as (...all: unknown[]) => unknown)(...args);
    } finally {
      within = false;
    }
  });
  const domain = (part: unknown): unknown => (typeof part !== 'object' ? part : Object.fromEntries(Object.entries(part as object).map(([name, method]) => [name, atOnce(method)])));
  return {
    kernel: (kernel) => Object.fromEntries(Object.entries(kernel).map(([name, part]) => [name, name === 'state' ? part : domain(part)])) as unknown as Kernel,
    wasTorn: () => {
      const was = torn || within;
      torn = within = false;
      return was;
    },
  };
}

function errorOf(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

test.run();
