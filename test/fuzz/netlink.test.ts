// Whatever the kernel would answer: each reader gives what it can make of it or a KernelError, and comes to an end.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { addrKernel } from '../../host/kernel/live/addr.ts';
import { conntrackKernel } from '../../host/kernel/live/conntrack.ts';
import type { LiveContext } from '../../host/kernel/live/context.ts';
import { linkKernel } from '../../host/kernel/live/link.ts';
import { neighKernel } from '../../host/kernel/live/neigh.ts';
import { policyRuleKernel } from '../../host/kernel/live/policy-rule.ts';
import { qdiscKernel } from '../../host/kernel/live/qdisc.ts';
import { routeKernel } from '../../host/kernel/live/route.ts';
import { classKernel } from '../../host/kernel/live/tc-class.ts';
import { nftKernel } from '../../host/kernel/live/nft.ts';
import { filterKernel } from '../../host/kernel/live/tc-filter.ts';
import { runs } from './runs.ts';
import { answer, done, NLM_F_MULTI, scriptedContext } from '../kernel-codec/scripted-libc.ts';

const ticks = (): number => 15.625;
const READERS: Record<string, (context: LiveContext) => unknown> = {
  'one link': (context) => linkKernel(context).get('host', { index: 1 }),
  links: (context) => linkKernel(context).list('host'),
  addresses: (context) => addrKernel(context).list('host', 1),
  routes: (context) => routeKernel(context).list('host'),
  'policy rules': (context) => policyRuleKernel(context).list('host', 'ip'),
  neighbours: (context) => neighKernel(context).list('host', 1),
  qdiscs: (context) => qdiscKernel(context, ticks).qdiscs('host', 1),
  classes: (context) => classKernel(context, ticks).classes('host', 1),
  filters: (context) => filterKernel(context).filters('host', 1, 1),
  'a rule table': (context) => nftKernel(context).read('host', 'inet', 'cni_plugins_masquerade'),
  connections: (context) => conntrackKernel(context).delete('host', { family: 'ip', proto: 'udp', dports: [53] }),
};

/** Headers and attributes that look right, so that the fuzz reaches what is behind them. */
const attribute = fc.letrec<{ one: Buffer; many: Buffer; payload: Uint8Array }>((tie) => ({
  one: fc.tuple(fc.oneof(fc.nat(40), fc.nat(0xffff)), tie('payload')).map(([type, payload]) => {
    const bytes = Buffer.alloc((4 + payload.length + 3) & ~3);
    bytes.writeUInt16LE(4 + payload.length, 0);
    bytes.writeUInt16LE(type, 2);
    bytes.set(payload, 4);
    return bytes;
  }),
  many: fc.array(tie('one'), { maxLength: 8 }).map((list) => Buffer.concat(list)),
  payload: fc.oneof({ depthSize: 'small' }, fc.uint8Array({ maxLength: 48 }), tie('many')),
})).many;
const header = fc.constantFrom(4, 8, 12, 16, 20).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const body = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.tuple(header, attribute).map(([head, rest]) => Buffer.concat([head, rest])),
  // The header of most route messages that are read on: unicast, of table main.
  fc.tuple(fc.constantFrom(2, 10), attribute).map(([family, rest]) => Buffer.concat([Buffer.from([family, 24, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0]), rest])),
);

for (const [name, read] of Object.entries(READERS)) {
  test(`${name} of garbage`, () => {
    fc.assert(fc.property(fc.array(body, { maxLength: 4 }), fc.nat(255), (bodies, type) => {
      const context = scriptedContext((sequence) => [...bodies.map((one) => answer(sequence, 16 + type, NLM_F_MULTI, one)), done(sequence)]);
      try {
        read(context);
      } catch (error) {
        assert.instance(error, KernelError, (error as Error).stack ?? '');
      }
    }), runs(500));
  });
}

test.run();
