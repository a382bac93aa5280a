// portmap with iptables against a scripted host: what ADD asks for, for the configurations that runtimes send.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { add, added, DN, portmap, conf, node, prevResult, requests, v4Only } from './portmap-case.ts';

const COMMENT = 'dnat name: "podnet" id: "c1"';
const shared = (name: string): object => ({ name, life: 'network' });
const once = (chain: string, rule: object, at = 'end'): object => ({ chain, rule, at, life: 'network' });

test('asks for the chains and rules of the reference, in its order, and hands on the result', () => {
  const { asked, result, error } = add();
  assert.is(error, undefined);
  assert.equal(result, prevResult);
  assert.equal(asked.map(({ op }) => op), [
    'iptables.usable', 'iptables.apply', 'conntrack.flush', 'route.list', 'link.get', 'sysctl.set', 'iptables.apply', 'conntrack.flush',
  ]);
  const arriving = { match: [{ proto: 'tcp', dport: 8080 }] };
  const atAddress = { match: [{ proto: 'tcp', dport: 8443 }, { daddr: '192.0.2.1' }] };
  const udp = { match: [{ proto: 'udp', dport: 5353 }] };
  const from = ({ match }: { match: object[] }, saddr: string): object => ({ match: [...match, { saddr }], action: { jump: 'CNI-HOSTPORT-SETMARK' } });
  const to = (rule: object, port: number): object => ({ ...rule, action: { dnat: { to: '10.88.0.2', port } } });
  assert.equal(asked[1]!.request, {
    ns: 'host', family: 'ip', table: 'nat',
    chains: [shared('CNI-HOSTPORT-SETMARK'), shared('CNI-HOSTPORT-MASQ'), shared('CNI-HOSTPORT-DNAT'), { name: DN }],
    add: [
      once('CNI-HOSTPORT-SETMARK', { match: [], action: { setMark: { value: 0x2000, mask: 0x2000 } }, comment: 'CNI portfwd masquerade mark' }),
      once('CNI-HOSTPORT-MASQ', { match: [{ mark: { value: 0x2000, mask: 0x2000 } }], action: { masquerade: true } }),
      once('POSTROUTING', { match: [], action: { jump: 'CNI-HOSTPORT-MASQ' }, comment: 'CNI portfwd requiring masquerade' }, 'start'),
      once('PREROUTING', { match: [{ dstType: 'local' }], action: { jump: 'CNI-HOSTPORT-DNAT' } }),
      once('OUTPUT', { match: [{ dstType: 'local' }], action: { jump: 'CNI-HOSTPORT-DNAT' } }),
      ...[from(arriving, '10.88.0.0/16'), from(arriving, '127.0.0.1/32'), to(arriving, 80)].map((rule) => ({ chain: DN, rule })),
      ...[from(atAddress, '10.88.0.0/16'), from(atAddress, '127.0.0.1/32'), to(atAddress, 80)].map((rule) => ({ chain: DN, rule })),
      ...[from(udp, '10.88.0.0/16'), from(udp, '127.0.0.1/32'), to(udp, 53)].map((rule) => ({ chain: DN, rule })),
      { chain: 'CNI-HOSTPORT-DNAT', rule: { match: [{ proto: 'tcp', dports: [8080, 8443] }], action: { jump: DN }, comment: COMMENT } },
      { chain: 'CNI-HOSTPORT-DNAT', rule: { match: [{ proto: 'udp', dports: [5353] }], action: { jump: DN }, comment: COMMENT } },
    ],
  });
});

test('in IPv6 there is no localhost, and no mapping of an IPv4 address', () => {
  const ipv6 = requests(add().asked, 'iptables.apply')[1];
  assert.is(ipv6?.['family'], 'ip6');
  assert.equal(added(ipv6).filter(([chain]) => chain === DN).map(([, rule]) => rule), [
    { match: [{ proto: 'tcp', dport: 8080 }, { saddr: 'fd00:88::/64' }], action: { jump: 'CNI-HOSTPORT-SETMARK' } },
    { match: [{ proto: 'tcp', dport: 8080 }], action: { dnat: { to: 'fd00:88::2', port: 80 } } },
    { match: [{ proto: 'udp', dport: 5353 }, { saddr: 'fd00:88::/64' }], action: { jump: 'CNI-HOSTPORT-SETMARK' } },
    { match: [{ proto: 'udp', dport: 5353 }], action: { dnat: { to: 'fd00:88::2', port: 53 } } },
  ]);
  assert.equal(added(ipv6).slice(-2).map(([, rule]) => (rule as { match: object[] }).match), [[{ proto: 'tcp', dports: [8080, 8443] }], [{ proto: 'udp', dports: [5353] }]]);
});

test('flushes UDP flows of each family and lets localhost reach the bridge', () => {
  const { asked } = add();
  assert.equal(requests(asked, 'conntrack.flush'), [{ family: 'ip', proto: 'udp', dports: [5353] }, { family: 'ip6', proto: 'udp', dports: [5353] }]);
  assert.equal(requests(asked, 'sysctl.set'), [{ key: 'net/ipv4/conf/{link}/route_localnet', link: 1, value: '1' }]);
});

