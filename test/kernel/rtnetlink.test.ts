// Links, addresses, routes, rules and neighbours: what we make, `ip` shows; what `ip` makes, we read.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { Kernel, Ns } from '../../host/kernel/kernel.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { liveKernel } from '../../host/kernel/live/live-kernel.ts';
import { eventually } from '../contract/case.ts';
import { addNetns, deleteNetns, inNetns, sh } from '../support/node.ts';

const libc = openLibc();

interface Pair { kernel: Kernel; eth0: number; host0: number; ip(...args: string[]): string; json(...args: string[]): Facts[] }
interface Facts { [key: string]: unknown; linkinfo?: Facts; info_slave_data?: Facts; addr_info?: Facts[] }

/** A pair over two namespaces that is gone afterwards. */
function withPair(name: string, use: (pair: Pair) => void): void {
  test(name, () => {
    const kernel = liveKernel(libc, addNetns('c1'));
    try {
      const eth0 = kernel.link.create('container', { kind: 'veth', name: 'eth0', mtu: 1400, mac: '02:00:00:00:00:05', peer: { ns: 'host', name: 'host0', mtu: 1400, txqlen: 0 } });
      const host0 = kernel.link.get('host', { name: 'host0' })!.index;
      kernel.link.set('host', host0, { up: true });
      kernel.link.set('container', eth0, { up: true });
      eventually(() => ['host', 'container'].every((ns) => kernel.link.list(ns as Ns).every(({ name, state }) => name === 'lo' || state === 'up')), 'the pair is not up');
      const ip = (...args: string[]): string => inNetns('c1', 'ip', ...args);
      use({ kernel, eth0, host0, ip, json: (...args) => JSON.parse(ip('-d', '-j', ...args)) as Facts[] });
    } finally {
      kernel.link.list('host').filter(({ kind }) => kind !== '').forEach(({ index }) => ignoring(() => kernel.link.delete('host', index)));
      kernel.close();
      deleteNetns('c1');
    }
  });
}

const ignoring = (act: () => void): void => { try { act(); } catch { /* gone with its peer */ } };
const hostLink = (name: string): Facts => (JSON.parse(sh('ip', '-d', '-j', 'link', 'show', name)) as Facts[])[0]!;
const pick = (facts: Facts | undefined, ...keys: string[]): Facts => Object.fromEntries(keys.filter((key) => facts?.[key] !== undefined).map((key) => [key, facts![key]]));

function refuses(errno: string, words: RegExp, act: () => unknown): void {
  assert.throws(act, (error: unknown) => error instanceof KernelError && error.errno === errno && words.test(error.message), `expected ${errno} ${words}`);
}

withPair('a veth pair stands in both namespaces at once', ({ kernel, eth0, host0, json }) => {
  assert.equal(pick(json('link', 'show', 'eth0')[0], 'ifindex', 'link_index', 'mtu', 'address', 'txqlen'),
    { ifindex: eth0, link_index: host0, mtu: 1400, address: '02:00:00:00:00:05', txqlen: 1000 });
  const host = hostLink('host0');
  assert.equal(pick(host, 'ifindex', 'link_index', 'mtu'), { ifindex: host0, link_index: eth0, mtu: 1400 });
  assert.equal(kernel.link.get('host', { index: host0 }), {
    index: host0, name: 'host0', kind: 'veth', mtu: 1400, mac: host['address'], up: true, state: 'up', promisc: false, allmulti: false, txqlen: 0, group: 0, peer: eth0, peerNs: 'container',
  });
});

withPair('a bridge and its port', ({ kernel, host0 }) => {
  const br0 = kernel.link.create('host', { kind: 'bridge', name: 'br0', mac: '02:00:00:00:00:01', up: true });
  kernel.link.set('host', host0, { master: br0, hairpin: true, isolated: true, promisc: true, allmulti: true, alias: 'of c1', group: 7, txqlen: 9 });
  const shown = hostLink('host0');
  assert.equal(pick(shown, 'master', 'ifalias', 'group', 'txqlen'), { master: 'br0', ifalias: 'of c1', group: '7', txqlen: 9 });
  assert.equal(pick(shown.linkinfo?.info_slave_data, 'hairpin', 'isolated'), { hairpin: true, isolated: true });
  assert.ok(['PROMISC', 'ALLMULTI'].every((flag) => (shown['flags'] as string[]).includes(flag)));
  const read = kernel.link.get('host', { name: 'host0' })!;
  assert.equal(pick({ ...read }, 'master', 'alias', 'group', 'txqlen', 'promisc', 'allmulti', 'port'),
    { master: br0, alias: 'of c1', group: 7, txqlen: 9, promisc: true, allmulti: true, port: { hairpin: true, isolated: true } });
  kernel.link.set('host', host0, { master: null, promisc: false, alias: '' });
  assert.equal(pick({ ...kernel.link.get('host', { name: 'host0' }) }, 'master', 'alias', 'promisc', 'port'), { promisc: false });
  assert.is(kernel.link.get('host', { index: br0 })!.vlanFiltering, false);
  refuses('EOPNOTSUPP', /change interface/, () => kernel.link.set('host', host0, { hairpin: true }));
});

