// Contract: routes, and what a gateway and a link must be for them.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import type { Kernel, NewRoute } from '../../../host/kernel/kernel.ts';
import { makeVeth, refuses, routesOf, upVeth, type Cases } from '../case.ts';

function container(kernel: Kernel): number {
  const { eth0 } = upVeth(kernel);
  kernel.addr.add('container', eth0, '10.1.0.5/24');
  kernel.addr.add('container', eth0, '2001:db8::5/64');
  return eth0;
}
const added = (kernel: Kernel): NewRoute[] => routesOf(kernel, 'container').filter(({ protocol }) => protocol !== 2);

export const routeCases: Cases = {
  'a route by gateway finds its interface'(kernel) {
    const eth0 = container(kernel);
    kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1' });
    kernel.route.add('container', { dst: '::/0', gw: '2001:db8::1' });
    assert.equal(added(kernel), [
      { dst: '0.0.0.0/0', gw: '10.1.0.1', index: eth0, table: 254, metric: 0, scope: 0, protocol: 3 },
      { dst: '::/0', gw: '2001:db8::1', index: eth0, table: 254, metric: 1024, scope: 0, protocol: 3 },
    ]);
  },

  'every attribute of a route comes back'(kernel) {
    const eth0 = container(kernel);
    const v4 = { dst: '192.0.2.0/24', gw: '10.1.0.1', src: '10.1.0.5', index: eth0, table: 1000, metric: 7, scope: 0, protocol: 4, mtu: 1400, advmss: 1360 };
    const v6 = { dst: '2001:db8:1::/64', gw: '2001:db8::1', index: eth0, table: 1000, metric: 7, scope: 0, protocol: 4, mtu: 1400, advmss: 1360 };
    kernel.route.add('container', v4);
    kernel.route.add('container', v6);
    assert.equal(added(kernel), [v4, v6]);
  },

  'the route to an address is the one with the longest prefix, of several such the one with the lowest metric'(kernel) {
    const eth0 = container(kernel);
    const to = (address: string): unknown => {
      const { dst, gw, index } = kernel.route.to('container', address) ?? {};
      return [dst, gw, index];
    };
    assert.equal(['192.0.2.5', '2001:db8:1::5'].map((address) => kernel.route.to('container', address)), [undefined, undefined]);
    kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1' });
    kernel.route.add('container', { dst: '192.0.2.0/24', gw: '10.1.0.2', metric: 7 });
    kernel.route.add('container', { dst: '192.0.2.0/24', gw: '10.1.0.3', metric: 5 });
    kernel.route.add('container', { dst: '192.0.2.0/28', gw: '10.1.0.4', table: 1000 });
    kernel.route.add('container', { dst: '2001:db8:1::/64', gw: '2001:db8::1' });
    assert.equal(to('192.0.2.5'), ['192.0.2.0/24', '10.1.0.3', eth0]);
    assert.equal(to('198.51.100.5'), ['0.0.0.0/0', '10.1.0.1', eth0]);
    assert.equal(to('10.1.0.9'), ['10.1.0.0/24', undefined, eth0]);
    assert.equal(to('2001:db8:1::5'), ['2001:db8:1::/64', '2001:db8::1', eth0]);
  },

  'to an address of its own a namespace takes no such route'(kernel) {
    container(kernel);
    kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1' });
    // One of IPv6 has its own route only when duplicate address detection is over.
    assert.is(kernel.route.to('container', '10.1.0.5'), undefined);
  },

  'a route without gateway is to the link itself'(kernel) {
    const eth0 = container(kernel);
    kernel.route.add('container', { dst: '192.0.2.1/32', index: eth0, scope: 253 });
    kernel.route.add('container', { dst: '2001:db8:1::/64', index: eth0 });
    assert.equal(added(kernel).map(({ dst, gw, scope }) => [dst, gw, scope]), [['192.0.2.1/32', undefined, 253], ['2001:db8:1::/64', undefined, 0]]);
  },

  'a gateway may be behind a link route that was added, but not behind another gateway'(kernel) {
    const eth0 = container(kernel);
    kernel.route.add('container', { dst: '192.0.2.1/32', index: eth0, scope: 253 });
    kernel.route.add('container', { dst: '198.51.100.0/24', gw: '192.0.2.1' });
    refuses(() => kernel.route.add('container', { dst: '203.0.113.0/24', gw: '198.51.100.1' }), 'ENETUNREACH');
    kernel.route.add('container', { dst: '::/0', gw: '2001:db8::1' });
    refuses(() => kernel.route.add('container', { dst: '2001:db8:2::/64', gw: '2001:db8:9::1' }), 'EHOSTUNREACH');
  },

  'a link route of universe scope leads to no gateway'(kernel) {
    const eth0 = container(kernel);
    kernel.route.add('container', { dst: '192.0.2.0/24', index: eth0, scope: 0 });
    refuses(() => kernel.route.add('container', { dst: '198.51.100.0/24', gw: '192.0.2.1' }), 'ENETUNREACH');
  },

  'a gateway nobody can reach is ENETUNREACH, for IPv6 EHOSTUNREACH'(kernel) {
    const eth0 = container(kernel);
    refuses(() => kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.99.0.1' }), 'ENETUNREACH');
    refuses(() => kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.99.0.1', index: eth0 }), 'ENETUNREACH');
    refuses(() => kernel.route.add('container', { dst: '::/0', gw: '2001:db9::1' }), 'EHOSTUNREACH');
    refuses(() => kernel.route.add('container', { dst: '::/0', gw: '2001:db9::1', index: eth0 }), 'EHOSTUNREACH');
  },

  'a gateway may be a neighbour\'s link-local address'(kernel) {
    const eth0 = container(kernel);
    kernel.route.add('container', { dst: '::/0', gw: 'fe80::1', index: eth0 });
    assert.is(added(kernel)[0]!.gw, 'fe80::1');
  },

  'an own IPv6 address is no gateway (EINVAL)'(kernel) {
    container(kernel);
    refuses(() => kernel.route.add('container', { dst: '::/0', gw: '2001:db8::5' }), 'EINVAL');
  },

  'a gateway route of link scope is ENETUNREACH'(kernel) {
    container(kernel);
    refuses(() => kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1', scope: 253 }), 'ENETUNREACH');
  },

  'a link that is down has no routes (ENETDOWN), one that is not there neither (ENODEV)'(kernel) {
    const { eth0 } = makeVeth(kernel);
    for (const dst of ['192.0.2.0/24', '2001:db8:1::/64']) {
      refuses(() => kernel.route.add('container', { dst, index: eth0 }), 'ENETDOWN');
      refuses(() => kernel.route.add('container', { dst, index: 999 }), 'ENODEV');
      refuses(() => kernel.route.add('container', { dst }), 'ENODEV', 'EINVAL');
    }
  },

  'an IPv4 destination with host bits is EINVAL, of an IPv6 one they are cleared'(kernel) {
    const eth0 = container(kernel);
    refuses(() => kernel.route.add('container', { dst: '192.0.2.1/24', index: eth0 }), 'EINVAL');
    refuses(() => kernel.route.add('container', { dst: '192.0.2.1/0', index: eth0 }), 'EINVAL');
    kernel.route.add('container', { dst: '2001:db8:1::1/64', index: eth0 });
    assert.ok(routesOf(kernel, 'container').some(({ dst }) => dst === '2001:db8:1::/64'));
  },

  'a source that is nobody\'s address is EINVAL'(kernel) {
    container(kernel);
    refuses(() => kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1', src: '10.1.0.77' }), 'EINVAL');
    refuses(() => kernel.route.add('container', { dst: '::/0', gw: '2001:db8::1', src: '2001:db8::77' }), 'EINVAL');
  },

  'the very same route twice is EEXIST'(kernel) {
    container(kernel);
    for (const route of [{ dst: '0.0.0.0/0', gw: '10.1.0.1' }, { dst: '::/0', gw: '2001:db8::1' }]) {
      kernel.route.add('container', route);
      refuses(() => kernel.route.add('container', route), 'EEXIST');
    }
  },

  'another gateway to the same destination is a further route, before the first'(kernel) {
    container(kernel);
    kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1' });
    kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.2' });
    kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.3', metric: 9 });
    assert.equal(added(kernel).map(({ gw }) => gw), ['10.1.0.2', '10.1.0.1', '10.1.0.3']);
  },

  'another IPv6 gateway to the same destination is listed too'(kernel) {
    container(kernel);
    kernel.route.add('container', { dst: '::/0', gw: '2001:db8::1' });
    kernel.route.add('container', { dst: '::/0', gw: '2001:db8::2' });
    assert.equal(added(kernel).map(({ gw }) => gw).sort(), ['2001:db8::1', '2001:db8::2']);
    kernel.route.delete('container', { dst: '::/0', gw: '2001:db8::2' });
    assert.equal(added(kernel).map(({ gw }) => gw), ['2001:db8::1']);
  },

  'a route is deleted by what is said of it'(kernel) {
    const eth0 = container(kernel);
    kernel.route.add('container', { dst: '192.0.2.0/24', gw: '10.1.0.1' });
    kernel.route.add('container', { dst: '192.0.2.0/24', gw: '10.1.0.2', metric: 5 });
    kernel.route.add('container', { dst: '198.51.100.1/32', index: eth0, scope: 253 });
    kernel.route.delete('container', { dst: '192.0.2.0/24', metric: 5 });
    assert.equal(added(kernel).map(({ dst, gw }) => [dst, gw]), [['192.0.2.0/24', '10.1.0.1'], ['198.51.100.1/32', undefined]]);
    kernel.route.delete('container', { dst: '192.0.2.0/24', gw: '10.1.0.1', index: eth0 });
    kernel.route.delete('container', { dst: '198.51.100.1/32' });
    assert.equal(added(kernel), []);
  },

  'a route as listed can be deleted and added again'(kernel) {
    const eth0 = container(kernel);
    kernel.route.add('container', { dst: '192.0.2.0/24', gw: '10.1.0.1', src: '10.1.0.5', metric: 3, table: 100 });
    kernel.route.add('container', { dst: '198.51.100.1/32', index: eth0, scope: 253 });
    kernel.route.add('container', { dst: '2001:db8:1::/64', gw: '2001:db8::1', metric: 3 });
    const before = added(kernel);
    for (const route of before) kernel.route.delete('container', route);
    assert.equal(added(kernel), []);
    for (const route of before) kernel.route.add('container', route);
    assert.equal(added(kernel), before);
  },

  'a route that is not there is ESRCH'(kernel) {
    const eth0 = container(kernel);
    kernel.route.add('container', { dst: '192.0.2.0/24', gw: '10.1.0.1' });
    refuses(() => kernel.route.delete('container', { dst: '198.51.100.0/24' }), 'ESRCH');
    refuses(() => kernel.route.delete('container', { dst: '192.0.2.0/24', gw: '10.1.0.2' }), 'ESRCH');
    refuses(() => kernel.route.delete('container', { dst: '192.0.2.0/24', table: 100 }), 'ESRCH');
    refuses(() => kernel.route.delete('container', { dst: '2001:db8:1::/64', index: eth0 }), 'ESRCH');
  },

  'routes of both families and all tables but local are listed, IPv4 first'(kernel) {
    const eth0 = container(kernel);
    kernel.route.add('container', { dst: '192.0.2.0/24', index: eth0, table: 100 });
    kernel.route.add('container', { dst: '2001:db8:1::/64', index: eth0, table: 100 });
    assert.equal(routesOf(kernel, 'container').map(({ dst, table }) => [dst, table]).sort(), [
      ['10.1.0.0/24', 254], ['192.0.2.0/24', 100], ['2001:db8:1::/64', 100], ['2001:db8::/64', 254],
    ]);
    assert.equal(kernel.route.list('container').findLastIndex(({ dst }) => !dst.includes(':')), 1);
    assert.equal(kernel.route.list('host').filter(({ dst }) => !dst.startsWith('fe80')), []);
  },
};