test('a result of 0.2.0 names no interfaces: localhost reaches the bridge that the host shows where the route leads', () => {
  const { asked } = add({}, { ips: v4Only.ips });
  assert.equal(requests(asked, 'link.list'), [{ ns: 'host', kind: 'bridge' }]);
  assert.equal(requests(asked, 'sysctl.set'), [{ key: 'net/ipv4/conf/{link}/route_localnet', link: 1, value: '1' }]);
});

test('a link that the chain did not make is left as it is', () => {
  const { asked, error } = add({}, { ...v4Only, interfaces: [{ name: 'veth1' }, { name: 'lo' }, { name: 'eth0', sandbox: 'container' }] });
  assert.equal([error, requests(asked, 'sysctl.set')], [undefined, []]);
});

test('snat false: no marks, no masquerading, no localhost', () => {
  const { asked } = add({ snat: false }, v4Only);
  assert.equal(asked.map(({ op }) => op), ['iptables.usable', 'iptables.apply', 'conntrack.flush']);
  const request = requests(asked, 'iptables.apply')[0];
  assert.equal(request?.['chains'], [shared('CNI-HOSTPORT-DNAT'), { name: DN }]);
  assert.equal(added(request).map(([chain]) => chain), ['PREROUTING', 'OUTPUT', DN, DN, DN, 'CNI-HOSTPORT-DNAT', 'CNI-HOSTPORT-DNAT']);
});

test('masqAll marks whatever comes, with the bit that is asked for', () => {
  const request = requests(add({ masqAll: true, markMasqBit: 31 }, v4Only).asked, 'iptables.apply')[0];
  assert.equal(added(request).slice(0, 2).map(([, rule]) => rule), [
    { match: [], action: { setMark: { value: 0x80000000, mask: 0x80000000 } }, comment: 'CNI portfwd masquerade mark' },
    { match: [{ mark: { value: 0x80000000, mask: 0x80000000 } }], action: { masquerade: true } },
  ]);
  assert.equal(added(request).filter(([chain]) => chain === DN).slice(0, 2).map(([, rule]) => rule), [
    { match: [{ proto: 'tcp', dport: 8080 }, { saddr: '0.0.0.0/0' }], action: { jump: 'CNI-HOSTPORT-SETMARK' } },
    { match: [{ proto: 'tcp', dport: 8080 }], action: { dnat: { to: '10.88.0.2', port: 80 } } },
  ]);
});

test('somebody else marks and masquerades', () => {
  const request = requests(add({ externalSetMarkChain: 'KUBE-MARK-MASQ' }, v4Only).asked, 'iptables.apply')[0];
  assert.equal(request?.['chains'], [shared('CNI-HOSTPORT-DNAT'), { name: DN }]);
  assert.equal(added(request)[2], [DN, { match: [{ proto: 'tcp', dport: 8080 }, { saddr: '10.88.0.0/16' }], action: { jump: 'KUBE-MARK-MASQ' } }]);
});

test('entries hold 15 ports each, protocols in alphabetical order', () => {
  const many = Array.from({ length: 31 }, (_, i) => ({ hostPort: 9000 - i, containerPort: 80, protocol: 'TCP' }));
  const mappings = [...many, { hostPort: 7, containerPort: 7, protocol: 'sctp', hostIP: '0.0.0.0' }];
  const request = requests(add({ runtimeConfig: { portMappings: mappings } }, v4Only).asked, 'iptables.apply')[0];
  const entries = added(request).filter(([chain]) => chain === 'CNI-HOSTPORT-DNAT').map(([, rule]) => (rule as { match: { proto: string; dports: number[] }[] }).match[0]!);
  assert.equal(entries.map(({ proto, dports }) => [proto, dports.length, dports[0]]), [['sctp', 1, 7], ['tcp', 15, 9000], ['tcp', 15, 8985], ['tcp', 1, 8970]]);
  assert.equal(added(request).filter(([chain]) => chain === DN).at(-1)?.[1], { match: [{ proto: 'sctp', dport: 7 }], action: { dnat: { to: '10.88.0.2', port: 7 } } });
});

test('a comment keeps what the kernel keeps of the reference\'s', () => {
  const name = 'n'.repeat(230);
  const request = requests(portmap({ verb: 'ADD', config: { ...conf({ name, snat: false }, v4Only) }, containerId: 'container1' }, node).asked, 'iptables.apply')[0];
  const { comment } = added(request).at(-1)?.[1] as { comment: string };
  assert.is(comment, `dnat name: "${name}" id: "cont..`);
  assert.is(comment.length, 255);
});

test('the container\'s address is the first of its family that may be its own', () => {
  const result = {
    interfaces: prevResult.interfaces,
    ips: [{ address: '10.0.0.1/8', interface: 0 }, { address: '10.88.0.3/16' }, { address: '10.88.0.4/16', interface: 2 }],
  };
  const request = requests(add({ snat: false }, result).asked, 'iptables.apply')[0];
  assert.equal((added(request)[2]?.[1] as { action: object }).action, { dnat: { to: '10.88.0.3', port: 80 } });
});

test.run();
