// Links of others: other containers', the operator's, the uplink, by name, by handle and by what a result says.
// SPDX-License-Identifier: Apache-2.0

import { hashesOf } from '../../../host/ledger/attachment-id.ts';
import { PAIR, VETH_GRANT, type Case } from '../case.ts';
import { RED, type Furnished } from '../node.ts';

/** What a plugin that makes links on the host may be granted, with a pattern that other plugins' links fit too. */
const ANY_VETH = { ...VETH_GRANT, hostLinks: ['veth*'], addr: ['host', 'container'], tc: ['host'], neigh: ['host'], sysctl: ['net/ipv4/conf/{link}/*'] };
const HASH_OF_RED = hashesOf(RED).attachment;
const denied = { code: 101, operation: 'link.get' } as const;

export const links = ({ veth }: Furnished): Case[] => [
  { name: 'finds the uplink by name', grants: VETH_GRANT, asks: [['link.get', { ns: 'host', name: 'uplink' }]], code: 102, says: /link "uplink" not found/, operation: 'link.get', object: /^host:uplink$/ },
  { name: 'finds the operator\'s bridge by name', grants: ANY_VETH, asks: [['link.get', { ns: 'host', name: 'docker0' }]], code: 102, says: /link "docker0" not found/, operation: 'link.get', object: /^host:docker0$/ },
  { name: 'finds the loopback device of the host', grants: ANY_VETH, asks: [['link.get', { ns: 'host', name: 'lo' }]], code: 102, says: /not found/, operation: 'link.get', object: /^host:lo$/ },
  { name: 'finds another container\'s link under a pattern that it fits', grants: ANY_VETH, asks: [['link.get', { ns: 'host', name: veth }]], code: 102, says: /not found/, operation: 'link.get', object: new RegExp(`^host:${veth}$`) },
  { name: 'takes another container\'s link out of its bridge', grants: ANY_VETH, asks: [['link.get', { ns: 'host', name: veth }], ['link.set', { link: 1, master: null }]], code: 102, says: /not found/, operation: 'link.get', object: /^host:veth/ },
  {
    name: 'shapes another container\'s link, which the result before it names as its own', grants: { tc: ['host'] },
    asks: [['link.get', { ns: 'host', name: veth }], ['tc.qdisc', { link: 1, kind: 'tbf', rate: 1, limit: 1, bufferUs: 1 }]],
    conf: { prevResult: { cniVersion: '1.1.0', interfaces: [{ name: veth }, { name: 'eth0', sandbox: '/run/netns/c1' }] } },
    code: 102, says: /not found/, operation: 'link.get', object: /^host:veth/,
  },
  {
    name: 'renames nothing, but brings down the uplink, which the result before it names', grants: { ...VETH_GRANT, hostLinks: ['acme*'] },
    asks: [['link.get', { ns: 'host', name: 'uplink' }], ['link.set', { link: 1, up: false }]],
    conf: { prevResult: { cniVersion: '1.1.0', interfaces: [{ name: 'uplink' }] } },
    code: 102, says: /not found/, operation: 'link.get', object: /^host:uplink$/,
  },
  {
    name: 'finds the operator\'s bridge where the result before it names no interfaces', grants: ANY_VETH,
    asks: [['link.get', { ns: 'host', name: 'docker0' }]], conf: { prevResult: { cniVersion: '1.1.0', ips: [{ address: '192.0.2.66/24' }] } },
    code: 102, says: /not found/, operation: 'link.get', object: /^host:docker0$/,
  },
  {
    name: 'finds another network\'s bridge where the result before it names no interfaces', grants: ANY_VETH,
    asks: [PAIR, ['link.get', { ns: 'host', name: 'cni0' }]], conf: { prevResult: { cniVersion: '1.1.0', ips: [{ address: '192.0.2.66/24' }] } },
    code: 102, says: /not found/, operation: 'link.get', object: /^host:cni0$/,
  },
  {
    name: 'changes the shared bridge, which the result before it names', grants: { ...VETH_GRANT, hostLinks: ['acme*'] },
    asks: [['link.get', { ns: 'host', name: 'cni0' }], ['link.set', { link: 1, mtu: 1280 }]],
    conf: { prevResult: { cniVersion: '1.1.0', interfaces: [{ name: 'cni0' }] } },
    ...denied, says: /"cni0" in the host namespace is not this attachment's/, operation: 'link.set', object: /^host:cni0$/,
  },
  {
    name: 'deletes the shared bridge on DEL', verb: 'DEL', grants: { ...VETH_GRANT, hostLinks: ['cni0'] },
    asks: [['link.get', { ns: 'host', name: 'cni0' }], ['link.delete', { link: 1 }]], code: 0, says: /^$/, operation: 'link.delete', object: /^host:cni0$/,
  },
  {
    name: 'takes the shaping of the uplink away on DEL, where it may configure the uplink', verb: 'DEL', grants: { hostLinks: ['uplink'], tc: ['host'] },
    asks: [['link.get', { ns: 'host', name: 'uplink' }], ['tc.delete', { link: 1, kind: 'tbf' }]], code: 0, says: /^$/, operation: 'tc.delete', object: /^host:uplink$/,
  },
  {
    name: 'takes the shaping of the uplink away on GC', verb: 'GC', grants: { hostLinks: ['uplink'], tc: ['host'] }, conf: { 'cni.dev/valid-attachments': [{ containerID: 'c0', ifname: 'eth0' }] },
    asks: [['link.get', { ns: 'host', name: 'uplink' }], ['tc.delete', { link: 1, kind: 'tbf' }]], ...denied, says: /"uplink" in the host namespace is not this attachment's/, operation: 'tc.delete', object: /^host:uplink$/,
  },
  {
    name: 'brings the shared bridge down', grants: { ...VETH_GRANT, hostLinks: ['cni0'] },
    asks: [['link.get', { ns: 'host', name: 'cni0' }], ['link.set', { link: 1, up: false }]], ...denied, says: /is shared and stays up/, operation: 'link.set', object: /^host:cni0$/,
  },
  {
    name: 'deletes another container\'s link on GC, where it may look', verb: 'GC', grants: ANY_VETH, conf: { 'cni.dev/valid-attachments': [{ containerID: 'c0', ifname: 'eth0' }] },
    asks: [['link.get', { ns: 'host', name: veth }], ['link.delete', { link: 1 }]], ...denied, says: /is not this attachment's/, operation: 'link.delete', object: /^host:veth/,
  },
  ...['veth{attachment:8}', 'veth{ifname}'].map((wish): Case => ({
    name: `deletes another container's link on GC, which is to be anybody's by the wish ${wish}`, verb: 'GC', grants: ANY_VETH, wants: { ...ANY_VETH, hostLinks: [wish] },
    conf: { 'cni.dev/valid-attachments': [{ containerID: 'c0', ifname: 'eth0' }] }, asks: [['link.get', { ns: 'host', name: veth }], ['link.delete', { link: 1 }]],
    ...denied, says: /is not this attachment's/, operation: 'link.delete', object: /^host:veth/,
  })),
  {
    name: 'deletes a link of another network\'s living container on GC, whose name could be one of a hash', verb: 'GC', grants: { ...ANY_VETH, hostLinks: ['veth{attachment:8}'] },
    conf: { 'cni.dev/valid-attachments': [{ containerID: 'c0', ifname: 'eth0' }] }, asks: [['link.get', { ns: 'host', name: veth }], ['link.delete', { link: 1 }]],
    ...denied, says: /is not this attachment's/, operation: 'link.delete', object: /^host:veth/,
  },
  {
    name: 'finds the shaping device of another network\'s living container on GC', verb: 'GC', grants: { link: { host: ['ifb'] }, hostLinks: ['bwp{attachment:12}'] },
    conf: { 'cni.dev/valid-attachments': [{ containerID: 'c0', ifname: 'eth0' }] }, asks: [['link.get', { ns: 'host', name: `bwp${HASH_OF_RED.slice(0, 12)}` }], ['link.delete', { link: 1 }]],
    code: 102, says: /not found/, operation: 'link.get', object: /^host:bwp/,
  },
  {
    name: 'finds another container\'s link by a wish that says its name in full', grants: ANY_VETH, wants: { ...ANY_VETH, hostLinks: [veth] },
    asks: [['link.get', { ns: 'host', name: veth }], ['link.set', { link: 1, master: null }]], code: 102, says: /not found/, operation: 'link.get', object: /^host:veth/,
  },
  {
    name: 'claims every link by a name with no digit of its hash', grants: { ...VETH_GRANT, hostLinks: ['veth*'] }, wants: { ...VETH_GRANT, hostLinks: ['veth{attachment:0}*'] },
    verb: 'DEL', asks: [['link.get', { ns: 'host', name: veth }], ['link.delete', { link: 1 }]], code: 100, says: /at least 8 digits/, operation: 'load', object: /hostLinks/,
  },
  {
    name: 'reaches through the end of a link that is not its own', grants: ANY_VETH, asks: [['link.get', { ns: 'host', name: 'dock1' }], ['link.get', { endOf: 1 }]],
    code: 102, says: /not found/, operation: 'link.get', object: /^host:dock1$/,
  },
  { name: 'forges a handle', grants: ANY_VETH, asks: [['link.set', { link: 7, mtu: 1400 }]], code: 999, says: /7 is not a link handle of this call/, operation: 'link.set', object: /^handle 7$/ },
  { name: 'forges the greatest handle there is', grants: ANY_VETH, asks: [['addr.add', { link: 2147483647, address: '192.0.2.66/24' }]], code: 999, says: /2147483647 is not a link handle/, operation: 'addr.add', object: /^handle 2147483647$/ },
  { name: 'takes an interface index for a handle', grants: ANY_VETH, asks: [PAIR, ['tc.qdisc', { link: 3, kind: 'ingress' }]], code: 999, says: /3 is not a link handle/, operation: 'tc.qdisc', object: /^handle 3$/ },
  {
    name: 'redirects the traffic of its own link to a handle it never had', grants: ANY_VETH,
    asks: [PAIR, ['tc.qdisc', { link: 2, kind: 'ingress' }], ['tc.filter', { link: 2, parent: 'ingress', redirect: 9 }]], code: 999, says: /9 is not a link handle/, operation: 'tc.filter', object: /^handle 9$/,
  },
  { name: 'uses a handle that it has given up', grants: ANY_VETH, asks: [PAIR, ['close', 1], ['link.set', { link: 1, mtu: 1400 }]], code: 999, says: /1 is not a link handle/, operation: 'link.set', object: /^handle 1$/ },
  { name: 'makes a link with a name of the operator\'s', grants: ANY_VETH, asks: [['link.create', { ns: 'host', name: 'docker1', kind: 'veth', peer: { ns: 'container', name: 'eth0' } }]], code: 101, says: /host name "docker1"/, operation: 'link.create', object: /^host:docker1$/ },
  { name: 'makes a link in place of another container\'s', grants: ANY_VETH, asks: [['link.create', { ns: 'host', name: veth, kind: 'veth', peer: { ns: 'container', name: 'eth0' } }]], code: 102, says: /already exists/ },
  { name: 'makes a link of a kind it was not granted', grants: VETH_GRANT, asks: [['link.create', { ns: 'host', name: 'acme0', kind: 'bridge' }]], code: 101, says: /of a bridge in the host namespace/, operation: 'link.create', object: /^host:acme0$/ },
  { name: 'makes a link on the host, where it was granted none, by leaving out where the other end is', grants: { link: { container: ['veth'] } }, asks: [['link.create', { name: 'eth0', kind: 'veth' }]], code: 101, says: /of a veth in the host namespace/, operation: 'link.create', object: /^host:eth0$/ },
  { name: 'makes a link in the container, where it was granted none, as the other end of one on the host', grants: { link: { host: ['veth'] }, hostLinks: ['acme*'] }, asks: [['link.create', { ns: 'host', name: 'acme0', kind: 'veth', peer: { ns: 'container', name: 'eth1' } }]], code: 101, says: /of a veth in the container namespace/, operation: 'link.create', object: /^container:eth1$/ },
  { name: 'makes both ends on the host, one of them in a name it was not granted', grants: ANY_VETH, asks: [['link.create', { name: 'eth0', kind: 'veth', peer: { ns: 'host', name: 'uplink2' } }]], code: 101, says: /host name "uplink2"/, operation: 'link.create', object: /^host:uplink2$/ },
  { name: 'configures the container\'s loopback device without a grant', grants: VETH_GRANT, asks: [['link.get', { name: 'lo' }], ['link.set', { link: 1, up: true }]], code: 101, says: /"lo" in the container namespace/, operation: 'link.set', object: /^container:lo$/ },
];
