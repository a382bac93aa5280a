// Routes and policy rules as a module changes them, taken back: the namespace is as before, and what was others' is theirs still.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_GRANTS } from '../../host/grant/grants.ts';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import type { Kernel } from '../../host/kernel/kernel.ts';
import { openLibc } from '../../host/kernel/live/libc.ts';
import { liveKernel } from '../../host/kernel/live/live-kernel.ts';
import { carryOut, type Undo } from '../../host/ledger/undo.ts';
import type { Call } from '../../host/ops/call.ts';
import { newHandles } from '../../host/ops/handles.ts';
import { policyRuleOps } from '../../host/ops/policy-rule.ts';
import { routeOps } from '../../host/ops/route.ts';
import { upVeth } from '../contract/case.ts';
import { addNetns, deleteNetns, inNetns } from '../support/node.ts';

const libc = openLibc();

interface Container { kernel: Kernel; call: Call; link: number; ip(...args: string[]): string }

/** eth0 with an address of each family; `there` is done before, `act` is the module's, and then all of it is taken back. */
function comesBack(name: string, there: (container: Container) => void, act: (container: Container) => void): void {
  test(name, () => {
    const kernel = liveKernel(libc, addNetns('c1'));
    try {
      const { eth0 } = upVeth(kernel);
      for (const address of ['10.1.0.5/24', '2001:db8::5/64']) kernel.addr.add('container', eth0, address);
      const undos: Undo[] = [];
      const handles = newHandles();
      const call = {
        verb: 'ADD', module: 'acme', plugin: 'acme', kernel, handles, grants: { ...NO_GRANTS, route: ['container'], rule: ['container'] },
        journal: { intend: (_plugin: string, undo: Undo) => undos.push(undo) - 1, refused: (i: number) => delete undos[i] },
      } as unknown as Call;
      const link = handles.mint({ ns: 'container', index: eth0, name: 'eth0', kind: 'veth', right: 'own' });
      const container: Container = { kernel, call, link, ip: (...args) => inNetns('c1', 'ip', ...args) };
      there(container);
      const picture = (): string => [['route'], ['-6', 'route'], ['rule'], ['-6', 'rule']].map((args) => container.ip(...args)).join('');
      const before = picture();
      act(container);
      assert.is.not(picture(), before);
      for (const { inverse } of undos.filter(Boolean).toReversed()) carryOut(inverse, { kernel, tables: undefined!, openStore: undefined! });
      assert.is(picture(), before);
    } finally {
      kernel.close();
      deleteNetns('c1');
    }
  });
}

comesBack('a route that was taken away by its destination alone', ({ ip }) => ip('route', 'add', '192.0.2.0/24', 'via', '10.1.0.1', 'metric', '7', 'proto', 'static', 'mtu', '1300'),
  ({ call, link }) => routeOps['route.delete'](call, { link, dst: '192.0.2.0/24' }));

comesBack('one of IPv6', ({ ip }) => ip('-6', 'route', 'add', '2001:db8:1::/64', 'via', '2001:db8::1', 'metric', '7', 'proto', 'static'),
  ({ call }) => routeOps['route.delete'](call, { dst: '2001:db8:1:0::/64' }));

comesBack('a route beside the kernel\'s own to the same network', () => undefined, ({ call, link }) => routeOps['route.add'](call, { link, dst: '2001:db8::/64' }));

test('the inverse says a new route in the kernel\'s words, which CHECK looks for', () => {
  const kernel = liveKernel(libc, addNetns('c1'));
  try {
    const { eth0 } = upVeth(kernel);
    kernel.addr.add('container', eth0, '2001:db8::5/64');
    const said: Undo['inverse'][] = [];
    const call = {
      plugin: 'acme', module: 'acme', kernel, handles: newHandles(), grants: { ...NO_GRANTS, route: ['container'] },
      journal: { intend: (_plugin: string, { inverse }: Undo) => said.push(inverse) - 1 },
    } as unknown as Call;
    routeOps['route.add'](call, { dst: '2001:DB8:1:0::/64', gw: '2001:db8:0::1' });
    const [inverse] = said;
    const listed = kernel.route.list('container').find(({ gw }) => gw !== undefined)!;
    assert.equal(inverse?.do === 'delete route' && { dst: inverse.route.dst, gw: inverse.route.gw }, { dst: listed.dst, gw: listed.gw });
  } finally {
    kernel.close();
    deleteNetns('c1');
  }
});

comesBack('a rule that was taken away without its priority', ({ ip }) => ip('rule', 'add', 'from', '10.1.0.5', 'lookup', '1000', 'priority', '90'),
  ({ call }) => policyRuleOps['rule.delete'](call, { family: 'ip', from: '10.1.0.5/32', to: '0.0.0.0/0', table: 1000 }));

test('in place of a rule no other goes that looks at more', () => {
  const kernel = liveKernel(libc, addNetns('c1'));
  try {
    const rule = { family: 'ip', from: '10.1.0.5/32', table: 1000, priority: 90 } as const;
    inNetns('c1', 'ip', 'rule', 'add', 'from', '10.1.0.5', 'fwmark', '0x7', 'lookup', '1000', 'priority', '90');
    kernel.policyRule.add('container', rule);
    assert.equal(kernel.policyRule.list('container', 'ip').filter(({ table }) => table === 1000), [rule]);
    assert.throws(() => kernel.policyRule.delete('container', rule), (error: unknown) => error instanceof KernelError && error.errno === 'EBUSY');
    assert.is(inNetns('c1', 'ip', 'rule', 'show', 'priority', '90').trim().split('\n').length, 2);
    inNetns('c1', 'ip', 'rule', 'delete', 'fwmark', '0x7', 'priority', '90');
    kernel.policyRule.delete('container', rule);
    assert.is(inNetns('c1', 'ip', 'rule', 'show', 'priority', '90').trim(), '');
  } finally {
    kernel.close();
    deleteNetns('c1');
  }
});

test.run();
