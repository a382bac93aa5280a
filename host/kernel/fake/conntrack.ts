// Connections of the fake kernel: a state can be given some, and they can be deleted.
// SPDX-License-Identifier: Apache-2.0

import type { ConntrackKernel } from '../kernel.ts';
import { namespaceOf, type FakeState } from './state.ts';

export const fakeConntrack = (state: FakeState): ConntrackKernel => ({
  delete(nsName, { family, proto, dports, daddr }) {
    const ns = namespaceOf(state, nsName, 'delete connections');
    const left = ns.conntrack.filter((entry) =>
      entry.family !== family || entry.proto !== proto || !dports.includes(entry.dport) || (daddr !== undefined && entry.daddr !== daddr));
    const deleted = ns.conntrack.length - left.length;
    ns.conntrack = left;
    return deleted;
  },
});
