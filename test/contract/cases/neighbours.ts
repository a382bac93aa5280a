// Contract: permanent neighbours.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import type { Kernel, Neigh } from '../../../host/kernel/kernel.ts';
import { makeVeth, refuses, upVeth, type Cases } from '../case.ts';

const MAC = '02:00:00:00:00:05';
const PERMANENT = 0x80;
const permanent = (kernel: Kernel, index: number): Neigh[] => kernel.neigh.list('container', index).filter(({ state }) => state === PERMANENT);

export const neighbourCases: Cases = {
  'neighbours are listed by link, IPv4 first'(kernel) {
    const { eth0 } = makeVeth(kernel);
    kernel.neigh.add('container', eth0, '2001:db8::7', MAC);
    kernel.neigh.add('container', eth0, '10.1.0.7', MAC);
    assert.equal(permanent(kernel, eth0), [
      { index: eth0, ip: '10.1.0.7', mac: MAC, state: PERMANENT }, { index: eth0, ip: '2001:db8::7', mac: MAC, state: PERMANENT },
    ]);
    assert.equal(permanent(kernel, 1), []);
  },

  'a known neighbour is EEXIST, an unknown one ENOENT, a link that is not there ENODEV'(kernel) {
    const { eth0 } = makeVeth(kernel);
    for (const [ip, other] of [['10.1.0.7', '10.1.0.8'], ['2001:db8::7', '2001:db8::8']] as const) {
      kernel.neigh.add('container', eth0, ip, MAC);
      refuses(() => kernel.neigh.add('container', eth0, ip, MAC), 'EEXIST');
      refuses(() => kernel.neigh.delete('container', eth0, other), 'ENOENT');
      refuses(() => kernel.neigh.add('container', 999, ip, MAC), 'ENODEV');
      refuses(() => kernel.neigh.delete('container', 999, ip), 'ENODEV');
    }
  },

  'a deleted neighbour is gone'(kernel) {
    const { eth0 } = makeVeth(kernel);
    kernel.neigh.add('container', eth0, '10.1.0.7', MAC);
    kernel.neigh.delete('container', eth0, '10.1.0.7');
    assert.equal(permanent(kernel, eth0), []);
  },

  'neighbours outlive up, and end with down and with another mac'(kernel) {
    const { eth0 } = upVeth(kernel);
    kernel.neigh.add('container', eth0, '10.1.0.7', MAC);
    kernel.link.set('container', eth0, { up: true });
    assert.is(permanent(kernel, eth0).length, 1);
    kernel.link.set('container', eth0, { mac: '02:00:00:00:00:99' });
    assert.equal(permanent(kernel, eth0), []);
    kernel.neigh.add('container', eth0, '10.1.0.7', MAC);
    kernel.link.set('container', eth0, { up: false });
    assert.equal(permanent(kernel, eth0), []);
  },
};
