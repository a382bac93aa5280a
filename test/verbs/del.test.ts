// DEL as a whole: what it does together, and what it need not look at.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { blueChain, chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';
import { files } from '../support/node.ts';

/** How often a table of iptables is read. */
function readsOf({ kernel: { iptables } }: FakeNode): () => number {
  let reads = 0;
  const { read } = iptables;
  iptables.read = (...of) => {
    reads++;
    return read(...of);
  };
  return () => reads;
}

test('the links go in one step, while the address is still taken', () => {
  const deletes: [string, boolean][] = [];
  const leased = (): boolean => files(node.leases).some((line) => line.includes('c1'));
  const node = fakeNode({ before: (method) => void (method.startsWith('link.delete') && deletes.push([method, leased()])) });
  const plugins = blueChain('nftables');
  const before = node.picture();
  const prevResult = node.add(chainOf('ADD', plugins));
  node.del(chainOf('DEL', plugins, { prevResult }));
  assert.equal(deletes, [['link.deleteTogether', true]]);
  assert.not.ok(leased());
  assert.is(node.kernel.link.list('host').filter(({ kind }) => kind === 'veth' || kind === 'ifb').length, 0);
  assert.is.not(node.picture(), before);
  node.remove();
});

test('what the ledger says was made with nftables is not looked for in iptables', () => {
  const node = fakeNode();
  const plugins = blueChain('nftables');
  const prevResult = node.add(chainOf('ADD', plugins));
  const reads = readsOf(node);
  node.del(chainOf('DEL', plugins, { prevResult }));
  assert.is(reads(), 0);
  node.remove();
});

test('without the link that the ledger speaks of, both are looked at', () => {
  const node = fakeNode();
  const plugins = blueChain('nftables');
  const prevResult = node.add(chainOf('ADD', plugins));
  node.kernel.removeContainer();
  const reads = readsOf(node);
  node.del(chainOf('DEL', plugins, { prevResult, netns: '' }));
  assert.ok(reads() > 0);
  node.remove();
});

test('an attachment of iptables leaves nothing', () => {
  const node = fakeNode();
  const plugins = blueChain('iptables');
  node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
  const before = node.picture();
  node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
  assert.is(node.picture(), before);
  node.remove();
});

test('links that cannot be deleted stay in the ledger, and the next DEL takes them', () => {
  let refuses = false;
  const node = fakeNode({ before: (method) => { if (refuses && method === 'link.deleteTogether') throw new Error('no'); } });
  const plugins = blueChain('nftables').slice(0, 1);
  node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
  const before = node.picture();
  const prevResult = node.add(chainOf('ADD', plugins));
  refuses = true;
  assert.throws(() => node.del(chainOf('DEL', plugins, { prevResult })));
  refuses = false;
  node.del(chainOf('DEL', plugins, { prevResult }));
  assert.is(node.picture(), before);
  node.remove();
});

test('the first error is the answer, and its details tell the others', () => {
  let refuses = false;
  const node = fakeNode({ before: (method) => { if (refuses && ['nft.apply', 'link.deleteTogether'].includes(method)) throw new KernelError('EPERM', method); } });
  const plugins = blueChain('nftables');
  const prevResult = node.add(chainOf('ADD', plugins));
  refuses = true;
  assert.throws(() => node.del(chainOf('DEL', plugins, { prevResult })), (error: unknown) => error instanceof CniError
    && error.message === 'error deleting nftables rules: nft.apply: EPERM' && /^from plugin "portmap"; after it: could not take back everything of plugin "portmap": .*; link.deleteTogether: EPERM; .*"bridge"/.test(error.facts.details ?? ''));
  refuses = false;
  node.del(chainOf('DEL', plugins, { prevResult }));
  node.remove();
});

for (const [name, ends] of [['acme', true], ['portmap', false]] as const) {
  test(`a module whose bytes are lost and that has nothing in the ledger, ${name}: ${ends ? 'whatever a third party made would be there, so that the others go' : 'the reference may have made what it would find'}`, () => {
    const node = fakeNode();
    const [bridge] = blueChain('nftables');
    const plugins = [bridge!, { type: name }];
    node.del(chainOf('DEL', [bridge!], { prevResult: node.add(chainOf('ADD', [bridge!])) }));
    const before = node.picture();
    const prevResult = node.add(chainOf('ADD', [bridge!]));
    const { loadPlugin } = node.host;
    node.host.loadPlugin = (which, netconf) => {
      if (which === name) throw new CniError(CODE.moduleRefused, `module "${name}" cannot be read`, { kind: 'io' });
      return loadPlugin(which, netconf);
    };
    const del = (): void => node.del(chainOf('DEL', plugins, { prevResult }));
    if (ends) del();
    else assert.throws(del, /module "portmap" cannot be read/);
    assert.is(node.picture(), before);
    node.remove();
  });
}

test.run();
