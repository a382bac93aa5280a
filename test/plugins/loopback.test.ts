// The loopback plugin against a scripted host.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlugin, refuse, type Answers } from '../support/guest-host.ts';

const loopback = loadPlugin('loopback');
const config = { cniVersion: '1.0.0', name: 'blue', type: 'loopback' };
const LO = { link: 1, name: 'lo', kind: '', mtu: 65536, mac: '00:00:00:00:00:00', up: true, state: 'unknown', promisc: false, index: 1, owner: 'network' };
const addrs = (...addresses: string[]): object => ({ addrs: addresses.map((address) => ({ address, scope: 254, tentative: false, dadFailed: false })) });
const node: Answers = { 'link.get': LO, 'link.set': {}, 'addr.list': addrs('127.0.0.1/8', '127.0.0.2/8', '::1/128') };

test('sets lo up and answers with the first address of each family', () => {
  const { asked, result } = loopback({ verb: 'ADD', config }, node);
  assert.equal(asked.slice(0, 2), [{ op: 'link.get', request: { name: 'lo' } }, { op: 'link.set', request: { link: 1, up: true } }]);
  assert.equal(result, {
    cniVersion: '1.0.0',
    interfaces: [{ name: 'lo', mac: '00:00:00:00:00:00', sandbox: 'container' }],
    ips: [{ address: '127.0.0.1/8', interface: 0 }, { address: '::1/128', interface: 0 }],
  });
});

test('hands on what the plugins before it answered', () => {
  const prevResult = {
    interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', mtu: 1400, sandbox: 'container', pciID: '0000:00:1f.6' }],
    ips: [{ address: '192.0.2.2/24', gateway: '192.0.2.1', interface: 0 }],
    routes: [{ dst: '0.0.0.0/0', gw: '192.0.2.1', mtu: 1300, advmss: 1200, priority: 7, table: 100, scope: 0 }],
    dns: { nameservers: ['192.0.2.53'], domain: 'example.org', search: ['example.org'], options: ['ndots:2'] },
  };
  assert.equal(loopback({ verb: 'ADD', config: { ...config, prevResult } }, node).result, prevResult);
});

test('refuses an address that is no loopback address', () => {
  const { error } = loopback({ verb: 'ADD', config }, { ...node, 'addr.list': addrs('127.0.0.1/8', '192.0.2.1/32') });
  assert.equal(error, { code: 999, msg: 'loopback interface found with non-loopback address "192.0.2.1"' });
});

test('DEL sets lo down, and is content when there is no namespace', () => {
  assert.equal(loopback({ verb: 'DEL', config }, node).asked.at(-1), { op: 'link.set', request: { link: 1, up: false } });
  assert.equal(loopback({ verb: 'DEL', config, netns: false }).asked, []);
  assert.is(loopback({ verb: 'DEL', config }, { 'link.get': refuse('not-found', 'link "lo" not found') }).error, undefined);
});

test('CHECK fails when lo is down', () => {
  assert.is(loopback({ verb: 'CHECK', config }, node).error, undefined);
  assert.equal(loopback({ verb: 'CHECK', config }, { 'link.get': { ...LO, up: false } }).error, { code: 999, msg: 'loopback interface is down' });
});

test.run();
