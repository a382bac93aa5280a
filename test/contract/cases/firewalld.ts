// Contract: the sources of firewalld's zones. The cases need one that runs, with nothing of theirs in it.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import type { Firewalld } from '../../../host/kernel/firewalld.ts';
import { refuses } from '../case.ts';

const ONE = ['192.0.2.5/32'];
const BOTH = ['192.0.2.5/32', '2001:db8::5/128'];
const boundIn = (firewalld: Firewalld, zone: string): string[] => firewalld.query(zone, BOTH).bound;

export const firewalldCases: Readonly<Record<string, (firewalld: Firewalld) => void>> = {
  'what is bound is found, in its zone alone'(firewalld) {
    assert.equal(firewalld.query('trusted', BOTH), { bus: true, running: true, bound: [] });
    firewalld.add('trusted', ONE);
    assert.equal(boundIn(firewalld, 'trusted'), ONE);
    assert.equal(boundIn(firewalld, 'work'), []);
  },

  'binding again is fine, and adds what is missing'(firewalld) {
    firewalld.add('trusted', ONE);
    firewalld.add('trusted', BOTH);
    assert.equal(boundIn(firewalld, 'trusted'), BOTH);
  },

  'a source of another zone is refused'(firewalld) {
    firewalld.add('trusted', ONE);
    refuses(() => firewalld.add('work', BOTH), 'EFIREWALLD');
    assert.equal(boundIn(firewalld, 'trusted'), ONE);
  },

  'a zone that there is not is refused, and has no sources'(firewalld) {
    refuses(() => firewalld.add('nowhere', ONE), 'EFIREWALLD');
    assert.equal(boundIn(firewalld, 'nowhere'), []);
    firewalld.remove('nowhere', ONE);
  },

  'what is taken out is gone, and only from its zone'(firewalld) {
    firewalld.add('trusted', BOTH);
    firewalld.remove('work', BOTH);
    assert.equal(boundIn(firewalld, 'trusted'), BOTH);
    firewalld.remove('trusted', ONE);
    assert.equal(boundIn(firewalld, 'trusted'), BOTH.slice(1));
    firewalld.remove('trusted', BOTH);
    assert.equal(boundIn(firewalld, 'trusted'), []);
  },
};
