// The namespace is there, but the process may not enter it or has no file to spare: that DEL fails, and the next one takes all of it back.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BIN, inNetns } from '../support/node.ts';
import { bridge, list } from './scenes.ts';
import { add, C1, del, fresh, nodePicture, notes } from './switch-node.ts';

const CHAIN = list(bridge({ ipMasq: true, ipMasqBackend: 'nftables' }));

for (const fault of ['setns:error=EPERM', 'setns:error=EMFILE', 'statfs:error=EACCES', 'statfs:error=ENFILE']) {
  test(fault, () => {
    fresh('c1');
    const result = add('ours', CHAIN, C1);
    const [attached, noted] = [nodePicture('c1'), notes()];
    const conf = JSON.stringify({ ...CHAIN.plugins[0], cniVersion: '1.1.0', name: 'blue', prevResult: result });
    const env = { PATH: process.env['PATH']!, CNI_COMMAND: 'DEL', CNI_CONTAINERID: 'c1', CNI_NETNS: C1.netns, CNI_IFNAME: 'eth0', CNI_PATH: BIN };
    const { status, stdout } = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', '-P', C1.netns, '-e', `inject=${fault}`, `${BIN}/bridge`], { input: conf, env, encoding: 'utf8' });
    assert.is(status, 1, stdout);
    assert.match(stdout, /"msg": "failed to open netns \\"\/run\/netns\/c1\\"/);
    assert.is(nodePicture('c1'), attached);
    assert.equal(notes(), noted);
    del('ours', CHAIN, C1, result);
    assert.equal(notes(), []);
    assert.not.match(inNetns('c1', 'ip', '-o', 'link'), /eth0/);
    fresh();
  });
}

test.run();
