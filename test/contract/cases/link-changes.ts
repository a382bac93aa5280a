// Contract: attributes of links, bridge ports, and what follows from going up and down.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { eventually, linkNamed, makeBridge, makeVeth, refuses, upVeth, type Cases } from '../case.ts';

export const linkChangeCases: Cases = {
  'attributes change one by one and together'(kernel) {
    const { veth1 } = makeVeth(kernel);
    kernel.link.set('host', veth1, { mtu: 1400 });
    kernel.link.set('host', veth1, { promisc: true, allmulti: true, txqlen: 7, group: 42, mac: '02:00:00:00:00:99', up: true });
    const { mtu, promisc, allmulti, txqlen, group, mac, up } = linkNamed(kernel, 'host', 'veth1');
    assert.equal([mtu, promisc, allmulti, txqlen, group, mac, up], [1400, true, true, 7, 42, '02:00:00:00:00:99', true]);
    kernel.link.set('host', veth1, { promisc: false, allmulti: false, group: 0, up: false });
    const after = linkNamed(kernel, 'host', 'veth1');
    assert.equal([after.promisc, after.allmulti, after.group, after.up, after.mtu], [false, false, 0, false, 1400]);
  },

  'an alias is set and taken away'(kernel) {
    const bridge = makeBridge(kernel);
    assert.is(linkNamed(kernel, 'host', 'cni0').alias, undefined);
    kernel.link.set('host', bridge, { alias: 'cni-wasm: blue' });
    assert.is(linkNamed(kernel, 'host', 'cni0').alias, 'cni-wasm: blue');
    kernel.link.set('host', bridge, { alias: '' });
    assert.is(linkNamed(kernel, 'host', 'cni0').alias, undefined);
  },

  'a link is renamed, and not to a taken name (EEXIST)'(kernel) {
    const bridge = makeBridge(kernel);
    kernel.link.set('host', bridge, { name: 'cni1' });
    assert.is(linkNamed(kernel, 'host', 'cni1').index, bridge);
    assert.is(kernel.link.get('host', { name: 'cni0' }), undefined);
    refuses(() => kernel.link.set('host', bridge, { name: 'lo' }), 'EEXIST');
  },

  'changing what is not there is ENODEV'(kernel) {
    refuses(() => kernel.link.set('host', 999, { up: true }), 'ENODEV');
    refuses(() => kernel.link.set('container', 999, { mtu: 1400 }), 'ENODEV');
  },

  'a bad mtu is EINVAL and a bad mac EADDRNOTAVAIL'(kernel) {
    const { veth1 } = makeVeth(kernel);
    refuses(() => kernel.link.set('host', veth1, { mtu: 67 }), 'EINVAL');
    refuses(() => kernel.link.set('host', veth1, { mtu: 65536 }), 'EINVAL');
    refuses(() => kernel.link.set('host', veth1, { mac: '01:00:5e:00:00:01' }), 'EADDRNOTAVAIL');
    assert.is(linkNamed(kernel, 'host', 'veth1').mtu, 1500);
  },

  'lo comes up with its addresses'(kernel) {
    kernel.link.set('container', 1, { up: true });
    const { up, state } = linkNamed(kernel, 'container', 'lo');
    assert.equal([up, state], [true, 'unknown']);
    assert.equal(kernel.addr.list('container', 1).map(({ address, scope }) => [address, scope]), [['127.0.0.1/8', 254], ['::1/128', 254]]);
    assert.equal(kernel.route.list('container').filter(({ dst }) => dst.startsWith('127.')), []);
    kernel.link.set('container', 1, { up: true });
  },

  'lo that goes down keeps its IPv4 address'(kernel) {
    kernel.link.set('container', 1, { up: true });
    kernel.link.set('container', 1, { up: false });
    assert.equal(kernel.addr.list('container', 1).map(({ address }) => address), ['127.0.0.1/8']);
  },

  'a veth is up once both ends are'(kernel) {
    const { veth1, eth0 } = makeVeth(kernel);
    kernel.link.set('host', veth1, { up: true });
    assert.ok(['down', 'lowerlayerdown'].includes(linkNamed(kernel, 'host', 'veth1').state));
    kernel.link.set('container', eth0, { up: true });
    eventually(() => linkNamed(kernel, 'host', 'veth1').state === 'up', 'veth1 is not up');
    kernel.link.set('container', eth0, { up: false });
    eventually(() => ['down', 'lowerlayerdown'].includes(linkNamed(kernel, 'host', 'veth1').state), 'veth1 is still up');
    assert.is(linkNamed(kernel, 'container', 'eth0').state, 'down');
  },

  'within one namespace the end that waits for the other is lowerlayerdown'(kernel) {
    const index = kernel.link.create('host', { kind: 'veth', name: 'a', peer: { ns: 'host', name: 'b' } });
    kernel.link.set('host', index, { up: true });
    eventually(() => linkNamed(kernel, 'host', 'a').state === 'lowerlayerdown', 'a is not lowerlayerdown');
  },

  'a bridge is up when a port is'(kernel) {
    const { veth1, eth0 } = makeVeth(kernel);
    const bridge = makeBridge(kernel);
    kernel.link.set('host', bridge, { up: true });
    assert.is.not(linkNamed(kernel, 'host', 'cni0').state, 'up');
    kernel.link.set('host', veth1, { master: bridge, up: true });
    kernel.link.set('container', eth0, { up: true });
    eventually(() => linkNamed(kernel, 'host', 'cni0').state === 'up', 'cni0 is not up');
    kernel.link.delete('host', veth1);
    eventually(() => linkNamed(kernel, 'host', 'cni0').state === 'down', 'cni0 is still up');
  },

  'a port has a master and its flags, and loses both'(kernel) {
    const { veth1 } = makeVeth(kernel);
    const bridge = makeBridge(kernel);
    kernel.link.set('host', veth1, { master: bridge });
    assert.equal([linkNamed(kernel, 'host', 'veth1').master, linkNamed(kernel, 'host', 'veth1').port], [bridge, { hairpin: false, isolated: false }]);
    kernel.link.set('host', veth1, { hairpin: true, isolated: true });
    assert.equal(linkNamed(kernel, 'host', 'veth1').port, { hairpin: true, isolated: true });
    kernel.link.set('host', veth1, { hairpin: false });
    assert.equal(linkNamed(kernel, 'host', 'veth1').port, { hairpin: false, isolated: true });
    kernel.link.set('host', veth1, { master: null });
    assert.equal([linkNamed(kernel, 'host', 'veth1').master, linkNamed(kernel, 'host', 'veth1').port], [undefined, undefined]);
    kernel.link.set('host', veth1, { master: bridge });
    assert.equal(linkNamed(kernel, 'host', 'veth1').port, { hairpin: false, isolated: false });
  },

  'master, flags and up can be one change'(kernel) {
    const { veth1 } = makeVeth(kernel);
    const bridge = makeBridge(kernel);
    kernel.link.set('host', veth1, { master: bridge, hairpin: true, isolated: true, up: true });
    const { master, port, up } = linkNamed(kernel, 'host', 'veth1');
    assert.equal([master, port, up], [bridge, { hairpin: true, isolated: true }, true]);
  },

  'port flags of what is no port are refused'(kernel) {
    const { veth1 } = makeVeth(kernel);
    refuses(() => kernel.link.set('host', veth1, { hairpin: true }), 'EOPNOTSUPP', 'EINVAL');
  },

  'only a bridge takes ports, and no bridge or lo'(kernel) {
    const { veth1 } = makeVeth(kernel);
    const [first, second] = [makeBridge(kernel, 'cni0'), makeBridge(kernel, 'cni1')];
    refuses(() => kernel.link.set('host', veth1, { master: 1 }), 'EOPNOTSUPP');
    refuses(() => kernel.link.set('host', veth1, { master: 999 }), 'EINVAL', 'ENODEV');
    refuses(() => kernel.link.set('host', first, { master: second }), 'ELOOP');
    refuses(() => kernel.link.set('host', 1, { master: first }), 'EINVAL');
  },

  'a bridge has its lowest port\'s mac until somebody sets one'(kernel) {
    const bridge = makeBridge(kernel);
    const { veth1 } = makeVeth(kernel);
    kernel.link.set('host', veth1, { mac: '02:00:00:00:00:11' });
    kernel.link.set('host', veth1, { master: bridge });
    assert.is(linkNamed(kernel, 'host', 'cni0').mac, '02:00:00:00:00:11');
    const second = kernel.link.create('host', { kind: 'veth', name: 'v2', mac: '02:00:00:00:00:01', peer: { ns: 'container', name: 'eth1' } });
    kernel.link.set('host', second, { master: bridge });
    assert.is(linkNamed(kernel, 'host', 'cni0').mac, '02:00:00:00:00:01');
    kernel.link.delete('host', second);
    assert.is(linkNamed(kernel, 'host', 'cni0').mac, '02:00:00:00:00:11');
    kernel.link.set('host', bridge, { mac: '02:00:00:00:00:77' });
    kernel.link.set('host', veth1, { mac: '02:00:00:00:00:12' });
    assert.is(linkNamed(kernel, 'host', 'cni0').mac, '02:00:00:00:00:77');
  },

  'a bridge made with a mac keeps it'(kernel) {
    const bridge = kernel.link.create('host', { kind: 'bridge', name: 'cni0', mac: '02:00:00:00:00:77' });
    const { veth1 } = makeVeth(kernel);
    kernel.link.set('host', veth1, { master: bridge });
    assert.is(linkNamed(kernel, 'host', 'cni0').mac, '02:00:00:00:00:77');
  },

  'a bridge has its ports\' smallest mtu until somebody sets one'(kernel) {
    const bridge = makeBridge(kernel);
    const { veth1 } = makeVeth(kernel);
    kernel.link.set('host', veth1, { mtu: 1400 });
    kernel.link.set('host', veth1, { master: bridge });
    assert.is(linkNamed(kernel, 'host', 'cni0').mtu, 1400);
    kernel.link.set('host', veth1, { mtu: 1300 });
    assert.is(linkNamed(kernel, 'host', 'cni0').mtu, 1300);
    kernel.link.set('host', bridge, { mtu: 1450 });
    kernel.link.set('host', veth1, { mtu: 1200 });
    assert.is(linkNamed(kernel, 'host', 'cni0').mtu, 1450);
  },

  'a refused master leaves the old one all the same'(kernel) {
    const { veth1 } = upVeth(kernel);
    kernel.link.set('host', veth1, { master: makeBridge(kernel) });
    refuses(() => kernel.link.set('host', veth1, { master: 1 }), 'EOPNOTSUPP');
    assert.is(linkNamed(kernel, 'host', 'veth1').master, undefined);
  },
};
