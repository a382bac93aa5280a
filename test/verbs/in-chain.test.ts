// A chain that is one call: the error's message is the reference's, and its details say which plugin it came from.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { chainOf, fakeNode } from '../support/fake-host.ts';

const BRIDGE = { type: 'bridge', bridge: 'cni0', ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } };
const LIMITS = { type: 'bandwidth', ingressRate: 8000 };

function errorOf(act: () => unknown): CniError {
  try {
    act();
  } catch (error) {
    if (error instanceof CniError) return error;
    throw error;
  }
  return assert.unreachable() as never;
}

test('of several plugins the one that failed is named beside the message', () => {
  const node = fakeNode();
  const { message, facts } = errorOf(() => node.add(chainOf('ADD', [BRIDGE, LIMITS])));
  assert.is(message, 'if rate is set, burst must also be set');
  assert.is(facts.details, 'from plugin "bandwidth"');
  node.remove();
});

test('one that is alone needs no name, and one that has named itself no second', () => {
  const node = fakeNode();
  assert.is(errorOf(() => node.add(chainOf('ADD', [{ type: 'bridge', bridge: 'cni0', ipam: { type: 'none-such' } }]))).facts.details?.includes('from plugin') ?? false, false);
  assert.is(errorOf(() => node.add(chainOf('ADD', [BRIDGE, { type: 'none-such' }]))).facts.details?.includes('from plugin') ?? false, false);
  node.remove();
});

test.run();
