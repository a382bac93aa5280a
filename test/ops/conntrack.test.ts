// Whose connections a module may forget: those to ports that the configuration publishes, of the same protocol, and to addresses of its own.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { fakeKernel } from '../../host/kernel/fake/fake-kernel.ts';
import { conntrackOps } from '../../host/ops/conntrack.ts';
import type { Call } from '../../host/ops/call.ts';

type Wanted = Parameters<Call['kernel']['conntrack']['delete']>[1];

function flushed(request: { proto?: Wanted['proto']; daddr?: string }, config: object): Wanted | 'denied' {
  let asked: Wanted | undefined;
  const call = {
    module: 'acme', grants: { ...NO_GRANTS, conntrack: true }, ips: [{ address: '10.1.0.5' }], hostHas: new Map(), leases: new Set(), request: { netconf: { value: config } },
    kernel: { ...fakeKernel(), conntrack: { delete: (_ns: string, wanted: Wanted) => { asked = wanted; return 0; } } },
  } as unknown as Call;
  try {
    conntrackOps['conntrack.flush'](call, { family: 'ip', proto: 'udp', dports: [53], ...request });
  } catch (error) {
    assert.ok(error instanceof CniError && error.facts.kind === 'denied', String(error));
    return 'denied';
  }
  return asked!;
}

const published = (...portMappings: object[]): object => ({ runtimeConfig: { portMappings } });

test('a port that is published', () => {
  for (const protocol of ['udp', 'UDP']) assert.equal(flushed({}, published({ hostPort: 53, containerPort: 53, protocol })), { family: 'ip', proto: 'udp', dports: [53] });
  assert.is.not(flushed({ proto: 'tcp' }, published({ hostPort: 53, containerPort: 53 })), 'denied');
});

test('the same number is another protocol\'s service', () => {
  assert.is(flushed({}, published({ hostPort: 53, containerPort: 53, protocol: 'tcp' })), 'denied');
  assert.is(flushed({ proto: 'tcp' }, published({ hostPort: 53, containerPort: 53, protocol: 'udp' })), 'denied');
  assert.is(flushed({}, published({ hostPort: 53, containerPort: 53 })), 'denied');
});

test('ports of its own addresses', () => {
  assert.is.not(flushed({ daddr: '10.1.0.5' }, {}), 'denied');
  assert.is(flushed({ daddr: '10.1.0.9' }, {}), 'denied');
});

test.run();
