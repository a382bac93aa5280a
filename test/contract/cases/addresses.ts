// Contract: addresses, and the routes that come and go with them.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { addressesOf, eventually, makeVeth, refuses, routesOf, texts, upVeth, type Cases } from '../case.ts';

export const addressCases: Cases = {
  'addresses are listed by link, IPv4 first, in canonical text'(kernel) {
    const { eth0, veth1 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '2001:0DB8:0::5/64');
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.addr.add('host', veth1, '10.1.0.1/24');
    assert.equal(texts(addressesOf(kernel, 'container', eth0)), ['10.1.0.5/24', '2001:db8::5/64']);
    assert.equal(addressesOf(kernel, 'container').map(({ index, scope }) => [index, scope]), [[eth0, 0], [eth0, 0]]);
    assert.equal(texts(addressesOf(kernel, 'host')), ['10.1.0.1/24']);
    assert.equal(addressesOf(kernel, 'host', 1), []);
  },

  'the same address twice is EEXIST, even with another IPv6 prefix'(kernel) {
    const { eth0 } = makeVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    refuses(() => kernel.addr.add('container', eth0, '10.1.0.5/24'), 'EEXIST');
    refuses(() => kernel.addr.add('container', eth0, '2001:db8::5/64'), 'EEXIST');
    refuses(() => kernel.addr.add('container', eth0, '2001:db8::5/48'), 'EEXIST');
    kernel.addr.add('container', eth0, '10.1.0.5/16');
    assert.equal(texts(addressesOf(kernel, 'container', eth0)), ['10.1.0.5/24', '10.1.0.5/16', '2001:db8::5/64']);
  },

  'one address may be on two links'(kernel) {
    const { veth1 } = makeVeth(kernel);
    kernel.addr.add('host', veth1, '10.1.0.5/24');
    kernel.addr.add('host', 1, '10.1.0.5/24');
    assert.is(addressesOf(kernel, 'host').length, 2);
  },

  'no link is ENODEV, and no such address EADDRNOTAVAIL'(kernel) {
    const { eth0 } = makeVeth(kernel);
    for (const address of ['10.1.0.5/24', '2001:db8::5/64']) {
      refuses(() => kernel.addr.add('container', 999, address), 'ENODEV');
      refuses(() => kernel.addr.delete('container', 999, address), 'ENODEV');
      refuses(() => kernel.addr.delete('container', eth0, address), 'EADDRNOTAVAIL');
    }
  },

  'an address is deleted by address and prefix'(kernel) {
    const { eth0 } = makeVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    refuses(() => kernel.addr.delete('container', eth0, '10.1.0.5/16'), 'EADDRNOTAVAIL');
    kernel.addr.delete('container', eth0, '10.1.0.5/24');
    kernel.addr.delete('container', eth0, '2001:db8::5/64');
    assert.equal(addressesOf(kernel, 'container'), []);
  },

  'an IPv6 address on a link where IPv6 is disabled is EACCES'(kernel) {
    const { eth0 } = makeVeth(kernel);
    kernel.sysctl.set('container', 'net/ipv6/conf/eth0/disable_ipv6', '1');
    refuses(() => kernel.addr.add('container', eth0, '2001:db8::5/64'), 'EACCES');
    kernel.sysctl.set('container', 'net/ipv6/conf/eth0/disable_ipv6', '0');
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    kernel.sysctl.set('container', 'net/ipv6/conf/eth0/disable_ipv6', '1');
    assert.equal(addressesOf(kernel, 'container'), []);
  },

  'an IPv6 address is tentative while the link has no carrier, and not without DAD'(kernel) {
    const { eth0, veth1 } = makeVeth(kernel);
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    assert.equal(addressesOf(kernel, 'container').map(({ tentative, dadFailed }) => [tentative, dadFailed]), [[true, false]]);
    kernel.sysctl.set('container', 'net/ipv6/conf/eth0/accept_dad', '0');
    kernel.link.set('host', veth1, { up: true });
    kernel.link.set('container', eth0, { up: true });
    kernel.addr.add('container', eth0, '2001:db8::6/64');
    eventually(() => !addressesOf(kernel, 'container').find(({ address }) => address === '2001:db8::6/64')!.tentative, 'the address is still tentative');
  },

  'a link that runs ends duplicate address detection'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.sysctl.set('container', 'net/ipv6/conf/eth0/dad_transmits', '0');
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    eventually(() => addressesOf(kernel, 'container').every(({ tentative }) => !tentative), 'the address is still tentative');
  },

  'an address on a link that is up makes the route to its network'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    assert.equal(routesOf(kernel, 'container'), [
      { dst: '10.1.0.0/24', src: '10.1.0.5', index: eth0, table: 254, metric: 0, scope: 253, protocol: 2 },
      { dst: '2001:db8::/64', index: eth0, table: 254, metric: 256, scope: 0, protocol: 2 },
    ]);
  },

  'an address on a link that is down makes its route when the link goes up'(kernel) {
    const { eth0 } = makeVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    assert.equal(routesOf(kernel, 'container'), []);
    kernel.link.set('container', eth0, { up: true });
    assert.equal(routesOf(kernel, 'container').map(({ dst }) => dst), ['10.1.0.0/24', '2001:db8::/64']);
  },

  'a host address makes no IPv4 route'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/32');
    assert.equal(routesOf(kernel, 'container'), []);
    kernel.addr.add('container', eth0, '2001:db8::5/128');
    assert.equal(routesOf(kernel, 'container').map(({ dst }) => dst), ['2001:db8::5/128']);
  },

  'a deleted address takes its route and those from it with it'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.addr.add('container', eth0, '10.2.0.5/24');
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    kernel.route.add('container', { dst: '192.0.2.0/24', gw: '10.1.0.1', src: '10.2.0.5' });
    kernel.route.add('container', { dst: '198.51.100.0/24', gw: '10.2.0.1' });
    kernel.addr.delete('container', eth0, '10.2.0.5/24');
    kernel.addr.delete('container', eth0, '2001:db8::5/64');
    assert.equal(routesOf(kernel, 'container').map(({ dst }) => dst), ['10.1.0.0/24', '198.51.100.0/24']);
  },

  'a second address of a network needs no second route and goes with the first'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.addr.add('container', eth0, '10.1.0.6/24');
    assert.is(routesOf(kernel, 'container').length, 1);
    kernel.sysctl.set('container', 'net/ipv4/conf/all/promote_secondaries', '0');
    kernel.sysctl.set('container', 'net/ipv4/conf/eth0/promote_secondaries', '0');
    kernel.addr.delete('container', eth0, '10.1.0.5/24');
    assert.equal([addressesOf(kernel, 'container'), routesOf(kernel, 'container')], [[], []]);
  },

  'a second address takes the first one\'s place when the sysctl says so'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.addr.add('container', eth0, '10.1.0.6/24');
    kernel.sysctl.set('container', 'net/ipv4/conf/eth0/promote_secondaries', '1');
    kernel.addr.delete('container', eth0, '10.1.0.5/24');
    assert.equal(texts(addressesOf(kernel, 'container')), ['10.1.0.6/24']);
    assert.equal(routesOf(kernel, 'container').map(({ src }) => src), ['10.1.0.6']);
  },

  'a link without IPv4 addresses has no IPv4 routes'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1' });
    kernel.addr.delete('container', eth0, '10.1.0.5/24');
    assert.equal(routesOf(kernel, 'container'), []);
  },

  'a link that goes down loses routes and IPv6 addresses, and keeps IPv4 addresses'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    kernel.route.add('container', { dst: '0.0.0.0/0', gw: '10.1.0.1' });
    kernel.link.set('container', eth0, { up: false });
    assert.equal(routesOf(kernel, 'container'), []);
    assert.equal(texts(addressesOf(kernel, 'container')), ['10.1.0.5/24']);
    kernel.link.set('container', eth0, { up: true });
    assert.equal(routesOf(kernel, 'container').map(({ dst }) => dst), ['10.1.0.0/24']);
  },

  'keep_addr_on_down keeps IPv6 addresses and brings their routes back'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.sysctl.set('container', 'net/ipv6/conf/eth0/keep_addr_on_down', '1');
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    kernel.link.set('container', eth0, { up: false });
    assert.equal([texts(addressesOf(kernel, 'container')), routesOf(kernel, 'container')], [['2001:db8::5/64'], []]);
    kernel.link.set('container', eth0, { up: true });
    assert.equal(routesOf(kernel, 'container').map(({ dst }) => dst), ['2001:db8::/64']);
  },

  'the routes of a link whose peer is down stay'(kernel) {
    const { eth0, veth1 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '10.1.0.5/24');
    kernel.link.set('host', veth1, { up: false });
    assert.equal(routesOf(kernel, 'container').map(({ dst }) => dst), ['10.1.0.0/24']);
  },
};
