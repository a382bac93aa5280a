// An address that has been given to another container since: what is still said of it by the one before does not concern the new one's rules.
// SPDX-License-Identifier: Apache-2.0

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Verb } from '../../host/protocol/request.ts';
import type { Chain } from '../../host/verbs/host.ts';
import { chainOf, fakeNode } from '../support/fake-host.ts';
import { restoreLines } from '../support/iptables-lines.ts';

/** One address to give. */
const PLUGINS = [
  { type: 'bridge', bridge: 'cni0', isGateway: true, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/30' }]] } },
  { type: 'firewall', backend: 'iptables' },
];

const RULES = ['-d 192.0.2.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-s 192.0.2.2/32 -j ACCEPT'];

function chain(verb: Verb, container: 1 | 2, more: Parameters<typeof chainOf>[2] = {}): Chain {
  const made = chainOf(verb, PLUGINS, more);
  return { ...made, request: { ...made.request, attachment: { network: 'blue', containerId: `c${container}`, ifname: `eth${container}` } } };
}

const endings: Record<string, (node: ReturnType<typeof fakeNode>, first: unknown) => void> = {
  'a DEL by the ledger': (node) => node.del(chain('DEL', 1, { netns: '' })),
  'a DEL that says the address': (node, prevResult) => node.del(chain('DEL', 1, { prevResult })),
  'a DEL that comes again': (node, prevResult) => {
    node.del(chain('DEL', 1));
    node.del(chain('DEL', 1, { prevResult }));
  },
  GC: (node) => node.gc(chainOf('GC', PLUGINS, { netns: '', frame: { 'cni.dev/valid-attachments': [{ containerID: 'c2', ifname: 'eth2' }] } })),
};
for (const [what, end] of Object.entries(endings)) {
  test(`${what}, and the second container goes on to be let through, until its own DEL`, () => {
    const node = fakeNode();
    node.del(chain('DEL', 2, { prevResult: node.add(chain('ADD', 2)) }));
    const before = node.picture();
    const first = node.add(chain('ADD', 1));
    // Others' plugins, which know nothing of our ledger, have ended it.
    restoreLines(node.kernel.iptables, 'host', 'ip', 'filter', ...RULES.map((rule) => `-D CNI-FORWARD ${rule}`));
    node.kernel.link.delete('container', node.kernel.link.get('container', { name: 'eth1' })!.index);
    rmSync(join(node.leases, 'blue/192.0.2.2'));
    const second = node.add(chain('ADD', 2));
    assert.equal((second['ips'] as object[]), (first['ips'] as object[]));
    end(node, first);
    node.check(chain('CHECK', 2, { prevResult: second }));
    node.del(chain('DEL', 2, { prevResult: second }));
    assert.is(node.picture(), before);
    node.remove();
  });
}

test.run();