withPair('names that are taken, unknown or impossible', ({ kernel, eth0 }) => {
  const again = (name: string, peer: string) => () => kernel.link.create('container', { kind: 'veth', name, peer: { ns: 'host', name: peer } });
  refuses('EEXIST', /create veth "eth0"/, again('eth0', 'host1'));
  refuses('EEXIST', /create veth "eth1"/, again('eth1', 'host0'));
  refuses('ERANGE', /Attribute failed policy validation/, again('a-name-of-sixteen', 'host1'));
  assert.is(kernel.link.get('host', { name: 'nothing' }), undefined);
  assert.is(kernel.link.get('host', { name: 'a-name-of-sixteen' }), undefined);
  assert.is(kernel.link.get('host', { index: 4711 }), undefined);
  refuses('ENODEV', /delete interface 4711/, () => kernel.link.delete('host', 4711));
  refuses('EOPNOTSUPP', /delete interface 1/, () => kernel.link.delete('host', 1));
  assert.equal(kernel.link.list('container').map(({ name, kind }) => [name, kind]), [['lo', ''], ['eth0', 'veth']]);
  kernel.link.delete('container', eth0);
  assert.is(kernel.link.get('host', { name: 'host0' }), undefined);
});

withPair('addresses of both families', ({ kernel, eth0, json }) => {
  for (const address of ['10.1.0.5/24', '10.9.0.4/31', '10.9.1.1/32', '2001:db8:0:0::5/64']) kernel.addr.add('container', eth0, address);
  const shown = json('addr', 'show', 'dev', 'eth0')[0]!.addr_info!.map((facts) => pick(facts, 'local', 'prefixlen', 'broadcast', 'scope'));
  assert.equal(shown.filter(({ scope }) => scope !== 'link'), [
    { local: '10.1.0.5', prefixlen: 24, broadcast: '10.1.0.255', scope: 'global' },
    { local: '10.9.0.4', prefixlen: 31, scope: 'global' },
    { local: '10.9.1.1', prefixlen: 32, scope: 'global' },
    { local: '2001:db8::5', prefixlen: 64, scope: 'global' },
  ]);
  const read = kernel.addr.list('container', eth0).filter(({ scope }) => scope === 0);
  assert.equal(read.map(({ address, tentative }) => [address, tentative]), [['10.1.0.5/24', false], ['10.9.0.4/31', false], ['10.9.1.1/32', false], ['2001:db8::5/64', true]]);
  assert.equal(kernel.addr.list('container', 4711), []);
  assert.ok(kernel.addr.list('container').length >= 4);
  refuses('EEXIST', /Address already assigned|add address 10\.1\.0\.5\/24/, () => kernel.addr.add('container', eth0, '10.1.0.5/24'));
  refuses('EEXIST', /2001:db8::5/, () => kernel.addr.add('container', eth0, '2001:db8::5/64'));
  refuses('EADDRNOTAVAIL', /10\.1\.0\.6/, () => kernel.addr.delete('container', eth0, '10.1.0.6/24'));
  refuses('ENODEV', /interface 4711/, () => kernel.addr.add('container', 4711, '10.1.0.6/24'));
  kernel.addr.delete('container', eth0, '10.1.0.5/24');
  assert.not.match(inNetns('c1', 'ip', 'addr'), /10\.1\.0\.5/);
});

