// The host is killed in the middle of a verb, at one kernel message after the other; the DEL that a runtime sends next leaves nothing.
// One file for each backend runs this, so that both run at the same time.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, callPlugin, delAll, gcAll, parseConflist, PluginFailed, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, has, picture, skip } from '../support/node.ts';

if (!has('strace')) skip('strace is not installed');

/**
 * Netlink messages, what goes to the journal and to programs, and the ledger's commit; every so many, since killed-chain kills at each:
 * here every plugin is a process of its own.
 */
const POINTS = {
  bridge: { sendto: 11, write: 13, rename: 1 }, portmap: { sendto: 4, write: 7, rename: 1 }, bandwidth: { sendto: 5, write: 11, rename: 1 },
} as const;
const netns = addNetns('c1');
const target: Target = {
  containerId: 'c1', netns, ifname: 'eth0', path: [BIN],
  capabilityArgs: {
    portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 5353, containerPort: 53, protocol: 'udp' }],
    bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 1e7, egressBurst: 1e7 },
  },
};

const conflist = (backend: 'nftables' | 'iptables'): Conflist => {
  const list = parseConflist(readFileSync('conf/10-blue.conflist', 'utf8'));
  const [bridge, portmap, bandwidth] = list.plugins;
  return { ...list, cniVersion: '1.1.0', plugins: [{ ...bridge!, ipMasqBackend: backend }, { ...portmap!, backend }, bandwidth!] };
};

/** Runs one plugin and kills it when it makes its nth call of this kind. False: it came to its end before. */
function killedAt(syscall: string, n: number, list: Conflist, plugin: Conflist['plugins'][number], verb: 'ADD' | 'DEL', prevResult: unknown): boolean {
  const { runtimeConfig, ...env } = { runtimeConfig: target.capabilityArgs, CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: netns, CNI_IFNAME: 'eth0', CNI_PATH: BIN };
  const input = JSON.stringify({ ...plugin, name: list.name, cniVersion: list.cniVersion, runtimeConfig, ...(prevResult ? { prevResult } : {}) });
  const { signal, status } = spawnSync('strace', ['-o', '/dev/null', '-e', `trace=${syscall}`, '-e', `inject=${syscall}:signal=KILL:when=${n}`, join(BIN, plugin.type)], { input, env });
  return signal === 'SIGKILL' || status === 137;
}

export function killTests(backend: 'nftables' | 'iptables'): void {
  const list = conflist(backend);
  const warm = (): string => {
    delAll(list, target, addAll(list, target));
    return picture(['c1']);
  };

  for (const [at, plugin] of list.plugins.entries()) {
    test(`${backend}: ${plugin.type} ADD killed, then DEL of the chain without prevResult`, () => {
      const before = warm();
      const kills: Record<string, number> = {};
      for (const [syscall, step] of Object.entries(POINTS[plugin.type as keyof typeof POINTS])) {
        for (let n = 1; ; n += step) {
          const prevResult = addAll({ ...list, plugins: list.plugins.slice(0, at) }, target);
          const killed = killedAt(syscall, n, list, plugin, 'ADD', prevResult);
          delAll(list, target);
          assert.is(picture(['c1']), before, `killed at ${syscall} number ${n}`);
          if (!killed) break;
          kills[syscall] = (kills[syscall] ?? 0) + 1;
        }
      }
      assert.equal(Object.keys(kills), Object.keys(POINTS.bridge), JSON.stringify(kills));
    });
  }

  test(`${backend}: ADD killed, then GC`, () => {
    const before = warm();
    for (const n of [1, 3, 9, 15, 20]) {
      assert.ok(killedAt('sendto', n, list, list.plugins[0]!, 'ADD', undefined), `message ${n} is not reached`);
      gcAll(list, target, []);
      assert.is(picture(['c1']), before, `killed at message ${n}`);
    }
  });

  test(`${backend}: DEL killed, then DEL again`, () => {
    const before = warm();
    for (const plugin of list.plugins) {
      for (let n = 1; ; n += 5) {
        const result = addAll(list, target);
        const killed = killedAt('sendto', n, list, plugin, 'DEL', result);
        delAll(list, target, result);
        assert.is(picture(['c1']), before, `${plugin.type} killed at message ${n}`);
        if (!killed) break;
      }
    }
  });

  test('an ADD that fails half way leaves the node as it was', () => {
    const [bridge, portmap] = list.plugins;
    delAll(list, target, addAll(list, target));
    const before = picture(['c1']);
    const fails = (plugin: Conflist['plugins'][number], prevResult?: unknown): void => {
      assert.throws(() => callPlugin(list, plugin, 'ADD', target, prevResult), (error: unknown) => error instanceof PluginFailed);
    };
    fails({ ...bridge!, ipam: { type: 'host-local', subnet: '192.0.2.0/24', rangeStart: '192.0.2.9', rangeEnd: '192.0.2.9', gateway: '192.0.2.9' } });
    fails({ ...bridge!, ipMasqBackend: 'ipfw' });
    assert.is(picture(['c1']), before);
    const result = addAll({ ...list, plugins: [bridge!] }, target);
    const attached = picture(['c1']);
    fails(bridge!);
    fails({ ...portmap!, capabilities: {}, runtimeConfig: { portMappings: [{ hostPort: 80, containerPort: 70_000, protocol: 'tcp' }] } }, result);
    assert.is(picture(['c1']), attached);
    delAll(list, target, result);
    assert.is(picture(['c1']), before);
  });

  test.after(() => deleteNetns('c1'));
  test.run();
}
