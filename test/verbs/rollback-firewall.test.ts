// bridge and firewall on the fake kernel, with each backend: what ADD makes DEL and GC take back, and an ADD that fails at any change
// leaves the node as it was.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import type { Faults } from '../../host/kernel/fake/fake-kernel.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';

const plugins = (backend: string): Record<string, unknown>[] => [
  { type: 'bridge', bridge: 'cni0', isGateway: true, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8::/64' }]] } },
  { type: 'firewall', backend, ingressPolicy: 'isolated' },
];

function nodeFor(backend: string, faults: Faults = {}): FakeNode {
  const node = fakeNode(faults);
  if (backend === 'firewalld') node.kernel.state.host.zones = {};
  return node;
}

for (const backend of ['iptables', 'firewalld', 'nftables', '']) {
  const chain = plugins(backend);
  const what = backend || 'none given';

  test(`${what}: ADD, CHECK, DEL with and without prevResult, GC`, () => {
    const node = nodeFor(backend);
    node.del(chainOf('DEL', chain, { prevResult: node.add(chainOf('ADD', chain)) }));
    const before = node.picture();
    const endings: ((result: unknown) => void)[] = [
      (prevResult) => node.del(chainOf('DEL', chain, { prevResult })),
      () => node.del(chainOf('DEL', chain, { netns: '' })),
      () => node.gc(chainOf('GC', chain, { netns: '', frame: { 'cni.dev/valid-attachments': [] } })),
    ];
    for (const end of endings) {
      const result = node.add(chainOf('ADD', chain));
      const attached = node.picture();
      node.check(chainOf('CHECK', chain, { prevResult: result }));
      assert.is(node.picture(), attached, 'CHECK changes nothing');
      end(result);
      assert.is(node.picture(), before);
    }
    node.remove();
  });

  test(`${what}: an error of the kernel at any change of ADD is taken back`, () => {
    let changes = 0;
    const counting = nodeFor(backend, { before: () => { changes++; } });
    counting.add(chainOf('ADD', chain));
    counting.remove();
    let failures = 0;
    for (let at = 1; at <= changes; at++) {
      let now = 0;
      const node = nodeFor(backend, { before: (method) => { if (++now === at) throw new KernelError('ENOMEM', method); } });
      const before = node.picture();
      try {
        node.add(chainOf('ADD', chain));
      } catch (error) {
        failures++;
        assert.instance(error, CniError, `change ${at}`);
        assert.is(node.picture(), before, `change ${at} of ${changes}`);
      }
      node.remove();
    }
    assert.ok(failures > 10, `${failures} of ${changes} changes failed the ADD`);
  });
}

test('a source that firewalld refuses fails the ADD in firewalld\'s words, and the ones before it are taken out', () => {
  const node = nodeFor('firewalld');
  node.kernel.state.host.zones = { work: ['2001:db8::2/128'] };
  const before = node.picture();
  assert.throws(() => node.add(chainOf('ADD', plugins('firewalld'))), /failed to add the address 2001:db8::2\/128 to trusted zone: ZONE_CONFLICT/);
  assert.is(node.picture(), before);
  node.remove();
});

test('DEL when firewalld has ended', () => {
  const node = nodeFor('firewalld');
  const result = node.add(chainOf('ADD', plugins('firewalld')));
  delete node.kernel.state.host.zones;
  node.del(chainOf('DEL', plugins('firewalld'), { prevResult: result }));
  assert.equal(node.kernel.state.container?.links.map(({ name }) => name), ['lo']);
  node.remove();
});

test.run();
