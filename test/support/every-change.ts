// The kernel refuses one change of ADD after the other: the node is as before, or an ADD that could do without the change ends in DEL.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { chainOf, fakeNode } from './fake-host.ts';

/** Returns how many changes there are. */
export function refuseEveryChange(plugins: readonly Record<string, unknown>[]): number {
  let changes = 0;
  const counting = fakeNode({ before: () => { changes++; } });
  counting.add(chainOf('ADD', plugins));
  counting.remove();
  for (let at = 1; at <= changes; at++) {
    let now = 0;
    const node = fakeNode({ before: (method) => { if (++now === at) throw new KernelError('ENOMEM', method); } });
    const before = node.picture();
    let failed: unknown;
    try {
      node.add(chainOf('ADD', plugins));
    } catch (error) {
      failed = error;
    }
    // Best-effort changes (sysctls, conntrack) may fail without failing the ADD.
    if (failed === undefined) node.del(chainOf('DEL', plugins));
    else {
      assert.instance(failed, CniError, `change ${at}`);
      assert.is(node.picture(), before, `change ${at} of ${changes}`);
    }
    node.remove();
  }
  return changes;
}
