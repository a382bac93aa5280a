// A guest of the chain comes to its end after its first operation, its second, and so on: it traps, may do no more operations, or its time is
// over. A failed ADD leaves the node as it was; so does the DEL after a DEL that failed.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { DeadlinePassed } from '../../host/deadline.ts';
import { runGuest } from '../../host/sandbox/run-guest.ts';
import type { GuestCall, RunGuest } from '../../host/sandbox/sandbox.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';
import { momentOf } from './moment.ts';

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
    code: CODE.limit,
    run: (call, after, left) => ({ ...call, limits: { ...call.limits, operations: left() }, perform: (op, request) => {
      after();
      return call.perform(op, request);
    } }),
  },
  'its time is over': {
    code: CODE.timeLimit,
    run: (call, after) => ({ ...call, perform: (op, request) => {
      const answer = call.perform(op, request);
      if (after()) throw new DeadlinePassed(call.limits.timeMs);
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
      const node = fakeNode({}, guest);
      node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
      const before = node.picture();
      for (const verb of ['ADD', 'DEL'] as const) {
        let ended = 0;
        if (verb === 'DEL') node.add(chainOf('ADD', plugins));
        const begun = momentOf(node);
        for (let n = 1; ; n++) {
          begun.comeBack();
          [at, done] = [n, 0];
          const error = errorOf(() => (verb === 'ADD' ? node.add(chainOf('ADD', plugins)) : node.del(chainOf('DEL', plugins))));
          const reached = done >= n;
          at = 0;
          if (error) {
            assert.instance(error, CniError);
            ended++;
            assert.is((error as CniError).code, code, (error as CniError).message);
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

function errorOf(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}

test.run();
