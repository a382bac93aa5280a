// A node with things to steal: an uplink with addresses and routes, an operator's bridge, tables of iptables and nft, containers of this
// and of another network; and a dump of all of it.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from 'node:fs';
import { addAll, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import type { Attachment } from '../../host/protocol/request.ts';
import { addNetns, BIN, files, inNetns, sh } from '../support/node.ts';

export interface Furnished {
  /** the host end of the other container's link, and its address */
  veth: string;
  neighbour: string;
  /** an address that another network has leased */
  redLease: string;
}

/** The other network's attachment. */
export const RED: Attachment = { network: 'red', containerId: 'c9', ifname: 'eth0' };
const NAMESPACES = ['c0', 'c9', 'c1', 'outside'];

export function furnish(): Furnished {
  // What duplicate address detection does by and by is nobody's deed.
  const still = ['-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0'];
  sh('sysctl', ...still);
  for (const name of NAMESPACES) {
    addNetns(name);
    inNetns(name, 'sysctl', ...still);
  }
  uplink();
  operatorsBridge();
  operatorsRules();
  const blue = attach(network('blue', 'cni0', '192.0.2.0/24'), 'c0');
  const red = attach(network(RED.network, 'red0', '192.168.9.0/24'), RED.containerId);
  mkdirSync('/run/secrets');
  writeFileSync('/run/secrets/token', 'a secret');
  sh('conntrack', '-I', '-p', 'udp', '-s', '198.51.100.2', '-d', '198.51.100.1', '--sport', '5000', '--dport', '53', '-t', '100000');
  return { veth: blue.interfaces.find(({ name, sandbox }) => !sandbox && name !== 'cni0')!.name, neighbour: bare(blue), redLease: bare(red) };
}

interface Attached { interfaces: { name: string; sandbox?: string }[]; ips: { address: string }[] }
const bare = ({ ips }: Attached): string => ips[0]!.address.replace(/\/.*/, '');

function uplink(): void {
  sh('ip', 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'outside');
  for (const address of ['198.51.100.1/24', '2001:db8:51::1/64']) sh('ip', 'address', 'add', address, 'dev', 'uplink', ...(address.includes(':') ? ['nodad'] : []));
  sh('ip', 'link', 'set', 'uplink', 'up');
  inNetns('outside', 'ip', 'link', 'set', 'eth0', 'up');
  inNetns('outside', 'ip', 'address', 'add', '198.51.100.2/24', 'dev', 'eth0');
  sh('ip', 'route', 'add', 'default', 'via', '198.51.100.2');
  sh('ip', 'route', 'add', '203.0.113.0/24', 'via', '198.51.100.2', 'table', '100');
  sh('ip', 'rule', 'add', 'from', '198.51.100.0/24', 'lookup', '100', 'priority', '1000');
  sh('ip', 'neighbour', 'add', '198.51.100.7', 'lladdr', '02:00:00:00:00:07', 'dev', 'uplink', 'nud', 'permanent');
  sh('tc', 'qdisc', 'add', 'dev', 'uplink', 'root', 'tbf', 'rate', '1gbit', 'burst', '1mb', 'latency', '10ms');
}

function operatorsBridge(): void {
  sh('ip', 'link', 'add', 'docker0', 'type', 'bridge');
  sh('ip', 'link', 'add', 'dock1', 'type', 'veth', 'peer', 'name', 'dock2');
  sh('ip', 'link', 'set', 'dock1', 'master', 'docker0');
  sh('ip', 'address', 'add', '172.17.0.1/16', 'dev', 'docker0');
  for (const link of ['docker0', 'dock1', 'dock2']) sh('ip', 'link', 'set', link, 'up');
}

function operatorsRules(): void {
  for (const program of ['iptables', 'ip6tables']) {
    sh(program, '-t', 'nat', '-N', 'KUBE-SERVICES');
    sh(program, '-t', 'nat', '-A', 'PREROUTING', '-j', 'KUBE-SERVICES');
    sh(program, '-N', 'KUBE-FORWARD');
    sh(program, '-A', 'FORWARD', '-j', 'KUBE-FORWARD');
  }
  sh('iptables', '-t', 'nat', '-A', 'KUBE-SERVICES', '-d', '10.96.0.1', '-p', 'tcp', '--dport', '443', '-j', 'DNAT', '--to-destination', '198.51.100.2:6443');
  sh('iptables', '-A', 'KUBE-FORWARD', '-m', 'conntrack', '--ctstate', 'INVALID', '-j', 'DROP');
  sh('nft', 'add table inet operator { chain input { type filter hook input priority 0; tcp dport 22 ip saddr 203.0.113.0/24 drop; }; chain office { ip saddr 203.0.113.9 accept; }; }');
}

const network = (name: string, bridge: string, subnet: string): Conflist => ({
  cniVersion: '1.0.0', name, plugins: [
    { type: 'bridge', bridge, isGateway: true, ipMasq: true, ipam: { type: 'host-local', ranges: [[{ subnet }]] } },
    { type: 'portmap', capabilities: { portMappings: true } },
    { type: 'bandwidth', capabilities: { bandwidth: true } },
  ],
});

function attach(list: Conflist, container: string): Attached {
  const target: Target = {
    containerId: container, netns: `/run/netns/${container}`, ifname: 'eth0', path: [BIN],
    capabilityArgs: { portMappings: [{ hostPort: container === 'c0' ? 8080 : 9090, containerPort: 80, protocol: 'tcp' }], bandwidth: { ingressRate: 1e6, ingressBurst: 8e6, egressRate: 1e6, egressBurst: 8e6 } },
  };
  return addAll(list, target) as Attached;
}

/** One program for each namespace: there is a dump after each case. What counts up by itself is left out. */
const LOOK = `ip -o link; ip -o address; ip -4 route show table all; ip -6 route show table all; ip rule; ip -6 rule; ip neighbour show nud permanent
tc qdisc show; for i in $(ip -o link | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/'); do tc filter show dev $i; tc filter show dev $i parent ffff: 2>/dev/null; done
bridge vlan show; nft list ruleset; iptables-save; ip6tables-save; conntrack -L -p udp --dport 53 2>/dev/null
grep -rs . /proc/sys/net/ipv4/conf /proc/sys/net/ipv6/conf /proc/sys/net/ipv4/ip_forward /proc/sys/net/bridge | grep -v stable_secret`;

const FOLDERS = ['/var/lib/cni', '/var/lib/cni-wasm', '/run/cni-wasm', '/run/cni', '/etc/cni', '/opt/cni', '/run/secrets'];

/** When links have their carriers and addresses, and nothing moves any more. */
export function settled(): string {
  for (let [before, tries] = [dump(), 0]; tries < 20; tries++) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    const now = dump();
    if (now === before) return now;
    before = now;
  }
  throw new Error('the node does not come to rest');
}

/** The whole node and every namespace on it. */
export function dump(): string {
  const seen = [sh('sh', '-c', LOOK), ...NAMESPACES.map((name) => inNetns(name, 'sh', '-c', `mount -t sysfs sysfs /sys; ${LOOK}`))];
  const text = seen.join('\n').replace(/packets \d+ bytes \d+|\[\d+:\d+\]|^#.*|refcnt \d+|^udp +17 \d+/gm, '');
  return [text, ...FOLDERS.flatMap(files)].join('\n');
}
