// What the tests of firewall have in common: the attachment, and a node that can do everything but has no firewalld.
// SPDX-License-Identifier: Apache-2.0

import { loadPlugin, type Answers, type Asked, type Call, type Played } from '../support/guest-host.ts';

export const firewall = loadPlugin('firewall');

export const prevResult = {
  interfaces: [{ name: 'cni0', mac: '02:00:00:00:00:01' }, { name: 'veth1' }, { name: 'eth0', sandbox: 'container' }],
  ips: [{ address: '10.88.0.2/16', gateway: '10.88.0.1', interface: 2 }, { address: 'fd00:88::2/64', gateway: 'fd00:88::1', interface: 2 }],
};
export const SOURCES = ['10.88.0.2/32', 'fd00:88::2/128'];
export const conf = (keys: object = {}, result: unknown = prevResult): Record<string, unknown> =>
  ({ cniVersion: '1.1.0', name: 'podnet', type: 'firewall', prevResult: result, ...keys });

export const node: Answers = {
  'firewalld.query': { bus: false, running: false, bound: [], why: 'no bus' }, 'firewalld.remove': {},
  'iptables.usable': { usable: true }, 'nft.usable': { usable: true },
  'iptables.apply': {}, 'nft.apply': {}, 'iptables.check': { missing: [] }, 'nft.check': { missing: [] }, 'nft.list': { chains: [] },
};
export const withFirewalld: Answers = { ...node, 'firewalld.query': ({ sources }) => ({ bus: true, running: true, bound: sources }), 'firewalld.add': {} };
const unusable = { usable: false, why: 'not found' };
export const withoutIptables: Answers = { ...node, 'iptables.usable': unusable };
export const withNothing: Answers = { ...withoutIptables, 'nft.usable': unusable };

export const play = (verb: Call['verb'], keys: object = {}, answers: Answers = node, result: unknown = prevResult): Played => firewall({ verb, config: conf(keys, result) }, answers);
export const ops = ({ asked }: Played): string[] => asked.map(({ op }) => op);
export const requests = ({ asked }: { asked: readonly Asked[] }, op: string): Record<string, unknown>[] => asked.filter((one) => one.op === op).map(({ request }) => request);
