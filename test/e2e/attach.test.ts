// The whole chain on the real kernel: what ADD makes, what CHECK sees, and that DEL leaves nothing.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, checkAll, delAll, parseConflist, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, inNetns, picture } from '../support/node.ts';

interface Result { interfaces: { name: string; sandbox?: string }[]; ips: { address: string; interface: number }[] }

const conflist = (backend?: 'nftables' | 'iptables'): Conflist => {
  const list = parseConflist(readFileSync('conf/10-blue.conflist', 'utf8'));
  for (const plugin of list.plugins) {
    if (backend && plugin.type === 'bridge') plugin['ipMasqBackend'] = backend;
    if (backend && plugin.type === 'portmap') plugin['backend'] = backend;
  }
  return list;
};

const target = (containerId: string, netns: string): Target => ({
  containerId, netns, ifname: 'eth0', path: [BIN],
  capabilityArgs: {
    portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 5353, containerPort: 53, protocol: 'udp' }],
    bandwidth: { ingressRate: 20_000_000, ingressBurst: 2_000_000, egressRate: 20_000_000, egressBurst: 2_000_000 },
  },
});

for (const backend of ['nftables', 'iptables'] as const) {
  test(`${backend}: dual stack ADD, CHECK, DEL, DEL again`, () => {
    const netns = addNetns('c1');
    const list = conflist(backend);
    const one = target('c1', netns);
    // What the network keeps is made by the first attachment and stays, as with the reference; the second must change nothing lasting.
    delAll(list, one, addAll(list, one));
    const before = picture(['c1']);
    const result = addAll(list, one) as Result;
    assert.equal(result.interfaces.map(({ name, sandbox }) => [name.replace(/[0-9a-f]{8,}$/, ''), sandbox]),
      [['cni0', undefined], ['veth', undefined], ['eth0', netns], ['bwp', undefined]]);
    assert.equal(result.ips.map(({ interface: index }) => index), [2, 2]);
    assert.match(result.ips[1]!.address, /^2001:db8:88::/);
    assert.match(inNetns('c1', 'ip', '-6', 'route'), /default via 2001:db8:88::1/);
    checkAll(list, one, result);
    delAll(list, one, result);
    assert.equal(picture(['c1']), before);
    delAll(list, { ...one, netns: '' });
    deleteNetns('c1');
  });
}

test('DEL without netns and prevResult removes everything by container id', () => {
  const netns = addNetns('c2');
  const list = conflist();
  const two = target('c2', netns);
  delAll(list, two, addAll(list, two));
  const before = picture(['c2']);
  addAll(list, two);
  delAll(list, { ...two, netns: '' });
  assert.equal(picture(['c2']), before);
  deleteNetns('c2');
});

test.run();
