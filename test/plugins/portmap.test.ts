// The portmap plugin against a scripted host: what it asks for, for the configurations that runtimes send.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPlugin, refuse, type Answers, type Asked } from '../support/guest-host.ts';

const portmap = await loadPlugin('portmap');

/** SHA-512 of "podnet" + "c1". */
const DN = 'CNI-DN-1d96a4c7e0d1b705cc10f';
const COMMENT = 'dnat name: "podnet" id: "c1"';
const prevResult = {
  interfaces: [{ name: 'cni0', mac: '02:00:00:00:00:01' }, { name: 'veth1' }, { name: 'eth0', sandbox: 'container' }],
  ips: [{ address: '10.88.0.2/16', gateway: '10.88.0.1', interface: 2 }, { address: 'fd00:88::2/64', gateway: 'fd00:88::1', interface: 2 }],
  routes: [{ dst: '0.0.0.0/0' }],
};
const v4Only = { ...prevResult, ips: prevResult.ips.slice(0, 1) };
/** As containerd sends them. */
const portMappings = [
  { HostPort: 8080, ContainerPort: 80, Protocol: 'tcp', HostIP: '' },
  { HostPort: 8443, ContainerPort: 80, Protocol: 'tcp', HostIP: '192.0.2.1' },
  { HostPort: 5353, ContainerPort: 53, Protocol: 'udp', HostIP: '' },
];
const conf = (keys: object = {}, result: unknown = prevResult): Record<string, unknown> =>
  ({ cniVersion: '1.0.0', name: 'podnet', type: 'portmap', runtimeConfig: { portMappings }, prevResult: result, ...keys });

const usable: Answers = { 'iptables.usable': { usable: true }, 'nft.usable': { usable: true } };
const node: Answers = {
  ...usable,
  'iptables.apply': {}, 'nft.apply': {}, 'iptables.check': { missing: [] }, 'nft.check': { missing: [] },
  'conntrack.flush': { deleted: 0 },
  'route.list': {
    routes: [
      { dst: '0.0.0.0/0', index: 2, table: 254, metric: 0, scope: 0 },
      { dst: '10.88.0.0/16', index: 7, table: 254, metric: 0, scope: 253 },
      { dst: '10.88.0.0/24', index: 8, table: 100, metric: 0, scope: 253 },
    ],
  },
  'link.get': ({ name }) => ({ link: name === 'cni0' ? 1 : 2, name, kind: 'bridge', mtu: 1500, mac: '', up: true, state: 'up', promisc: false, index: name === 'cni0' ? 7 : 9, owner: 'network' }),
  'sysctl.set': {}, 'sysctl.get': { value: '1' },
};

const add = (keys: object = {}, result: unknown = prevResult): ReturnType<typeof portmap> => portmap({ verb: 'ADD', config: conf(keys, result) }, node);
const requests = (asked: readonly Asked[], op: string): Record<string, unknown>[] => asked.filter((one) => one.op === op).map(({ request }) => request);
/** chain → rules added there, as words */
const added = (request: Record<string, unknown> | undefined): [string, unknown][] =>
  (request?.['add'] as { chain: string; rule: unknown }[]).map(({ chain, rule }) => [chain, rule]);
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
  assert.equal(requests(asked, 'conntrack.flush'), [{ family: 'ip', proto: 'udp', dport: 5353 }, { family: 'ip6', proto: 'udp', dport: 5353 }]);
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

const chain = (name: string, hook?: string, priority?: number): object => ({ name, life: 'network', ...(hook ? { hook: { type: 'nat', hook, priority } } : {}) });
const nftRequest = (family: string, keys: { snat?: boolean }, add: object[]): object => ({
  ns: 'host', family, table: 'cni_hostport', tableComment: 'CNI portmap plugin',
  chains: [
    chain('hostports'), chain('hostip_hostports'), chain('hostports_all'), chain('prerouting', 'prerouting', -100), chain('output', 'output', -100),
    ...(keys.snat === false ? [] : [chain('masquerading', 'postrouting', 100)]),
  ],
  set: [
    { chain: 'hostports_all', rules: [{ match: [], action: { jump: 'hostip_hostports' } }, { match: [], action: { jump: 'hostports' } }] },
    ...['prerouting', 'output'].map((name) => ({ chain: name, rules: [{ match: [{ dstType: 'local' }], action: { jump: 'hostports_all' } }] })),
  ],
  add,
});
const hostports = (match: object[], to: string, port: number): object => ({ chain: 'hostports', rule: { match, action: { dnat: { to, port } }, comment: 'c1' } });
const masquerading = (saddr: string, daddr: string): object => ({ chain: 'masquerading', rule: { match: [{ saddr }, { daddr }], action: { masquerade: true }, comment: 'c1' } });

