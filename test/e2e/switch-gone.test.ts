// The reference made it, then something went: we end it from what is left, whether that is no CNI_NETNS, a namespace that is gone, or no prevResult.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, deleteNetns, skip } from '../support/node.ts';
import { add, C1, del, fresh, nodePicture, notes, type Container } from './switch-node.ts';
import { casesFor, listOf, MISSING, REFERENCES } from './switch-table.ts';

if (MISSING.length > 0) skip(`no reference plugins ${MISSING.join(' and ')}`);

interface Loss { netns: string; gone: boolean; forgotten: boolean }
const LOSSES: Record<string, Loss> = {
  'CNI_NETNS is empty, as containerd sends it later': { netns: '', gone: true, forgotten: false },
  'the namespace is gone': { netns: C1.netns, gone: true, forgotten: false },
  'no prevResult, as after a failed ADD': { netns: C1.netns, gone: false, forgotten: true },
  'neither namespace nor prevResult': { netns: '', gone: true, forgotten: true },
};

for (const version of REFERENCES) {
  for (const [what, one] of casesFor(version).filter(([name]) => /masqueraded|everything|static/.test(name))) {
    test(`${version}, ${what}: ${Object.keys(LOSSES).join('; ')}`, () => {
      fresh('c1');
      const list = listOf(version, one);
      for (const who of [version, 'ours'] as const) del(who, list, C1, add(who, list, C1));
      const before = nodePicture();
      for (const [loss, { netns, gone, forgotten }] of Object.entries(LOSSES)) {
        const result = add(version, list, C1);
        if (gone) deleteNetns('c1');
        const left: Container = { ...C1, netns };
        del('ours', list, left, forgotten ? undefined : result);
        assert.is(nodePicture(), before, loss);
        del('ours', list, left);
        if (gone) addNetns('c1');
      }
      assert.equal(notes(), []);
    });
  }
}

test.run();
