// The firewall plugin called as a runtime calls it: ours, or the reference's in the same place.
// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { sh } from './node.ts';

export type Conf = Record<string, unknown>;
export interface Said { status: number; out: string }

const container = { name: 'eth0', sandbox: '/run/netns/c1', mac: '02:00:00:00:00:02' };
export const prevResult = (bridge: string, ...addresses: string[]): object => ({
  cniVersion: '1.1.0', interfaces: [{ name: bridge, mac: '02:00:00:00:00:01' }, container], ips: addresses.map((address) => ({ address, interface: 1 })),
});
/** Container c1 with an address of each family. */
export const dualStack = (keys: Conf = {}, bridge = 'cni0'): Conf =>
  ({ cniVersion: '1.1.0', name: 'blue', type: 'firewall', ...keys, prevResult: prevResult(bridge, '192.0.2.5/24', '2001:db8::5/64') });

export async function call(bin: string, verb: string, conf: Conf, containerId = 'c1'): Promise<Said> {
  const child = spawn(`${bin}/firewall`, [], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'], DBUS_SYSTEM_BUS_ADDRESS: process.env['DBUS_SYSTEM_BUS_ADDRESS'],
      CNI_COMMAND: verb, CNI_CONTAINERID: containerId, CNI_NETNS: '/run/netns/c1', CNI_IFNAME: 'eth0', CNI_PATH: bin,
    },
  });
  child.stdin.end(JSON.stringify(conf));
  const [out, status] = await Promise.all([text(child.stdout), new Promise<number>((done) => { child.on('close', (code) => done(code ?? 1)); })]);
  return { status, out };
}

export async function must(bin: string, verb: string, conf: Conf, containerId?: string): Promise<Conf> {
  const { status, out } = await call(bin, verb, conf, containerId);
  if (status !== 0) throw new Error(`${verb} by ${bin}: ${out}`);
  return out === '' ? {} : JSON.parse(out) as Conf;
}

export const messageOf = ({ status, out }: Said): unknown => (status === 0 ? undefined : (JSON.parse(out) as Conf)['msg']);

/** The filter tables of both families. */
export const filterRules = (): string => ['iptables-save', 'ip6tables-save'].map((program) => sh(program, '-t', 'filter').replace(/^#.*\n/gm, '').replace(/ \[\d+:\d+\]/g, '')).join('--\n');

export const flushAll = (): void => void sh('nft', 'flush', 'ruleset');

export function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
