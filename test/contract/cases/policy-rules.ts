// Contract: routing policy rules.
// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { refuses, type Cases } from '../case.ts';

export const policyRuleCases: Cases = {
  'a fresh namespace has the kernel\'s own rules'(kernel) {
    assert.equal(kernel.policyRule.list('container', 'ip'), [
      { family: 'ip', priority: 0, table: 255 }, { family: 'ip', priority: 32766, table: 254 }, { family: 'ip', priority: 32767, table: 253 },
    ]);
    assert.equal(kernel.policyRule.list('container', 'ip6'), [{ family: 'ip6', priority: 0, table: 255 }, { family: 'ip6', priority: 32766, table: 254 }]);
  },

  'a rule has its place by priority'(kernel) {
    kernel.policyRule.add('container', { family: 'ip', table: 100, priority: 1000, from: '10.1.0.5/32', to: '192.0.2.0/24' });
    kernel.policyRule.add('container', { family: 'ip', table: 101, priority: 500 });
    assert.equal(kernel.policyRule.list('container', 'ip').slice(1, 3), [
      { family: 'ip', priority: 500, table: 101 },
      { family: 'ip', priority: 1000, table: 100, from: '10.1.0.5/32', to: '192.0.2.0/24' },
    ]);
    kernel.policyRule.add('container', { family: 'ip6', table: 1000, priority: 1000, from: '2001:db8::5/128' });
    assert.equal(kernel.policyRule.list('container', 'ip6')[1], { family: 'ip6', priority: 1000, table: 1000, from: '2001:db8::5/128' });
  },

  'a rule without priority goes before all but the first'(kernel) {
    kernel.policyRule.add('container', { family: 'ip', table: 100, from: '10.1.0.5/32' });
    kernel.policyRule.add('container', { family: 'ip', table: 101, from: '10.1.0.6/32' });
    assert.equal(kernel.policyRule.list('container', 'ip').map(({ priority }) => priority), [0, 32764, 32765, 32766, 32767]);
    assert.is(kernel.policyRule.list('container', 'ip')[1]!.table, 101);
  },

  'an equal rule is EEXIST'(kernel) {
    const rule = { family: 'ip', table: 100, priority: 1000, from: '10.1.0.5/32' } as const;
    kernel.policyRule.add('container', rule);
    refuses(() => kernel.policyRule.add('container', rule), 'EEXIST');
    kernel.policyRule.add('container', { ...rule, table: 101 });
  },

  'a rule is deleted with or without its priority'(kernel) {
    kernel.policyRule.add('container', { family: 'ip', table: 100, priority: 1000, from: '10.1.0.5/32' });
    kernel.policyRule.add('container', { family: 'ip', table: 100, priority: 1001, from: '10.1.0.5/32' });
    kernel.policyRule.delete('container', { family: 'ip', table: 100, priority: 1001, from: '10.1.0.5/32' });
    kernel.policyRule.delete('container', { family: 'ip', table: 100, from: '10.1.0.5/32' });
    assert.is(kernel.policyRule.list('container', 'ip').length, 3);
  },

  'a rule that is not there is ENOENT'(kernel) {
    kernel.policyRule.add('container', { family: 'ip', table: 100, priority: 1000, from: '10.1.0.5/32' });
    refuses(() => kernel.policyRule.delete('container', { family: 'ip', table: 100, priority: 1000, from: '10.1.0.6/32' }), 'ENOENT');
    refuses(() => kernel.policyRule.delete('container', { family: 'ip', table: 101, priority: 1000, from: '10.1.0.5/32' }), 'ENOENT');
    refuses(() => kernel.policyRule.delete('container', { family: 'ip6', table: 100 }), 'ENOENT');
  },
};
