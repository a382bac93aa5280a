// A node whose plugins are exchanged while containers run: each step says by whose programs it is done.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { configFor, execute, type Answer, type Conflist, type PluginConf } from '../../host/cli/run-conflist.ts';
import { addNetns, deleteNetns, files, picture, sh } from '../support/node.ts';
import { DEL_FAULTS, FOLDER, type Who } from './switch-table.ts';

export interface Container { id: string; netns: string; ifname: string }
export const C1: Container = { id: 'c1', netns: '/run/netns/c1', ifname: 'eth0' };

export const CAPABILITIES = {
  portMappings: [
    { hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 8443, containerPort: 443, protocol: 'tcp', hostIP: '198.51.100.9' },
    { hostPort: 5353, containerPort: 53, protocol: 'udp' },
  ],
  bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 2e7, egressBurst: 4_294_967_295 },
};

export function call(who: Who, verb: string, list: Conflist, plugin: PluginConf, { id, netns, ifname }: Container, prevResult?: unknown, more: object = {}): Answer {
  const conf = { ...configFor(list, plugin, { capabilityArgs: CAPABILITIES }, prevResult), ...more };
  return execute(plugin.type, verb, { containerId: id, netns, ifname, path: [FOLDER[who]], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } }, JSON.stringify(conf));
}

/** Says who does the plugin at this place of the chain: one for all, or the node is switched in between. */
export type Does = Who | ((at: number) => Who);
const whoAt = (does: Does, at: number): Who => (typeof does === 'string' ? does : does(at));

export function must(answer: Answer, what: string): Answer {
  assert.is(answer.exitCode, 0, `${what}: ${answer.stdout}${answer.stderr}`);
  return answer;
}

export function add(does: Does, list: Conflist, container: Container): unknown {
  return list.plugins.reduce<unknown>((prevResult, plugin, at) => {
    const who = whoAt(does, at);
    return JSON.parse(must(call(who, 'ADD', list, plugin, container, prevResult), `ADD of ${plugin.type} by ${who}`).stdout) as unknown;
  }, undefined);
}

/** Reverse order, ended by the first error, as libcni does. */
export function del(does: Does, list: Conflist, container: Container, prevResult?: unknown): void {
  for (const [at, plugin] of [...list.plugins.entries()].toReversed()) {
    const who = whoAt(does, at);
    const answer = call(who, 'DEL', list, plugin, container, prevResult);
    const fault = who !== 'ours' && plugin['ipMasqBackend'] === 'nftables' ? DEL_FAULTS[who] : undefined;
    if (answer.exitCode === 0 || !fault?.test(answer.stdout)) must(answer, `DEL of ${plugin.type} by ${who}`);
  }
}

export const check = (who: Who, list: Conflist, container: Container, prevResult: unknown): Record<string, string> => Object.fromEntries(
  list.plugins.map((plugin) => [plugin.type, call(who, 'CHECK', list, plugin, container, prevResult)] as const)
    .filter(([, { exitCode }]) => exitCode !== 0).map(([type, { stdout, stderr }]) => [type, stdout || stderr]),
);

/** The node, with tuning's files, without our own notes: the reference cannot know of them, so its DEL leaves them. They are looked at apart. */
export const nodePicture = (...netns: readonly string[]): string =>
  [...picture(netns).split('\n').filter((line) => !line.startsWith(NOTES)), ...files('/run/cni')].join('\n').trim();
export const notes = (): string[] => files(NOTES);
const NOTES = '/var/lib/cni-wasm/ledger';

/** As if no container had ever run. */
export function fresh(...containers: string[]): void {
  for (const name of containers) deleteNetns(name);
  for (const { ifname } of JSON.parse(sh('ip', '-j', 'link')) as { ifname: string }[]) if (ifname !== 'lo') spawnSync('ip', ['link', 'delete', ifname]);
  sh('nft', 'flush', 'ruleset');
  sh('sysctl', '-q', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=0');
  for (const folder of ['/var/lib/cni/networks', '/var/lib/cni-wasm/ledger']) rmSync(folder, { recursive: true, force: true });
  for (const name of containers) addNetns(name);
}