test('nftables: the table of the reference in each family', () => {
  const { asked, result } = add({ backend: 'nftables' });
  assert.equal(result, prevResult);
  assert.equal(asked.map(({ op }) => op), ['nft.apply', 'conntrack.flush', 'route.list', 'link.get', 'sysctl.set', 'nft.apply', 'conntrack.flush']);
  assert.equal(requests(asked, 'nft.apply'), [
    nftRequest('ip', {}, [
      hostports([{ proto: 'tcp', dport: 8080 }], '10.88.0.2', 80),
      hostports([{ daddr: '192.0.2.1' }, { proto: 'tcp', dport: 8443 }], '10.88.0.2', 80),
      hostports([{ proto: 'udp', dport: 5353 }], '10.88.0.2', 53),
      masquerading('10.88.0.2', '10.88.0.2'),
      masquerading('127.0.0.1', '10.88.0.2'),
    ]),
    nftRequest('ip6', {}, [
      hostports([{ proto: 'tcp', dport: 8080 }], 'fd00:88::2', 80),
      hostports([{ proto: 'udp', dport: 5353 }], 'fd00:88::2', 53),
      masquerading('fd00:88::2', 'fd00:88::2'),
    ]),
  ]);
});

test('nftables: snat false and masqAll', () => {
  const mappings = { runtimeConfig: { portMappings: portMappings.slice(0, 1) }, backend: 'nftables' };
  const rule = hostports([{ proto: 'tcp', dport: 8080 }], '10.88.0.2', 80);
  assert.equal(requests(add({ ...mappings, snat: false }, v4Only).asked, 'nft.apply'), [nftRequest('ip', { snat: false }, [rule])]);
  assert.equal(requests(add({ ...mappings, masqAll: true }, v4Only).asked, 'nft.apply'), [nftRequest('ip', {}, [rule, masquerading('0.0.0.0/0', '10.88.0.2')])]);
});

test('nftables is taken where only that can be used', () => {
  const only = { ...node, 'iptables.usable': { usable: false, why: 'no iptables' } };
  const ops = (keys: object, answers: Answers): string[] => portmap({ verb: 'ADD', config: conf(keys, v4Only) }, answers).asked.map(({ op }) => op).filter((op) => op.endsWith('apply'));
  assert.equal(ops({}, only), ['nft.apply']);
  assert.equal(ops({}, { ...only, 'nft.usable': { usable: false } }), ['iptables.apply']);
  assert.equal(ops({ backend: 'iptables' }, only), ['iptables.apply']);
});

test('the container\'s address is the first of its family that may be its own', () => {
  const result = {
    interfaces: prevResult.interfaces,
    ips: [{ address: '10.0.0.1/8', interface: 0 }, { address: '10.88.0.3/16' }, { address: '10.88.0.4/16', interface: 2 }],
  };
  const request = requests(add({ snat: false }, result).asked, 'iptables.apply')[0];
  assert.equal((added(request)[2]?.[1] as { action: object }).action, { dnat: { to: '10.88.0.3', port: 80 } });
});

test('without port mappings the result is handed on', () => {
  assert.equal(portmap({ verb: 'ADD', config: conf({ runtimeConfig: {} }) }).result, prevResult);
  assert.equal(portmap({ verb: 'ADD', config: conf({ runtimeConfig: { portMappings: null } }) }).result, prevResult);
});

