// `ctr run --cni`: DEL always comes after the container's process has died, with no namespace; nothing is left, as the reference leaves masquerading.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IMAGE } from '../support/busybox-image.ts';
import { containerd, needsContainerd } from '../support/containerd.ts';
import { nodeState } from '../support/left.ts';
import { BIN } from '../support/node.ts';
import { CHAINS } from '../support/pod-networks.ts';

needsContainerd();
const node = containerd(BIN);

test.before(async () => {
  // ctr looks nowhere else; both folders are this file's own.
  symlinkSync(BIN, '/opt/cni/bin');
  mkdirSync('/etc/cni/net.d');
  node.writeConflist(CHAINS['five executions']);
  await node.start();
});

test.after(() => node.remove());

/** Without shares: the hierarchy of this file's own has no CPU controller. */
const run = (name: string): string => node.ctr('run', '--rm', '--cni', '--snapshotter', 'native', '--cpu-shares', '0', IMAGE, name, '/bin/busybox', 'ip', '-o', 'addr', 'show', 'eth0');

for (const [chain, conflist] of Object.entries(CHAINS)) {
  test(`${chain}: a container that ends by itself`, () => {
    writeFileSync('/etc/cni/net.d/10-blue.conflist', JSON.stringify(conflist));
    run('first');
    const before = nodeState();
    const addresses = run('second');
    assert.match(addresses, /inet 192\.0\.2\.\d+\/24/);
    assert.match(addresses, /inet6 2001:db8::[0-9a-f]+\/64/);
    assert.is(nodeState(), before);
  });
}

test.run();
