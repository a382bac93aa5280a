// The whole chain on the fake kernel: what ADD makes DEL takes back, and an ADD that fails at any change leaves the node as it was.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';

for (const backend of ['nftables', 'iptables'] as const) {
  const plugins = blueChain(backend);

  test(`${backend}: ADD, CHECK, DEL, DEL again`, () => {
    const node = fakeNode();
    node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
    const before = node.picture();
    const result = node.add(chainOf('ADD', plugins));
    node.check(chainOf('CHECK', plugins, { prevResult: result }));
    node.del(chainOf('DEL', plugins, { prevResult: result }));
    assert.is(node.picture(), before);
    node.del(chainOf('DEL', plugins, { netns: '' }));
    assert.is(node.picture(), before);
    node.remove();
  });

  test(`${backend}: DEL without namespace and prevResult`, () => {
    const node = fakeNode();
    node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
    const before = node.picture();
    node.add(chainOf('ADD', plugins));
    node.del(chainOf('DEL', plugins, { netns: '' }));
    assert.is(node.picture(), before);
    node.remove();
  });

  test(`${backend}: GC takes what is not listed, and nothing when the list is absent`, () => {
    const node = fakeNode();
    node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
    const before = node.picture();
    node.add(chainOf('ADD', plugins));
    const attached = node.picture();
    node.gc(chainOf('GC', plugins, { netns: '' }));
    assert.is(node.picture(), attached);
    node.gc(chainOf('GC', plugins, { netns: '', frame: { 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] } }));
    assert.is(node.picture(), attached);
    node.gc(chainOf('GC', plugins, { netns: '', frame: { 'cni.dev/valid-attachments': null } }));
    assert.is(node.picture(), before);
    node.remove();
  });

  test(`${backend}: an error of the kernel at any change of ADD is taken back`, () => {
    let changes = 0;
    const counting = fakeNode({ before: () => { changes++; } });
    counting.add(chainOf('ADD', plugins));
    counting.remove();
    for (let at = 1; at <= changes; at++) {
      let now = 0;
      const node = fakeNode({ before: (method) => { if (++now === at) throw new KernelError('ENOMEM', method); } });
      const before = node.picture();
      let failed: unknown;
      try {
        node.add(chainOf('ADD', plugins));
      } catch (error) {
        failed = error;
      }
      // Best-effort changes (sysctls, conntrack) may fail without failing the ADD.
      if (failed === undefined) node.del(chainOf('DEL', plugins));
      else {
        assert.instance(failed, CniError, `change ${at}`);
        assert.is(node.picture(), before, `change ${at} of ${changes}`);
      }
      node.remove();
    }
    assert.ok(changes > 20);
  });
}

test.run();