withPair('routes with everything they can have', ({ kernel, eth0, ip }) => {
  kernel.addr.add('container', eth0, '10.1.0.5/24');
  kernel.addr.add('container', eth0, '2001:db8::5/64');
  const add = (route: Parameters<Kernel['route']['add']>[1]): void => kernel.route.add('container', route);
  add({ dst: '0.0.0.0/0', gw: '10.1.0.1' });
  add({ dst: '192.0.2.0/24', index: eth0, scope: 253, src: '10.1.0.5', metric: 7, table: 1000, mtu: 1300, advmss: 1200, protocol: 4 });
  add({ dst: '::/0', gw: '2001:db8::1', index: eth0, metric: 50 });
  add({ dst: '::/0', gw: '2001:db8::2', index: eth0, metric: 50 });
  assert.is(ip('route', 'show', 'default').trim(), 'default via 10.1.0.1 dev eth0');
  assert.is(ip('route', 'show', 'table', '1000').trim(), '192.0.2.0/24 dev eth0 proto static scope link src 10.1.0.5 metric 7 mtu 1300 advmss 1200');
  assert.match(ip('-6', 'route', 'show', 'default'), /metric 50.*\s+nexthop via 2001:db8::1 dev eth0.*\s+nexthop via 2001:db8::2 dev eth0/);
  const read = kernel.route.list('container');
  assert.equal(read.filter(({ table, dst }) => table === 1000 || dst.endsWith('/0')), [
    { dst: '192.0.2.0/24', table: 1000, metric: 7, scope: 253, protocol: 4, src: '10.1.0.5', index: eth0, mtu: 1300, advmss: 1200 },
    { dst: '0.0.0.0/0', table: 254, metric: 0, scope: 0, protocol: 3, gw: '10.1.0.1', index: eth0 },
    ...['2001:db8::1', '2001:db8::2'].map((gw) => ({ dst: '::/0', table: 254, metric: 50, scope: 0, protocol: 3, gw, index: eth0 })),
  ]);
  assert.not.ok(read.some(({ table }) => table === 255));
  refuses('EEXIST', /add route 0\.0\.0\.0\/0 via 10\.1\.0\.1/, () => add({ dst: '0.0.0.0/0', gw: '10.1.0.1' }));
  refuses('ENETUNREACH', /Nexthop has invalid gateway/, () => add({ dst: '198.51.100.0/24', gw: '203.0.113.1' }));
  refuses('EINVAL', /same IP family/, () => add({ dst: '198.51.100.0/24', gw: '2001:db8::1' }));
  // What is left out means any.
  kernel.route.delete('container', { dst: '192.0.2.0/24', table: 1000 });
  kernel.route.delete('container', { dst: '::/0', gw: '2001:db8::2' });
  kernel.route.delete('container', { dst: '0.0.0.0/0' });
  assert.equal(kernel.route.list('container').filter(({ table, dst }) => table === 1000 || dst.endsWith('/0')).map(({ gw }) => gw), ['2001:db8::1']);
  refuses('ESRCH', /delete route/, () => kernel.route.delete('container', { dst: '0.0.0.0/0' }));
});

withPair('where a route forbids to go none leads', ({ kernel, ip }) => {
  for (const type of ['unreachable', 'prohibit', 'blackhole', 'throw']) {
    ip('route', 'replace', type, '198.51.100.0/24');
    ip('-6', 'route', 'add', type, '2001:db8:1::/48');
    for (const address of ['198.51.100.5', '2001:db8:1::5']) assert.is(kernel.route.to('container', address), undefined, `${type} ${address}`);
    ip('-6', 'route', 'delete', type, '2001:db8:1::/48');
  }
});

withPair('a policy rule is deleted only when it is exactly that', ({ kernel, ip }) => {
  const ns: Ns = 'container';
  kernel.policyRule.add(ns, { family: 'ip', table: 1000, from: '10.1.0.5/32', priority: 90 });
  kernel.policyRule.add(ns, { family: 'ip6', table: 100, to: '2001:db8:1::/48', priority: 91 });
  ip('rule', 'add', 'fwmark', '0x7', 'lookup', '1000', 'priority', '92');
  assert.match(ip('rule'), /90:\s+from 10\.1\.0\.5 lookup 1000/);
  assert.match(ip('-6', 'rule'), /91:\s+from all to 2001:db8:1::\/48 lookup 100/);
  assert.equal(kernel.policyRule.list(ns, 'ip').slice(0, 2), [{ family: 'ip', priority: 0, table: 255 }, { family: 'ip', priority: 90, table: 1000, from: '10.1.0.5/32' }]);
  refuses('ENOENT', /from all to all lookup 1000/, () => kernel.policyRule.delete(ns, { family: 'ip', table: 1000 }));
  refuses('EEXIST', /add policy rule/, () => kernel.policyRule.add(ns, { family: 'ip', table: 1000, from: '10.1.0.5/32', priority: 90 }));
  refuses('EINVAL', /family ip6/, () => kernel.policyRule.add(ns, { family: 'ip6', table: 1000, from: '10.1.0.5/32' }));
  kernel.policyRule.delete(ns, { family: 'ip', table: 1000, from: '10.1.0.5/32' });
  assert.not.match(ip('rule'), /from 10\.1\.0\.5/);
  assert.match(ip('rule'), /92:\s+from all fwmark 0x7 lookup 1000/);
});

withPair('permanent neighbours', ({ kernel, eth0, ip }) => {
  kernel.neigh.add('container', eth0, '10.1.0.9', '02:00:00:00:00:09');
  kernel.neigh.add('container', eth0, '2001:db8::9', '02:00:00:00:00:0a');
  assert.match(ip('neigh', 'show', 'dev', 'eth0'), /10\.1\.0\.9 lladdr 02:00:00:00:00:09 PERMANENT/);
  assert.equal(kernel.neigh.list('container', eth0).filter(({ state }) => state === 0x80),
    [{ index: eth0, ip: '10.1.0.9', state: 0x80, mac: '02:00:00:00:00:09' }, { index: eth0, ip: '2001:db8::9', state: 0x80, mac: '02:00:00:00:00:0a' }]);
  refuses('EEXIST', /10\.1\.0\.9/, () => kernel.neigh.add('container', eth0, '10.1.0.9', '02:00:00:00:00:0b'));
  kernel.neigh.delete('container', eth0, '10.1.0.9');
  refuses('ENOENT', /10\.1\.0\.9/, () => kernel.neigh.delete('container', eth0, '10.1.0.9'));
});

test.run();