const refuses = (title: string, keys: object, msg: string, code = 999): void => {
  test(`refuses ${title}`, () => {
    const { error, asked } = portmap({ verb: 'ADD', config: conf(keys) });
    assert.equal([error, asked], [{ code, msg: code === 999 && !msg.startsWith('must') ? `failed to parse config: ${msg}` : msg }, []]);
  });
};
const one = (mapping: object): object => ({ runtimeConfig: { portMappings: [{ hostPort: 1, containerPort: 1, protocol: 'tcp', ...mapping }] } });
refuses('a call outside of a chain', { prevResult: undefined }, 'must be called as chained plugin');
refuses('port 0', one({ hostPort: 0 }), 'Invalid host port number: 0');
refuses('a port above 65535', one({ containerPort: 65536 }), 'Invalid container port number: 65536');
refuses('another protocol', one({ protocol: 'icmp' }), 'invalid protocol "icmp" of host port 1; give tcp, udp or sctp');
refuses('a host IP that is none', one({ hostIP: '1.2.3' }), 'invalid host IP "1.2.3" of host port 1; give an IPv4 or IPv6 address');
refuses('a port in quotes', one({ hostPort: '1' }), 'failed to parse network configuration: json: cannot unmarshal string into Go struct field PortMapEntry.runtimeConfig.portMappings.hostPort of type int');
refuses('another backend', { backend: 'ebtables' }, 'unrecognized backend "ebtables"');
refuses('two ways to mark', { externalSetMarkChain: 'A', markMasqBit: 1 }, 'Cannot specify externalSetMarkChain and markMasqBit');
refuses('bit 32', { markMasqBit: 32 }, 'MasqMarkBit must be between 0 and 31');
refuses('conditions', { conditionsV4: ['-s', '192.0.2.0/24'] }, 'conditionsV4 and conditionsV6 are not supported; take them out of the configuration of portmap', 2);

test('passes on what the host refuses, with what it was for', () => {
  const msg = (op: string, keys: object): string | undefined => portmap({ verb: 'ADD', config: conf(keys) }, { ...node, [op]: refuse('io', 'no') }).error?.msg;
  assert.is(msg('iptables.apply', {}), 'unable to setup DNAT: no');
  assert.is(msg('nft.apply', { backend: 'nftables' }), 'unable to set up nftables rules for port mappings: no');
  assert.is(msg('sysctl.set', {}), 'unable to enable route_localnet: no');
});

test('flows that cannot be flushed are told and no error', () => {
  const { error, logged } = portmap({ verb: 'ADD', config: conf({}, v4Only) }, { ...node, 'conntrack.flush': refuse('denied', 'not granted') });
  assert.equal([error, logged], [undefined, ['failed to delete stale UDP conntrack entries of port 5353: not granted']]);
});

const drop = { drop: [{ chain: DN }, { chain: 'CNI-SN-1d96a4c7e0d1b705cc10f' }] };
const remove = { remove: ['hostports', 'hostip_hostports', 'masquerading'].map((name) => ({ chain: name, comment: 'c1' })) };

test('DEL cleans both backends in both families, without prevResult, namespace and a right configuration', () => {
  const { asked, error } = portmap({ verb: 'DEL', config: conf({ backend: 'none', markMasqBit: 99 }, undefined), netns: false }, node);
  assert.is(error, undefined);
  assert.equal(requests(asked, 'iptables.apply'), [{ ns: 'host', family: 'ip', table: 'nat', ...drop }, { ns: 'host', family: 'ip6', table: 'nat', ...drop }]);
  assert.equal(requests(asked, 'nft.apply'), [{ ns: 'host', family: 'ip', table: 'cni_hostport', ...remove }, { ns: 'host', family: 'ip6', table: 'cni_hostport', ...remove }]);
  assert.equal(requests(asked, 'conntrack.flush'), [{ family: 'ip', proto: 'udp', dport: 5353 }, { family: 'ip6', proto: 'udp', dport: 5353 }]);
});

test('DEL without port mappings does nothing', () => {
  assert.equal(portmap({ verb: 'DEL', config: conf({ runtimeConfig: undefined }) }), { asked: [], logged: [] });
});

