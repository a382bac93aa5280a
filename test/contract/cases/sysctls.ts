// Contract: sysctls below net, and connections that are not there.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { makeBridge, makeVeth, refuses, type Cases } from '../case.ts';

export const sysctlCases: Cases = {
  'a sysctl is read and written, in each namespace for itself'(kernel) {
    assert.is(kernel.sysctl.get('host', 'net/ipv4/ip_forward'), '0');
    kernel.sysctl.set('host', 'net/ipv4/ip_forward', '1');
    assert.is(kernel.sysctl.get('host', 'net/ipv4/ip_forward'), '1');
    assert.is(kernel.sysctl.get('container', 'net/ipv4/ip_forward'), '0');
  },

  'what does not exist is undefined to read and ENOENT to write'(kernel) {
    for (const key of ['net/ipv4/none', 'net/ipv4/conf/none/forwarding', 'net/ipv4/conf/lo/none']) {
      assert.is(kernel.sysctl.get('container', key), undefined);
      refuses(() => kernel.sysctl.set('container', key, '1'), 'ENOENT');
    }
  },

  'a sysctl that can only be written says so when it is read'(kernel) {
    const key = 'net/ipv4/route/flush';
    refuses(() => kernel.sysctl.get('container', key), 'EACCES');
    kernel.sysctl.set('container', key, '1');
  },

  'what is no number is EINVAL'(kernel) {
    refuses(() => kernel.sysctl.set('host', 'net/ipv4/conf/lo/route_localnet', 'yes'), 'EINVAL');
    assert.is(kernel.sysctl.get('host', 'net/ipv4/conf/lo/route_localnet'), '0');
  },

  'a link brings its sysctls and takes them away'(kernel) {
    const key = 'net/ipv6/conf/cni0/accept_ra';
    assert.is(kernel.sysctl.get('host', key), undefined);
    const bridge = makeBridge(kernel);
    assert.is(kernel.sysctl.get('host', key), '1');
    kernel.sysctl.set('host', key, '0');
    kernel.link.delete('host', bridge);
    assert.is(kernel.sysctl.get('host', key), undefined);
    makeBridge(kernel);
    assert.is(kernel.sysctl.get('host', key), '1');
  },

  'a link has the reference plugins\' sysctls'(kernel) {
    makeVeth(kernel);
    const values = { ipv4: { arp_notify: '0', route_localnet: '0', proxy_arp: '0' }, ipv6: { disable_ipv6: '0', keep_addr_on_down: '0', accept_dad: '1', enhanced_dad: '1', accept_ra: '1', ndisc_notify: '0' } };
    for (const [family, keys] of Object.entries(values)) {
      for (const [name, value] of Object.entries(keys)) assert.is(kernel.sysctl.get('container', `net/${family}/conf/eth0/${name}`), value, name);
    }
  },

  'a renamed link keeps its values under its new name'(kernel) {
    const bridge = makeBridge(kernel);
    kernel.sysctl.set('host', 'net/ipv4/conf/cni0/route_localnet', '1');
    kernel.link.set('host', bridge, { name: 'cni1' });
    assert.is(kernel.sysctl.get('host', 'net/ipv4/conf/cni1/route_localnet'), '1');
    assert.is(kernel.sysctl.get('host', 'net/ipv4/conf/cni0/route_localnet'), undefined);
  },

  'names of links with dots are no matter in slash form'(kernel) {
    makeBridge(kernel, 'cni.7');
    kernel.sysctl.set('host', 'net/ipv4/conf/cni.7/route_localnet', '1');
    assert.is(kernel.sysctl.get('host', 'net/ipv4/conf/cni.7/route_localnet'), '1');
  },

  'a new link starts with the default\'s values'(kernel) {
    kernel.sysctl.set('host', 'net/ipv4/conf/default/route_localnet', '1');
    makeBridge(kernel);
    assert.is(kernel.sysctl.get('host', 'net/ipv4/conf/cni0/route_localnet'), '1');
    assert.is(kernel.sysctl.get('host', 'net/ipv4/conf/lo/route_localnet'), '0');
  },

  'forwarding reaches all links and the default'(kernel) {
    makeBridge(kernel, 'cni0');
    kernel.sysctl.set('host', 'net/ipv4/ip_forward', '1');
    kernel.sysctl.set('host', 'net/ipv6/conf/all/forwarding', '1');
    makeBridge(kernel, 'cni1');
    for (const link of ['all', 'default', 'lo', 'cni0', 'cni1']) {
      assert.is(kernel.sysctl.get('host', `net/ipv4/conf/${link}/forwarding`), '1', link);
      assert.is(kernel.sysctl.get('host', `net/ipv6/conf/${link}/forwarding`), '1', link);
    }
    kernel.sysctl.set('host', 'net/ipv4/conf/all/forwarding', '0');
    assert.is(kernel.sysctl.get('host', 'net/ipv4/ip_forward'), '0');
  },

  'whether they can be written is said without writing'(kernel) {
    for (const ns of ['host', 'container'] as const) assert.is(kernel.sysctl.unwritable(ns), undefined);
    assert.is(kernel.sysctl.get('host', 'net/ipv4/ip_forward'), '0');
  },

  'other values of "all" stay there'(kernel) {
    makeBridge(kernel);
    kernel.sysctl.set('host', 'net/ipv4/conf/all/route_localnet', '1');
    assert.is(kernel.sysctl.get('host', 'net/ipv4/conf/cni0/route_localnet'), '0');
  },

  'no connection, none deleted'(kernel) {
    for (const family of ['ip', 'ip6'] as const) {
      assert.not(kernel.conntrack.delete('host', { family, proto: 'udp', dports: [53] }));
    }
    assert.is(kernel.conntrack.delete('host', { family: 'ip', proto: 'tcp', dports: [80], daddr: '192.0.2.1' }), 0);
  },
};
