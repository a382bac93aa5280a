// A node whose disk is full: what ends must end all the same, since it may be what gives the space back; what cannot begin says which file it was.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, callPlugin, delAll, PluginFailed, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, files, picture, sh } from '../support/node.ts';

const netns = addNetns('c1');
test.after(() => deleteNetns('c1'));

const ROOT = '/run/small';
const container: Target = {
  containerId: 'c1', netns, ifname: 'eth0', path: [BIN],
  capabilityArgs: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }], bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 1e7, egressBurst: 1e7 } },
};
const list: Conflist = {
  cniVersion: '1.1.0', name: 'blue',
  plugins: [
    { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipMasqBackend: 'nftables', ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } },
    { type: 'portmap', backend: 'nftables', capabilities: { portMappings: true } },
    { type: 'bandwidth', capabilities: { bandwidth: true } },
    { type: 'tuning', mtu: 1400, dataDir: `${ROOT}/tuning` },
  ],
};

// A lock is a file, so of those there must be some in /run, which is in memory.
for (const [what, options, run] of [['bytes', 'size=256k', `${ROOT}/run`], ['files', 'nr_inodes=40', '/run/large']] as const) {
  test(`without ${what} left, DEL of a chain of executions succeeds and leaves nothing; ADD names the file`, () => {
    const target = { ...container, env: { CNI_WASM_STATE: `${ROOT}/state`, CNI_WASM_RUN: run, CNI_WASM_LEASES: `${ROOT}/leases` } };
    mkdirSync(ROOT, { recursive: true });
    sh('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', ROOT);
    try {
      delAll(list, target, addAll(list, target));
      const before = picture(['c1']);
      const result = addAll(list, target);
      fill(what);
      assert.throws(() => callPlugin(list, list.plugins[0]!, 'ADD', { ...target, containerId: 'c2', ifname: 'eth1' }), (error: unknown) => {
        assert.instance(error, PluginFailed);
        assert.match((error as PluginFailed).answer.stdout, new RegExp(`\\\\"${ROOT}/[^"]*\\\\": ENOSPC`));
        return true;
      });
      delAll(list, target, result);
      assert.is(picture(['c1']), before);
      assert.equal([...files(`${ROOT}/state`), ...files(run), ...files(`${ROOT}/leases`), ...files(`${ROOT}/tuning`)], []);
    } finally {
      sh('umount', ROOT);
    }
  });
}

/** Until nothing more can be written, or made. */
function fill(what: 'bytes' | 'files'): void {
  for (let i = 0; ; i++) {
    try {
      writeFileSync(`${ROOT}/filler${what === 'bytes' ? '' : i}`, what === 'bytes' ? 'x' : '', { flag: 'a' });
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, 'ENOSPC');
      return;
    }
  }
}

test.run();