test('DEL leaves out what cannot be used and goes on after errors', () => {
  const nothing = { 'iptables.usable': { usable: false, why: 'no' }, 'nft.usable': { usable: false }, 'conntrack.flush': { deleted: 0 } };
  assert.is(portmap({ verb: 'DEL', config: conf() }, nothing).error, undefined);
  const { asked, error } = portmap({ verb: 'DEL', config: conf() }, { ...node, 'iptables.apply': ({ family }) => (family === 'ip' ? refuse('busy', 'busy')() : {}) });
  assert.equal(error, { code: 102, msg: 'could not teardown ipv4 dnat: busy' });
  assert.is(requests(asked, 'nft.apply').length, 2);
});

test('CHECK asks for exactly what ADD makes', () => {
  for (const [keys, backend] of [[{}, 'iptables'], [{ backend: 'nftables' }, 'nft']] as const) {
    const { asked, error } = portmap({ verb: 'CHECK', config: conf(keys) }, node);
    assert.is(error, undefined);
    assert.equal(requests(asked, `${backend}.check`), requests(add(keys).asked, `${backend}.apply`));
  }
});

test('CHECK says what is missing', () => {
  const check = (keys: object, answers: Answers): unknown => portmap({ verb: 'CHECK', config: conf(keys) }, { ...node, ...answers }).error;
  assert.equal(check({}, { 'iptables.check': { missing: [{ chain: DN }] } }), { code: 999, msg: `could not check ipv4 dnat: chain ${DN} not found in iptables table nat` });
  assert.equal(check({}, { 'iptables.check': ({ family }) => ({ missing: family === 'ip6' ? [{ chain: DN, rule: '-p tcp -j X' }] : [] }) }),
    { code: 999, msg: `could not check ipv6 dnat: rule -p tcp -j X in chain ${DN} not found in table nat` });
  assert.equal(check({ backend: 'nftables' }, { 'nft.check': { missing: [{ chain: 'hostports', rule: 'tcp dport 8080' }] } }),
    { code: 999, msg: 'missing hostport rules in "hostports" chain', details: 'tcp dport 8080' });
  assert.equal(check({}, { 'sysctl.get': { value: '0' } }), { code: 999, msg: 'route_localnet of the interface that leads to 10.88.0.2 is "0", not "1"' });
  assert.equal(check({ prevResult: undefined }, {}), { code: 999, msg: 'Required prevResult missing' });
});

const listed = (network: string, id: string): object => ({ text: `-p tcp -m comment --comment "…" -m multiport --dports 80 -j CNI-DN-${id}`, comment: `dnat name: "${network}" id: "${id}"` });

test('GC drops the chains of this network\'s containers that are not listed', () => {
  const rules = [listed('podnet', 'gone'), listed('podnet', 'c1'), listed('green', 'gone2'), listed('podnet', 'gone')];
  const answers = { ...node, 'iptables.list': ({ family }: Record<string, unknown>) => ({ chains: family === 'ip' ? [{ name: 'CNI-HOSTPORT-DNAT', rules }] : [] }) };
  const { asked, error } = portmap({ verb: 'GC', config: conf({}, undefined), containerId: '', validAttachments: [{ containerID: 'c1', ifname: 'eth0' }] }, answers);
  assert.is(error, undefined);
  assert.equal(requests(asked, 'iptables.apply'), [{ ns: 'host', family: 'ip', table: 'nat', drop: [{ chain: 'CNI-DN-gone' }] }]);
});

test('GC collects nothing when it was not said what is valid', () => {
  assert.equal(portmap({ verb: 'GC', config: conf(), containerId: '' }), { asked: [], logged: [] });
});

test('STATUS fails when there is nothing to forward ports with', () => {
  const status = (keys: object, iptables: boolean, nft: boolean): unknown =>
    portmap({ verb: 'STATUS', config: conf({ runtimeConfig: undefined, ...keys }, undefined) }, { 'iptables.usable': { usable: iptables, why: 'no program' }, 'nft.usable': { usable: nft } }).error;
  assert.equal(status({}, true, false), undefined);
  assert.equal(status({}, false, true), undefined);
  assert.equal(status({}, false, false), { code: 50, msg: 'no backend for port mappings is usable: iptables: no program; nftables: it cannot be used' });
  assert.equal(status({ backend: 'iptables' }, false, true), { code: 50, msg: 'no backend for port mappings is usable: iptables: no program; nftables: not asked for' });
});

test.run();
