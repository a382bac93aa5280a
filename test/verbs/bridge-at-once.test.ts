// Two attachments that come at once to a bridge that is not there yet: what the one was told of it holds when the other is done.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';
import type { Chain } from '../../host/verbs/host.ts';

const BRIDGE = { type: 'bridge', bridge: 'cni0', isGateway: true, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8::/64' }]] } };

const chain = (verb: 'ADD' | 'CHECK', ifname: string, prevResult?: unknown): Chain => {
  const made = chainOf(verb, [BRIDGE], { prevResult });
  return { ...made, request: { ...made.request, attachment: { ...made.request.attachment, ifname } } };
};

test('they agree on its hardware address', () => {
  const results: Record<string, Record<string, unknown> | undefined> = {};
  // The second one comes when the first has its port, and is about to give the gateway's address.
  const node: FakeNode = fakeNode({}, undefined, (kernel) => ({
    ...kernel,
    addr: {
      ...kernel.addr,
      add(ns, ...rest) {
        if (ns === 'host' && !('eth1' in results)) {
          results['eth1'] = undefined;
          results['eth1'] = node.add(chain('ADD', 'eth1'));
        }
        return kernel.addr.add(ns, ...rest);
      },
    },
  }));
  results['eth0'] = node.add(chain('ADD', 'eth0'));
  for (const [ifname, result] of Object.entries(results)) node.check(chain('CHECK', ifname, result));
  const macs = Object.values(results).map((result) => (result!['interfaces'] as { mac: string }[])[0]!.mac);
  assert.is(macs[0], macs[1]);
  node.remove();
});

test.run();
