// What the tests of portmap have in common: the attachment, and a node that can do everything.
// SPDX-License-Identifier: Apache-2.0

import { loadPlugin, type Answers, type Asked } from '../support/guest-host.ts';

export const portmap = loadPlugin('portmap');

/** SHA-512 of "podnet" + "c1". */
export const DN = 'CNI-DN-1d96a4c7e0d1b705cc10f';
export const prevResult = {
  interfaces: [{ name: 'cni0', mac: '02:00:00:00:00:01' }, { name: 'veth1' }, { name: 'eth0', sandbox: 'container' }],
  ips: [{ address: '10.88.0.2/16', gateway: '10.88.0.1', interface: 2 }, { address: 'fd00:88::2/64', gateway: 'fd00:88::1', interface: 2 }],
  routes: [{ dst: '0.0.0.0/0' }],
};
export const v4Only = { ...prevResult, ips: prevResult.ips.slice(0, 1) };
/** As containerd sends them. */
export const portMappings = [
  { HostPort: 8080, ContainerPort: 80, Protocol: 'tcp', HostIP: '' },
  { HostPort: 8443, ContainerPort: 80, Protocol: 'tcp', HostIP: '192.0.2.1' },
  { HostPort: 5353, ContainerPort: 53, Protocol: 'udp', HostIP: '' },
];
export const conf = (keys: object = {}, result: unknown = prevResult): Record<string, unknown> =>
  ({ cniVersion: '1.0.0', name: 'podnet', type: 'portmap', runtimeConfig: { portMappings }, prevResult: result, ...keys });

const usable: Answers = { 'iptables.usable': { usable: true }, 'nft.usable': { usable: true } };
export const node: Answers = {
  ...usable,
  'iptables.apply': {}, 'nft.apply': {}, 'iptables.check': { missing: [] }, 'nft.check': { missing: [] },
  'conntrack.flush': { deleted: 0 },
  'route.list': ({ to }) => ({ routes: String(to).startsWith('10.88.0.') ? [{ dst: '10.88.0.0/16', index: 7, table: 254, metric: 0, scope: 253 }] : [] }),
  'link.get': ({ name }) => ({ link: name === 'cni0' ? 1 : 2, name, kind: 'bridge', mtu: 1500, mac: '', up: true, state: 'up', promisc: false, index: name === 'cni0' ? 7 : 9, owner: 'network' }),
  'link.list': { links: [{ link: 3, name: 'br9', kind: 'bridge', index: 9 }, { link: 1, name: 'cni0', kind: 'bridge', index: 7 }] },
  'sysctl.set': {}, 'sysctl.get': { value: '1' },
};

export const add = (keys: object = {}, result: unknown = prevResult): ReturnType<typeof portmap> => portmap({ verb: 'ADD', config: conf(keys, result) }, node);
export const requests = (asked: readonly Asked[], op: string): Record<string, unknown>[] => asked.filter((one) => one.op === op).map(({ request }) => request);
/** chain → rules added there, as words */
export const added = (request: Record<string, unknown> | undefined): [string, unknown][] =>
  (request?.['add'] as { chain: string; rule: unknown }[]).map(({ chain, rule }) => [chain, rule]);
