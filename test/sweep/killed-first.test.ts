// The first ADD on a node is killed at every step, and another container attached before that is taken back: what both share stays.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { gc as collect } from '../../host/cli/gc.ts';
import type { Chain } from '../../host/verbs/host.ts';
import { blueChain, chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';
import { killed } from './outcome.ts';
import { Steps } from './steps.ts';

const steps = new Steps();

/** The fake has one container's namespace: the other container is at it by another interface. */
const ofOther = ({ request, links }: Chain): Chain => ({ request: { ...request, attachment: { network: 'blue', containerId: 'c2', ifname: 'net1' } }, links });

/** Of the reference plugins, which no ledger knows: its veth is a port of the bridge, if that is there already. */
function attachReference({ kernel }: FakeNode): void {
  const bridge = kernel.link.get('host', { name: 'cni0' });
  if (!bridge) return;
  kernel.link.set('host', kernel.link.create('host', { kind: 'veth', name: 'vethref', peer: { ns: 'container', name: 'net1' } }), { master: bridge.index });
}

/** Somebody else's, with a port, and without address. */
function withBridge({ kernel }: FakeNode): void {
  const master = kernel.link.create('host', { kind: 'bridge', name: 'cni0' });
  kernel.link.set('host', kernel.link.create('host', { kind: 'veth', name: 'vethold', peer: { ns: 'host', name: 'vethold-far' } }), { master });
}

/** What an attachment relies on and CHECK does not look at. */
const shared = ({ kernel }: FakeNode): object => ({
  up: kernel.link.get('host', { name: 'cni0' })?.up,
  addresses: kernel.addr.list('host').filter(({ index }) => index === kernel.link.get('host', { name: 'cni0' })?.index).map(({ address }) => address),
  forwards: ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'].map((key) => kernel.sysctl.get('host', key)),
});

const plugins = { nftables: blueChain('nftables'), iptables: blueChain('iptables') };
for (const [backend, who, takeBack] of [
  ['nftables', 'DEL', (node: FakeNode) => node.del(chainOf('DEL', plugins.nftables))],
  ['iptables', 'GC of the node, which says no more than is true', (node: FakeNode) => assert.not.match(collect([], node.host).text, /cni0(?!\/accept_ra)/)],
] as const) {
  test(`${backend}: taken back by ${who}`, () => {
    const node = fakeNode({}, undefined, (kernel) => steps.kernel(kernel));
    steps.root = node.root;
    const outcomes = killed({ steps, node, run: () => node.add(chainOf('ADD', plugins[backend])) }).filter(({ struck }) => struck?.step.of === 'kernel');
    assert.ok(outcomes.length > 20);
    for (const { struck, left } of outcomes) {
      left.comeBack();
      const prevResult = node.add(ofOther(chainOf('ADD', plugins[backend])));
      const before = shared(node);
      takeBack(node);
      const at = `killed before ${struck!.step.name}, number ${struck!.number}`;
      assert.equal(shared(node), before, at);
      assert.not.throws(() => node.check(ofOther(chainOf('CHECK', plugins[backend], { prevResult }))), undefined, at);
    }
    node.remove();
  });

  for (const isThere of [false, true]) test(`${backend}, the other container being one of the reference plugins, on a bridge that was ${isThere ? 'there' : 'made'}: taken back by ${who}`, () => {
    const node = fakeNode({}, undefined, (kernel) => steps.kernel(kernel));
    steps.root = node.root;
    if (isThere) withBridge(node);
    const outcomes = killed({ steps, node, run: () => node.add(chainOf('ADD', plugins[backend])) }).filter(({ struck }) => struck?.step.of === 'kernel');
    let met = 0;
    for (const { struck, left } of outcomes) {
      left.comeBack();
      attachReference(node);
      if (!node.kernel.link.get('host', { name: 'vethref' })) continue;
      met++;
      const before = shared(node);
      takeBack(node);
      assert.equal(shared(node), before, `killed before ${struck!.step.name}, number ${struck!.number}`);
    }
    assert.ok(met > 20, `only ${met} left a bridge`);
    node.remove();
  });
}

test.run();
