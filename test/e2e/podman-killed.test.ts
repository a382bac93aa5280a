// A plugin is killed below podman, which takes the chain down after ADD and never comes back after DEL.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { delAll, parseConflist, type Target } from '../../host/cli/run-conflist.ts';
import { PAGE } from '../support/busybox-image.ts';
import { nodeState } from '../support/left.ts';
import { BIN, sh } from '../support/node.ts';
import { pageOf } from '../support/page.ts';
import { ENVIRONMENT, folder, leavesNothing, needsPodman, OPTIONS, podman, removed, removePodman, runWeb, setUpPodman } from '../support/podman.ts';
import { wrapPlugin } from '../support/wrapped-plugin.ts';

needsPodman('strace');
test.before(setUpPodman);
test.after(removePodman);

test('a plugin killed in ADD: podman takes the chain down, and the next run succeeds', () => leavesNothing('green', () => {
  for (const [plugin, syscall, n] of [['bridge', 'sendto', 9], ['portmap', 'write', 5]] as const) {
    const { killNext, fired } = wrapPlugin(join(folder, 'bin'), BIN, plugin);
    killNext('ADD', syscall, n);
    assert.throws(() => runWeb('hit', '--network', 'green', '-p', '8080:80'), /signal: killed|exit status 137/);
    assert.ok(fired());
    removed('hit');
  }
  runWeb('hit', '--network', 'green', '-p', '8080:80');
  removed('hit');
}));

const conflistOfGreen = join(folder, 'net.d/green.conflist');
const green = () => parseConflist(readFileSync(conflistOfGreen, 'utf8'));
const byHand = (containerId: string, netns: string): Target => ({ containerId, netns, ifname: 'eth0', path: [BIN], env: { PATH: process.env['PATH']! } });
/** Without prevResult, as podman has forgotten it. */
const TAKEN_AWAY = {
  'DEL with a namespace that is gone': (id: string) => delAll(green(), byHand(id, '/run/netns/gone')),
  'DEL without a namespace': (id: string) => delAll(green(), byHand(id, '')),
  GC: (_: string, lives: string) => sh(join(BIN, 'cni-wasm'), 'run', 'gc', conflistOfGreen, `${lives}/eth0`),
};

for (const [how, takeAway] of Object.entries(TAKEN_AWAY)) {
  test(`a plugin killed in DEL: podman never comes back to it, and ${how} takes away what stayed`, () => leavesNothing('green', async () => {
    const lives = runWeb('lives', '--network', 'green', '-p', '8081:80');
    const alive = nodeState();
    for (const [plugin, syscall, n] of [['portmap', 'write', 1], ['bridge', 'sendto', 2], ['bridge', 'sendto', 6]] as const) {
      const { killNext, fired } = wrapPlugin(join(folder, 'bin'), BIN, plugin);
      const id = runWeb('hit', '--network', 'green', '-p', '8080:80');
      killNext('DEL', syscall, n);
      spawnSync('podman', [...OPTIONS, 'rm', '-f', '-t', '0', 'hit'], { env: ENVIRONMENT });
      assert.ok(fired());
      assert.is(podman('ps', '-a', '-q', '--no-trunc'), lives);
      assert.match(nodeState(), id);
      takeAway(id, lives);
      // libcni's own file is podman's to remove, which it does not.
      rmSync(`/var/lib/cni/results/green-${id}-eth0`, { force: true });
      assert.is(nodeState(), alive, `${plugin} killed at ${syscall} ${n}`);
    }
    assert.is(await pageOf('127.0.0.1', 8081), PAGE);
    removed('lives');
  }));
}

test.run();
