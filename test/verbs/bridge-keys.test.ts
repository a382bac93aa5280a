// Every key of the bridge plugin on the fake kernel, which filters VLANs: what ADD makes DEL and GC take back, an ADD that fails at any
// change leaves the node as it was, and what belongs to the network stays for the others.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { refuseEveryChange } from '../support/every-change.ts';
import { chainOf, fakeNode, type FakeNode } from '../support/fake-host.ts';

const ipam = { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8::/64' }]] };
const base = { type: 'bridge', bridge: 'cni0', isDefaultGateway: true, ipMasq: true, macspoofchk: true, bridgeNfCallIptables: true, hairpinMode: true, ipam };
const CONFIGS: Record<string, Record<string, unknown>> = {
  'a VLAN': { ...base, vlan: 100, ipMasqBackend: 'nftables' },
  'a VLAN, the default kept': { ...base, vlan: 100, preserveDefaultVlan: true, ipMasqBackend: 'iptables' },
  'a trunk': { ...base, vlanTrunk: [{ minID: 5, maxID: 9 }, { id: 20 }], mtu: 1400, portIsolation: true, ipMasqBackend: 'nftables' },
  'layer 2 in a VLAN': { type: 'bridge', vlan: 7, macspoofchk: true },
};
const portLine = (node: FakeNode): string => node.kernel.dump().split('\n').find((line) => / peer container:\d+ master cni0/.test(line)) ?? '';

for (const [what, plugin] of Object.entries(CONFIGS)) {
  const plugins = [plugin];

  test(`${what}: ADD, CHECK, DEL, DEL again, also without namespace and prevResult`, () => {
    const node = fakeNode();
    node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
    const before = node.picture();
    const result = node.add(chainOf('ADD', plugins));
    node.check(chainOf('CHECK', plugins, { prevResult: result }));
    node.del(chainOf('DEL', plugins, { prevResult: result }));
    assert.is(node.picture(), before);
    node.add(chainOf('ADD', plugins));
    node.del(chainOf('DEL', plugins, { netns: '' }));
    node.del(chainOf('DEL', plugins, { netns: '' }));
    assert.is(node.picture(), before);
    node.add(chainOf('ADD', plugins));
    node.gc(chainOf('GC', plugins, { netns: '', frame: { 'cni.dev/valid-attachments': [] } }));
    assert.is(node.picture(), before);
    node.remove();
  });

  test(`${what}: an error of the kernel at any change of ADD is taken back`, () => {
    assert.ok(refuseEveryChange(plugins) > 8);
  });
}

test('the VLANs of the port and of the gateway are what the reference makes', () => {
  const dumps = ['a VLAN', 'a VLAN, the default kept', 'a trunk', 'layer 2 in a VLAN'].map((what) => {
    const node = fakeNode();
    const { interfaces } = node.add(chainOf('ADD', [CONFIGS[what]!])) as { interfaces: { name: string }[] };
    const vlans = / vlans (\S+)/.exec(portLine(node))![1];
    const gateway = node.kernel.link.get('host', { name: 'cni0.100' });
    const port = gateway && node.kernel.link.get('host', { index: gateway.peer! });
    const seen = { vlans, names: interfaces.map(({ name }) => name).filter((name) => !name.startsWith('veth')), gateway: port && node.kernel.link.vlans('host', port.index) };
    assert.is(node.kernel.link.get('host', { name: 'cni0' })!.vlanFiltering, true);
    node.remove();
    return seen;
  });
  const own = { id: 100, pvid: true, untagged: true };
  assert.equal(dumps, [
    { vlans: '100pu', names: ['cni0', 'eth0', 'cni0.100'], gateway: [own] },
    { vlans: '1u,100pu', names: ['cni0', 'eth0', 'cni0.100'], gateway: [{ id: 1, untagged: true }, own] },
    { vlans: '1pu,5-9,20', names: ['cni0', 'eth0'], gateway: undefined },
    { vlans: '7pu', names: ['cni0', 'eth0'], gateway: undefined },
  ]);
});

test('CHECK finds a port in other VLANs, a gateway without its address and a rule that is gone', () => {
  const spoil: [string, string, (node: FakeNode) => void][] = [
    ['a VLAN', 'does not have the VLANs 100 (PVID)', ({ kernel }) => kernel.link.set('host', kernel.link.get('container', { name: 'eth0' })!.peer!, { vlans: [] })],
    ['a VLAN', 'Failed to match addr 192.0.2.1/24 on interface cni0.100', ({ kernel }) => kernel.addr.delete('host', kernel.link.get('host', { name: 'cni0.100' })!.index, '192.0.2.1/24')],
    ['a trunk', 'spoof-check: chain "cni-br-iface-c1-eth0-mac"', ({ kernel }) => kernel.nft.apply('host', [{ do: 'flush chain', family: 'bridge', table: 'nat', chain: 'cni-br-iface-c1-eth0-mac' }])],
    ['a trunk', 'net/bridge/bridge-nf-call-ip6tables is not 1', ({ kernel }) => kernel.sysctl.set('host', 'net/bridge/bridge-nf-call-ip6tables', '0')],
  ];
  for (const [what, words, act] of spoil) {
    const node = fakeNode();
    const prevResult = node.add(chainOf('ADD', [CONFIGS[what]!]));
    act(node);
    assert.throws(() => node.check(chainOf('CHECK', [CONFIGS[what]!], { prevResult })), (error: unknown) => error instanceof CniError && error.message.includes(words), words);
    node.remove();
  }
});

test('the rules of others in `bridge nat` stay, whoever comes and goes', () => {
  const node = fakeNode();
  const others = { family: 'bridge', table: 'nat' } as const;
  node.kernel.nft.apply('host', [
    { do: 'add table', ...others }, { do: 'add chain', ...others, chain: 'PREROUTING', hook: { type: 'filter', hook: 'prerouting', priority: -300 } },
    { do: 'add chain', ...others, chain: 'cni-br-iface-c9-eth0' },
    { do: 'add rule', ...others, chain: 'PREROUTING', at: 'end', rule: { match: [{ iif: 'veth99' }], action: { jump: 'cni-br-iface-c9-eth0' }, comment: 'macspoofchk-c9-eth0' } },
  ]);
  const table = (): string => node.kernel.dump().slice(node.kernel.dump().indexOf('table bridge nat')).split('\ntable')[0]!.trim();
  const before = table();
  const plugins = [CONFIGS['layer 2 in a VLAN']!];
  node.add(chainOf('ADD', plugins));
  assert.is.not(table(), before);
  node.del(chainOf('DEL', plugins));
  assert.ok(table().startsWith(before.split('\n').slice(0, 4).join('\n')), table());
  node.remove();
});

test.run();
