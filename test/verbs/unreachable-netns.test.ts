// The container's namespace cannot be entered: only what says that it is gone lets DEL go on without it and forget what was made there.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError, CODE } from '../../host/cni-error.ts';
import { del } from '../../host/verbs/del.ts';
import type { Host } from '../../host/verbs/host.ts';
import { blueChain, chainOf, fakeNode } from '../support/fake-host.ts';

const plugins = blueChain('nftables').slice(0, 1);

const refusing = (host: Host, errno: string): Host => ({
  ...host,
  openKernel(netns) {
    if (netns === '') return host.openKernel('');
    throw new CniError(CODE.plugin, `failed to open netns "${netns}": ${errno}`, { errno });
  },
});

for (const errno of ['EACCES', 'EPERM', 'EMFILE', 'ENFILE', 'ENOMEM', 'EIO']) {
  test(`${errno}: DEL fails, nothing is taken back nor forgotten, and the next one does all of it`, () => {
    const node = fakeNode();
    node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
    const before = node.picture();
    const prevResult = node.add(chainOf('ADD', plugins));
    const attached = node.picture();
    assert.throws(() => del(refusing(node.host, errno), chainOf('DEL', plugins, { prevResult })),
      (error: unknown) => error instanceof CniError && error.code === CODE.plugin && error.message === `failed to open netns "/run/netns/c1": ${errno}`);
    assert.is(node.picture(), attached);
    node.del(chainOf('DEL', plugins, { prevResult }));
    assert.is(node.picture(), before);
    node.remove();
  });
}

for (const errno of ['ENOENT', 'ENOTDIR', 'ESRCH', 'EINVAL']) {
  test(`${errno}: DEL goes on without it`, () => {
    const node = fakeNode();
    node.del(chainOf('DEL', plugins, { prevResult: node.add(chainOf('ADD', plugins)) }));
    const before = node.picture();
    const prevResult = node.add(chainOf('ADD', plugins));
    del(refusing(node.host, errno), chainOf('DEL', plugins, { prevResult }));
    assert.is(node.picture(), before);
    node.remove();
  });
}

test.run();
