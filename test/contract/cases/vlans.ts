// Contract: VLANs of bridge ports. A kernel that was built without them says so, and that is then what the case holds it to.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { KernelError } from '../../../host/kernel/kernel-error.ts';
import type { Kernel } from '../../../host/kernel/kernel.ts';
import { makeVeth, refuses, type Cases } from '../case.ts';

const DEFAULT = [{ id: 1, pvid: true, untagged: true }];

/** A bridge with a port. Undefined on a kernel without CONFIG_BRIDGE_VLAN_FILTERING, by its own word; then no port can have VLANs either. */
function filteringPort(kernel: Kernel): number | undefined {
  const { veth1 } = makeVeth(kernel);
  try {
    kernel.link.set('host', veth1, { master: kernel.link.create('host', { kind: 'bridge', name: 'cni0', vlanFiltering: true }) });
    return veth1;
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== 'EOPNOTSUPP') throw error;
    console.log(`VLANs of bridge ports are not looked at: ${error.message}`);
    kernel.link.set('host', veth1, { master: kernel.link.create('host', { kind: 'bridge', name: 'cni0' }) });
    refuses(() => kernel.link.set('host', veth1, { vlans: [{ id: 100 }] }), 'EOPNOTSUPP');
    assert.equal(kernel.link.vlans('host', veth1), []);
    return undefined;
  }
}

export const vlanCases: Cases = {
  'a new port is in VLAN 1, and without its bridge in none'(kernel) {
    const port = filteringPort(kernel);
    if (port === undefined) return;
    assert.equal(kernel.link.vlans('host', port), DEFAULT);
    kernel.link.set('host', port, { master: null });
    assert.equal(kernel.link.vlans('host', port), []);
    refuses(() => kernel.link.set('host', port, { vlans: [{ id: 100 }] }), 'EOPNOTSUPP');
  },

  'VLANs become exactly those given'(kernel) {
    const port = filteringPort(kernel);
    if (port === undefined) return;
    const set = (...vlans: Parameters<typeof kernel.link.set>[2]['vlans'] & object): unknown => {
      kernel.link.set('host', port, { vlans });
      return kernel.link.vlans('host', port);
    };
    assert.equal(set({ id: 100, pvid: true, untagged: true }), [{ id: 100, pvid: true, untagged: true }]);
    assert.equal(set({ id: 5, last: 7 }, { id: 8 }, { id: 1, pvid: true, untagged: true }), [...DEFAULT, { id: 5, last: 8 }]);
    assert.equal(set({ id: 6, untagged: true }, { id: 5, last: 6 }), [{ id: 5, last: 6 }], 'the later entry counts');
    assert.equal(set(...DEFAULT, { id: 2, pvid: true }), [{ id: 1, untagged: true }, { id: 2, pvid: true }], 'there is one PVID');
    assert.equal(set({ id: 1, last: 4094 }), [{ id: 1, last: 4094 }]);
    assert.equal(set(), []);
  },

  'what is no VLAN is EINVAL, what is no port EOPNOTSUPP'(kernel) {
    const port = filteringPort(kernel);
    if (port === undefined) return;
    refuses(() => kernel.link.set('host', port, { vlans: [{ id: 4095 }] }), 'EINVAL');
    refuses(() => kernel.link.set('host', port, { vlans: [{ id: 5, last: 6, pvid: true }] }), 'EINVAL');
    refuses(() => kernel.link.set('container', 1, { vlans: [{ id: 5 }] }), 'EOPNOTSUPP');
    assert.equal(kernel.link.vlans('host', port), DEFAULT);
  },
};
