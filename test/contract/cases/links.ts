// Contract: links are made, found and deleted.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { addressesOf, linkNamed, makeBridge, makeVeth, refuses, upVeth, type Cases } from '../case.ts';

const MAC = '02:aa:bb:cc:dd:ee';

export const linkCases: Cases = {
  'a fresh namespace has lo alone, and it is down'(kernel) {
    for (const ns of ['host', 'container'] as const) {
      const [lo, ...others] = kernel.link.list(ns);
      assert.equal(others, []);
      assert.equal([lo!.index, lo!.name, lo!.kind, lo!.up, lo!.state, lo!.mtu], [1, 'lo', '', false, 'down', 65536]);
    }
  },

  'several links go together, and one that is gone is no error'(kernel) {
    const { veth1 } = makeVeth(kernel);
    const [ifb, stays] = ['bwp0', 'bwp1'].map((name) => kernel.link.create('host', { kind: 'ifb', name })) as [number, number];
    kernel.link.deleteTogether('host', [veth1, 4711, ifb]);
    assert.equal(kernel.link.list('host').map(({ name }) => name), ['lo', 'bwp1']);
    assert.equal(kernel.link.list('container').map(({ name }) => name), ['lo']);
    kernel.link.deleteTogether('host', [stays]);
    kernel.link.deleteTogether('host', [stays, ifb]);
    kernel.link.deleteTogether('host', [ifb]);
    assert.equal(kernel.link.list('host').map(({ name }) => name), ['lo']);
  },

  'the two namespaces have different ids'(kernel) {
    assert.match(kernel.netnsId('host') ?? '', /^\d+:\d+$/);
    assert.match(kernel.netnsId('container') ?? '', /^\d+:\d+$/);
    assert.is.not(kernel.netnsId('host'), kernel.netnsId('container'));
  },

  'a veth has an end in each namespace, and each knows the other by index'(kernel) {
    const { eth0, veth1 } = makeVeth(kernel);
    const [inside, outside] = [kernel.link.get('container', { index: eth0 })!, kernel.link.get('host', { index: veth1 })!];
    assert.equal([inside.name, inside.kind, inside.peer, inside.peerNs], ['eth0', 'veth', veth1, 'host']);
    assert.equal([outside.name, outside.kind, outside.peer, outside.peerNs], ['veth1', 'veth', eth0, 'container']);
    assert.equal([inside.mtu, inside.txqlen, inside.up, inside.group, inside.promisc, inside.allmulti], [1500, 1000, false, 0, false, false]);
    assert.is.not(inside.mac, outside.mac);
  },

  'both ends of a veth may be in one namespace'(kernel) {
    const index = kernel.link.create('host', { kind: 'veth', name: 'a', peer: { ns: 'host', name: 'b' } });
    assert.equal([linkNamed(kernel, 'host', 'b').peer, linkNamed(kernel, 'host', 'b').peerNs], [index, 'host']);
    assert.is(linkNamed(kernel, 'host', 'a').peer, linkNamed(kernel, 'host', 'b').index);
  },

  'a veth takes what is asked for each end'(kernel) {
    kernel.link.create('container', { kind: 'veth', name: 'eth0', mtu: 1400, mac: MAC, peer: { ns: 'host', name: 'veth1', mtu: 1400, txqlen: 0 } });
    const [inside, outside] = [linkNamed(kernel, 'container', 'eth0'), linkNamed(kernel, 'host', 'veth1')];
    assert.equal([inside.mtu, inside.mac, inside.txqlen], [1400, MAC, 1000]);
    assert.equal([outside.mtu, outside.txqlen], [1400, 0]);
    assert.is.not(outside.mac, MAC);
  },

  'the kernel says which kinds of links it can make, and makes none'(kernel) {
    const before = kernel.link.list('host');
    for (const kind of ['veth', 'bridge', 'ifb']) assert.is(kernel.link.unusable('host', kind), undefined);
    assert.match(kernel.link.unusable('host', 'nosuchkind') ?? '', /EOPNOTSUPP/);
    assert.equal(kernel.link.list('host'), before);
  },

  'a bridge can be made up'(kernel) {
    kernel.link.create('host', { kind: 'bridge', name: 'cni0', up: true, mtu: 1400, mac: MAC });
    const { kind, up, vlanFiltering, mtu, mac } = linkNamed(kernel, 'host', 'cni0');
    assert.equal([kind, up, vlanFiltering, mtu, mac], ['bridge', true, false, 1400, MAC]);
  },

  'a bridge filters by vlan, or the kernel says that it cannot (EOPNOTSUPP)'(kernel) {
    try {
      kernel.link.create('host', { kind: 'bridge', name: 'cni0', vlanFiltering: true });
    } catch (error) {
      refuses(() => { throw error; }, 'EOPNOTSUPP');
      return;
    }
    assert.is(linkNamed(kernel, 'host', 'cni0').vlanFiltering, true);
  },

  'an ifb has no carrier to wait for'(kernel) {
    const index = kernel.link.create('host', { kind: 'ifb', name: 'bwp0', mtu: 90000, up: true });
    const { kind, up, state, mtu, txqlen } = kernel.link.get('host', { index })!;
    assert.equal([kind, up, state, mtu, txqlen], ['ifb', true, 'unknown', 90000, 32]);
    kernel.link.create('host', { kind: 'ifb', name: 'bwp1', txqlen: 0 });
    assert.is(linkNamed(kernel, 'host', 'bwp1').txqlen, 0);
  },

  'links are listed in the order of their indexes'(kernel) {
    makeVeth(kernel);
    makeBridge(kernel);
    assert.equal(kernel.link.list('host').map(({ name }) => name), ['lo', 'veth1', 'cni0']);
  },

  'an index is not used again'(kernel) {
    const first = makeBridge(kernel);
    kernel.link.delete('host', first);
    assert.ok(makeBridge(kernel) > first);
  },

  'a link that is not there is undefined'(kernel) {
    assert.is(kernel.link.get('host', { name: 'none' }), undefined);
    assert.is(kernel.link.get('host', { index: 999 }), undefined);
    assert.is(kernel.link.get('container', { name: 'none' }), undefined);
  },

  'a taken name is EEXIST'(kernel) {
    makeBridge(kernel);
    refuses(() => makeBridge(kernel), 'EEXIST');
    refuses(() => kernel.link.create('host', { kind: 'ifb', name: 'cni0' }), 'EEXIST');
  },

  'a taken peer name is EEXIST, and no end is made'(kernel) {
    makeBridge(kernel, 'veth1');
    refuses(() => makeVeth(kernel), 'EEXIST');
    assert.is(kernel.link.get('container', { name: 'eth0' }), undefined);
  },

  'a taken name beside a free peer name is EEXIST, and no end is made'(kernel) {
    kernel.link.create('container', { kind: 'bridge', name: 'eth0' });
    refuses(() => makeVeth(kernel), 'EEXIST');
    assert.is(kernel.link.get('host', { name: 'veth1' }), undefined);
  },

  'a name of 15 bytes fits and one of 16 does not'(kernel) {
    makeBridge(kernel, 'a23456789012345');
    assert.is(linkNamed(kernel, 'host', 'a23456789012345').kind, 'bridge');
    refuses(() => makeBridge(kernel, 'a234567890123456'), 'ERANGE', 'EINVAL');
    refuses(() => kernel.link.create('container', { kind: 'veth', name: 'e', peer: { ns: 'host', name: 'a234567890123456' } }), 'ERANGE', 'EINVAL');
  },

  'names that are paths or sysctl folders are EINVAL'(kernel) {
    for (const name of ['a/b', 'a b', 'a:b', '.', '..', 'all', 'default']) refuses(() => makeBridge(kernel, name), 'EINVAL');
  },

  'an mtu outside of the device\'s range is EINVAL'(kernel) {
    refuses(() => kernel.link.create('host', { kind: 'bridge', name: 'cni0', mtu: 67 }), 'EINVAL');
    refuses(() => kernel.link.create('host', { kind: 'bridge', name: 'cni0', mtu: 65536 }), 'EINVAL');
    assert.is(kernel.link.get('host', { name: 'cni0' }), undefined);
  },

  'a multicast or zero mac is EADDRNOTAVAIL'(kernel) {
    refuses(() => kernel.link.create('host', { kind: 'bridge', name: 'cni0', mac: '01:00:5e:00:00:01' }), 'EADDRNOTAVAIL');
    refuses(() => kernel.link.create('host', { kind: 'bridge', name: 'cni0', mac: '00:00:00:00:00:00' }), 'EADDRNOTAVAIL');
    assert.is(kernel.link.get('host', { name: 'cni0' }), undefined);
  },

  'deleting one end of a veth deletes the other'(kernel) {
    const { eth0 } = makeVeth(kernel);
    kernel.link.delete('container', eth0);
    assert.is(kernel.link.get('host', { name: 'veth1' }), undefined);
    assert.is(kernel.link.get('container', { name: 'eth0' }), undefined);
  },

  'deleting a link deletes its addresses and routes'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1' });
    kernel.link.delete('container', eth0);
    assert.equal(addressesOf(kernel, 'container'), []);
    assert.equal(kernel.route.list('container'), []);
  },

  'a deleted bridge lets its ports go'(kernel) {
    const { veth1 } = makeVeth(kernel);
    const bridge = makeBridge(kernel);
    kernel.link.set('host', veth1, { master: bridge });
    kernel.link.delete('host', bridge);
    assert.is(linkNamed(kernel, 'host', 'veth1').master, undefined);
  },

  'what is not there cannot be deleted (ENODEV), and lo cannot (EOPNOTSUPP)'(kernel) {
    refuses(() => kernel.link.delete('host', 999), 'ENODEV');
    refuses(() => kernel.link.delete('container', 1), 'EOPNOTSUPP');
  },
};
