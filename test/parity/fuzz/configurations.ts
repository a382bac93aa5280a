// Any configuration of each plugin, with any of its keys, and what a runtime may offer besides.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import type { Json } from '../case.ts';
import { address, cidr, dns, either, flag, listed, mac, mostly, mtu, object, route, seldom, subnet } from './values.ts';

type Any = fc.Arbitrary<unknown>;

const range = mostly(object({ subnet }, { rangeStart: address, rangeEnd: address, gateway: address }, 7));
const ranges = (maxLength: number): Any => listed(mostly(fc.array(range, { minLength: 1, maxLength: 2 })), maxLength);
const pool = fc.constantFrom<unknown>([[{ subnet: '192.0.2.0/24' }]], [[{ subnet: '2001:db8::/64' }]], [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8::/64' }]], [[{ subnet: '192.0.2.0/29', rangeStart: '192.0.2.3' }, { subnet: '198.51.100.0/30' }]], [[{ subnet: '192.0.2.0/30' }]]);
const hostLocal = fc.oneof(
  { weight: 6, arbitrary: object({ type: fc.constant('host-local'), ranges: mostly(pool) }, { routes: listed(route), dataDir: either('/run/leases', '') }, 4) },
  { weight: 2, arbitrary: object({ type: fc.constant('host-local'), subnet }, { rangeStart: address, rangeEnd: address, gateway: address, routes: listed(route), dataDir: either('/run/leases', '/run/leases/', ''), resolvConf: either('/etc/hostname', '/run/none', ''), ranges: ranges(1) }, 7) },
  { weight: 2, arbitrary: object({ type: fc.constant('host-local'), ranges: mostly(fc.array(mostly(fc.array(range, { minLength: 1, maxLength: 2 })), { minLength: 1, maxLength: 2 })) }, { routes: listed(route) }, 4) },
);
const fixed = object({ type: fc.constant('static'), addresses: mostly(fc.array(mostly(object({ address: cidr }, { gateway: address }, 3)), { minLength: 1, maxLength: 3 })) }, { routes: listed(route), dns }, 4);
const ipam = fc.oneof({ weight: 20, arbitrary: hostLocal }, { weight: 8, arbitrary: fixed }, { weight: 1, arbitrary: fc.constantFrom<unknown>({}, null, { type: '' }, { type: 'none' }, { type: '../bridge' }, [], { TYPE: 'host-local', Subnet: '192.0.2.0/24' }) });
const cni = object({}, { mac, ips: listed(cidr, 2), sysctl: mostly(object({}, { 'net.ipv4.conf.IFNAME.arp_filter': either('1', '0') }, 2)), mtu, promisc: flag, allmulti: flag, txQLen: either(500, 1000, 0, -1) }, 8);
/** What any plugin may have. */
const frame = { args: mostly(object({}, { cni: mostly(cni) }, 2)), dns };

const capable = (...names: string[]): Any => fc.constant(Object.fromEntries(names.map((name) => [name, true])));

const bridge = object({ type: fc.constant('bridge'), capabilities: capable('mac', 'ips', 'ipRanges', 'dns', 'aliases', 'infinibandGUID') }, {
  bridge: seldom(['br1', 'br1', 'br2'], ['', 'eth0', 'lo', 'a-name-that-is-long', 'br/1', 'br 1', 'c1']),
  isGateway: flag, isDefaultGateway: flag,
}, 3);
const layer3 = fc.oneof({ weight: 6, arbitrary: object({ ipam }) }, { weight: 1, arbitrary: fc.constant({}) });
const bridgeMore = object({}, {
  forceAddress: flag, ipMasq: flag, ipMasqBackend: seldom(['iptables', 'nftables'], ['', 'IPTABLES', 'x']), mtu, hairpinMode: flag, promiscMode: flag, portIsolation: flag, enabledad: flag,
  disableContainerInterface: seldom([false], [true]), macspoofchk: flag, vlan: seldom([0], [4095, -1, 4096, 7]), vlanTrunk: seldom([null], [[], [{ id: 0 }], [{ minID: 7 }], [{ minID: 9, maxID: 7 }]]), preserveDefaultVlan: flag, ...frame,
}, 9);
const joined = (...parts: Any[]): fc.Arbitrary<Json> => fc.tuple(...parts).map((all) => Object.assign({}, ...all) as Json);

const port = seldom([80, 8080, 53, 443, 1, 65_535], [0, -1, 65_536, '80', 80.5]);
const mapping = mostly(object({ hostPort: port, containerPort: port, protocol: seldom(['tcp', 'tcp', 'udp', 'sctp'], ['TCP', 'icmp', '', 'x']) }, { hostIP: seldom(['192.0.2.1', '0.0.0.0', '2001:db8::1', '203.0.113.1'], ['::', '', '::ffff:192.0.2.1', '127.0.0.1', '::1', '2001:DB8::1', 'x']) }, 4));
const portmap = object({ type: fc.constant('portmap'), capabilities: capable('portMappings') }, {
  backend: seldom(['iptables', 'nftables'], ['', 'x']), snat: flag, masqAll: flag, markMasqBit: seldom([5, 13], [0, 31, 32, -1]), externalSetMarkChain: seldom(['MY-MARK', 'KUBE-MARK-MASQ'], ['']),
  conditionsV4: seldom([['-s', '203.0.113.0/24'], ['!', '-i', 'lo'], []], [['ip', 'saddr', '203.0.113.0/24'], [''], ['-x']]), conditionsV6: seldom([['-s', '2001:db8:9::/48'], []], [['ip6', 'saddr', '2001:db8:9::/48']]), ...frame,
}, 6);
const rate = seldom([1_000_000, 8_000, 20_000_000], [0, 7, 8, 123, 10_000_000_000, 2 ** 32, 2 ** 40, -1]);
const burst = seldom([200_000, 800_000, 4_294_967_295], [0, 7, 8, 456, 8_000, 2 ** 35, 2 ** 36, -1]);
const rates = { ingressRate: rate, ingressBurst: burst, egressRate: rate, egressBurst: burst };
const bandwidth = fc.oneof(object({ type: fc.constant('bandwidth'), capabilities: capable('bandwidth') }, rates, 9), object({ type: fc.constant('bandwidth'), capabilities: capable('bandwidth'), ...rates }), object({ type: fc.constant('bandwidth'), ingressRate: rate, ingressBurst: burst }));
const sysctl = mostly(object({}, {
  'net.ipv4.conf.IFNAME.arp_filter': seldom(['1', '0'], ['2', '', ' 1', 'x', 1]), 'net/ipv4/conf/IFNAME/rp_filter': either('2'), 'net.ipv4.ip_local_port_range': seldom(['1024 65000', '1024\t65000'], ['9 1']),
  'net.core.somaxconn': either('500'), 'kernel.hostname': either('x'), 'net.ipv4.no_such_key': either('1'), 'net.ipv6.conf.IFNAME.accept_ra': either('0'), 'net.ipv4..ip_forward': either('1'), 'net.ipv4.conf.all.../../../kernel/hostname': either('x'), 'net.ipv4.ping_group_range': either('0 7'),
}, 5));
const tuning = object({ type: fc.constant('tuning'), capabilities: capable('mac') }, { sysctl, mac, mtu, promisc: flag, allmulti: flag, txQLen: seldom([500, 1000], [0, -1, 2 ** 31, 2 ** 32]), dataDir: either('/run/cni/elsewhere', ''), ...frame }, 4);
const firewall = object({ type: fc.constant('firewall') }, { backend: seldom(['iptables'], ['', 'x', 'IPTABLES']), iptablesAdminChainName: seldom(['MY-ADMIN'], ['']), ingressPolicy: seldom(['open', 'same-bridge', 'isolated'], ['', 'x']), firewalldZone: either('public'), ...frame }, 3);
const loopback = object({ type: fc.constant('loopback') }, frame, 9);

export const main: fc.Arbitrary<Json> = joined(bridge, layer3, bridgeMore);
export const meta = fc.oneof({ weight: 4, arbitrary: portmap }, { weight: 3, arbitrary: bandwidth }, { weight: 3, arbitrary: tuning }, { weight: 3, arbitrary: firewall }) as fc.Arbitrary<Json>;
export const alone = fc.oneof(joined(object({ type: fc.constant('host-local'), ipam: hostLocal, capabilities: capable('ips', 'ipRanges') }, frame, 5)), joined(object({ type: fc.constant('static'), ipam: fixed, capabilities: capable('ips') }, frame, 5)), joined(loopback), joined(meta));

export const offers = object({}, {
  mac, ips: listed(fc.oneof(cidr, address), 2), ipRanges: ranges(2), portMappings: listed(mapping), bandwidth: mostly(object({ ...rates })), aliases: either({ blue: ['x'] }, []), dns, infinibandGUID: either('00:11:22:33:44:55:66:77'),
}, 4) as fc.Arbitrary<Json>;
/** Of a runtime that offers ports and limits, as all do. */
export const usualOffers = object({ portMappings: mostly(fc.array(mapping, { minLength: 1, maxLength: 3 })) }, { bandwidth: fc.constant({ ingressRate: 1_000_000, ingressBurst: 200_000, egressRate: 2_000_000, egressBurst: 400_000 }) }, 2) as fc.Arbitrary<Json>;
export const args = fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 4, arbitrary: fc.constantFrom('IgnoreUnknown=1;K8S_POD_NAME=p1', 'IgnoreUnknown=true;MAC=02:00:00:00:00:0c', 'IgnoreUnknown=1;IP=192.0.2.4') }, {
  weight: 1, arbitrary: fc.constantFrom('IgnoreUnknown=1;K8S_POD_NAME=p1', 'IgnoreUnknown=1;IP=192.0.2.9', 'IgnoreUnknown=true;MAC=02:00:00:00:00:0c', 'IgnoreUnknown=1;IP=192.0.2.9/24;GATEWAY=192.0.2.1', 'IP=192.0.2.9', 'MAC=02:00:00:00:00:0c', '', ';', 'IgnoreUnknown', 'IgnoreUnknown=0;X=1', 'IgnoreUnknown=TRUE', 'a=b', 'IgnoreUnknown=maybe', 'ip=192.0.2.9;IgnoreUnknown=1', 'IgnoreUnknown=1;IP=x', 'IgnoreUnknown=1;MAC=x', 'IgnoreUnknown=1;IP=2001:db8::9,192.0.2.9'),
});
