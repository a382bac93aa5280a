// Where we do better on purpose, scenes of whole networks: port mappings of several, rules after a lost namespace, what a result says.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { deleteNetns, has, inNetns, sh, skip } from '../support/node.ts';
import { bridge, differs, list, nat, ok, portmap, ruleset } from './scenes.ts';
import { add, C1, call, fresh } from './switch-node.ts';
import { MISSING } from './switch-table.ts';

if (MISSING.includes('1.9.1')) skip('no reference plugins 1.9.1');
if (!has('conntrack')) skip('no conntrack program');

/** As a client leaves it that keeps sending from one port. */
function flow(): void {
  sh('conntrack', '-I', '-p', 'udp', '-s', '198.51.100.2', '-d', '198.51.100.1', '--sport', '4444', '--dport', '5353', '-t', '600');
}
const flows = (): boolean => sh('conntrack', '-L', '-p', 'udp').includes('dport=5353');

for (const backend of ['iptables', 'nftables']) {
  differs(`8. ${backend}: DEL of port mappings forgets their UDP flows`, (who) => {
    const chain = list(bridge(), portmap({ backend }));
    const result = add(who, chain, C1);
    flow();
    const before = flows();
    const ended = ok(call(who, 'DEL', chain, chain.plugins[1]!, C1, result));
    const after = flows();
    sh('conntrack', '-F');
    return { before, ended, after };
  }, { reference: { before: true, ended: true, after: true }, ours: { before: true, ended: true, after: false } });
}

for (const backend of ['iptables', 'nftables']) {
  const rules = (): boolean => (backend === 'iptables' ? nat().includes('-j CNI-DN-') : ruleset().includes('dnat to'));
  differs(`8. ${backend}: DEL takes the port mappings that our ADD made, also when it is not told any`, (who) => {
    const chain = list(bridge(), portmap({ backend }));
    const result = add(who, chain, C1);
    const ended = ok(call(who, 'DEL', chain, { type: 'portmap', backend }, C1, result));
    return { ended, rules: rules() };
  }, { reference: { ended: true, rules: true }, ours: { ended: true, rules: false } });

  test(`8. ${backend}: port mappings that the reference made are left by a DEL that is not told any, as it leaves them, and taken by one that is`, () => {
    fresh('c1');
    const chain = list(bridge(), portmap({ backend }));
    const result = add('1.9.1', chain, C1);
    const left = (['1.9.1', 'ours'] as const).map((who) => ({ ended: ok(call(who, 'DEL', chain, { type: 'portmap', backend }, C1, result)), rules: rules() }));
    assert.equal(left, [{ ended: true, rules: true }, { ended: true, rules: true }]);
    assert.ok(ok(call('ours', 'DEL', chain, chain.plugins[1]!, C1, result)));
    assert.not(rules());
  });
}

/** With forceAddress the bridge keeps the last gateway: the container's first address. */
const OWN_GATEWAY = { type: 'static', addresses: [{ address: '192.0.2.5/24', gateway: '192.0.2.1' }, { address: '192.0.2.9/24', gateway: '192.0.2.5' }] };

for (const backend of ['iptables', 'nftables']) {
  differs(`8. ${backend}: ports are not mapped to an address that the host has as well`, (who) => {
    const chain = list(bridge({ forceAddress: true, ipam: OWN_GATEWAY }), portmap({ backend }));
    const result = add(who, list(chain.plugins[0]!), C1);
    const { stdout, exitCode } = call(who, 'ADD', chain, chain.plugins[1]!, C1, result);
    return { refused: exitCode !== 0 && stdout.includes('a dnat to 192.0.2.5, which is no address of this attachment'), rules: /192\.0\.2\.5:80\b/.test(ruleset()) };
  }, { reference: { refused: false, rules: true }, ours: { refused: true, rules: false } });
}

test('8. iptables: port mappings that the reference made and no DEL was told are taken by our GC', () => {
  fresh('c1');
  const chain = list(bridge(), portmap({ backend: 'iptables' }));
  add('1.9.1', chain, C1);
  assert.ok(ok(call('ours', 'GC', chain, { type: 'portmap', backend: 'iptables' }, { id: '', netns: '', ifname: '' }, undefined, { 'cni.dev/valid-attachments': [] })));
  assert.not(nat().includes('-j CNI-DN-'));
});

differs('8. nftables: DEL of one network leaves the port mappings that the container has on another', (who) => {
  const [blue, green] = ['192.0.2.2/24', '203.0.113.2/24'].map((address, i) => {
    const chain = { ...list(portmap({ backend: 'nftables' })), name: i === 0 ? 'blue' : 'green' };
    const container = { ...C1, ifname: `eth${i}` };
    const result = { cniVersion: '1.1.0', interfaces: [{ name: container.ifname, sandbox: C1.netns }], ips: [{ address, interface: 0 }] };
    const did = (verb: string): boolean => ok(call(who, verb, chain, chain.plugins[0]!, container, result));
    return { did, has: () => ruleset().includes(`dnat to ${address.replace(/\/.*/, '')}:80`) };
  });
  const added = blue!.did('ADD') && green!.did('ADD') && blue!.has() && green!.has();
  return { added, ended: green!.did('DEL'), green: green!.has(), blue: blue!.has() };
}, { reference: { added: true, ended: true, green: false, blue: false }, ours: { added: true, ended: true, green: false, blue: true } });

differs('8. nftables: the conditions of one network are not those of another', (who) => {
  const of = (name: string, address: string, source: string): void => {
    const chain = { ...list(portmap({ backend: 'nftables', conditionsV4: ['ip', 'saddr', source] })), name };
    call(who, 'ADD', chain, chain.plugins[0]!, C1, { cniVersion: '1.1.0', interfaces: [{ name: 'eth0', sandbox: C1.netns }], ips: [{ address, interface: 0 }] });
  };
  of('blue', '192.0.2.2/24', '198.51.100.7');
  of('green', '203.0.113.2/24', '198.51.100.8');
  return ['198.51.100.7', '198.51.100.8'].map((source) => ruleset().includes(source));
}, { reference: [false, true], ours: [true, true] });

for (const [gone, netns] of [['is empty', ''], ['is gone', C1.netns]] as const) {
  differs(`2. DEL when the namespace ${gone} takes the spoof check away`, (who) => {
    const chain = list(bridge({ macspoofchk: true }));
    const result = add(who, chain, C1);
    const before = ruleset().includes('macspoofchk-c1-eth0');
    deleteNetns('c1');
    const ended = ok(call(who, 'DEL', chain, chain.plugins[0]!, { ...C1, netns }, result));
    return { before, ended, after: ruleset().includes('macspoofchk-c1-eth0') };
  }, { reference: { before: true, ended: true, after: true }, ours: { before: true, ended: true, after: false } });
}

differs('11. the interfaces of a result have an mtu', (who) => {
  const { interfaces } = add(who, list(bridge({ mtu: 1400 })), C1) as { interfaces: { mtu?: number }[] };
  return interfaces.map(({ mtu }) => mtu);
}, { reference: [undefined, undefined, undefined], ours: [1400, 1400, 1400] });

differs('13. how long addresses may take to settle can be said', (who) => {
  const chain = list(bridge({ enabledad: true, dadTimeout: 1, ipam: { type: 'host-local', ranges: [[{ subnet: '2001:db8::/64' }]] } }));
  inNetns('c1', 'sysctl', '-q', 'net.ipv6.conf.default.dad_transmits=30');
  return /still has tentative addresses after (\d+) seconds/.exec(call(who, 'ADD', chain, chain.plugins[0]!, C1).stdout)?.[1];
}, { reference: '5000000000', ours: '1' });

test.run();
