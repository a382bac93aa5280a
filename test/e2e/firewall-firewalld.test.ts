// firewall with the real firewalld, on a bus and in namespaces of the test's own, beside the reference's program.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { firewalldOverBus } from '../../host/kernel/live/firewalld.ts';
import { call, count, dualStack, filterRules, messageOf, must } from '../support/firewall-calls.ts';
import { addNetns, BIN, has, REFERENCE_191, sh, skip } from '../support/node.ts';
import { ownBus } from '../support/own-firewalld.ts';

for (const program of ['firewalld', 'dbus-daemon', 'dbus-send']) if (!has(program)) skip(`there is no ${program}`);
if (!existsSync(`${REFERENCE_191}/firewall`)) skip(`no reference plugins in ${REFERENCE_191}`);

const BOTH = [REFERENCE_191, BIN];
const SOURCES = ['192.0.2.5/32', '2001:db8::5/128'];
const boundIn = (zone: string): string[] => firewalldOverBus().query(zone, SOURCES).bound;
const bus = await ownBus();
addNetns('c1');

test('a bus without firewalld: iptables is the choice, and firewalld by name the reference\'s error', async () => {
  await must(BIN, 'ADD', dualStack());
  assert.is(count(filterRules(), '-j ACCEPT\n'), 4);
  await must(BIN, 'DEL', dualStack());
  const conf = dualStack({ backend: 'firewalld' });
  assert.is(messageOf(await call(BIN, 'ADD', conf)), messageOf(await call(REFERENCE_191, 'ADD', conf)));
  assert.is(messageOf(await call(BIN, 'CHECK', conf)), messageOf(await call(REFERENCE_191, 'CHECK', conf)));
  // Whoever calls firewalld may start it.
  await must(BIN, 'STATUS', { ...conf, prevResult: undefined });
});

test('firewalld comes up', () => bus.startFirewalld());

for (const conf of [dualStack(), dualStack({ backend: '' }), dualStack({ backend: 'firewalld', firewalldZone: 'work' })]) {
  const zone = String(conf['firewalldZone'] ?? 'trusted');
  for (const [i, bin] of BOTH.entries()) {
    test(`backend ${String(conf['backend'] ?? 'not given')}, ${i === 0 ? 'theirs' : 'ours'}: bound to ${zone}, checked by both, and taken out by the other`, async () => {
      const result = await must(bin, 'ADD', conf);
      assert.equal(result['ips'], (conf['prevResult'] as { ips: object[] }).ips);
      assert.equal(boundIn(zone), SOURCES);
      // 1.x goes there, 2.x comes back.
      assert.match(sh('nft', 'list', 'ruleset'), new RegExp(`ip saddr 192\\.0\\.2\\.5 (goto|jump) filter_IN_${zone}\\n`));
      assert.is(count(filterRules(), '-j ACCEPT\n'), 0);
      for (const other of BOTH) await must(other, 'CHECK', conf);
      await must(bin, 'ADD', conf);
      await must(BOTH[1 - i]!, 'DEL', conf);
      assert.equal(boundIn(zone), []);
      await must(bin, 'DEL', conf);
    });
  }
}

test('refused in the same words', async () => {
  const wrong = dualStack({ firewalldZone: 'nowhere' });
  assert.is(messageOf(await call(BIN, 'ADD', wrong)), messageOf(await call(REFERENCE_191, 'ADD', wrong)));
  await must(BIN, 'DEL', wrong);
  await must(BIN, 'ADD', dualStack());
  const other = dualStack({ firewalldZone: 'drop' });
  assert.is(messageOf(await call(BIN, 'ADD', other)), messageOf(await call(REFERENCE_191, 'ADD', other)));
  assert.equal(boundIn('trusted'), SOURCES);
  await must(BIN, 'DEL', dualStack());
});

test('an ADD that fails after the first source leaves none', async () => {
  firewalldOverBus().add('work', SOURCES.slice(1));
  assert.match(String(messageOf(await call(BIN, 'ADD', dualStack()))), 'failed to add the address 2001:db8::5/128 to trusted zone: ZONE_CONFLICT');
  assert.equal(boundIn('trusted'), []);
  firewalldOverBus().remove('work', SOURCES);
});

test('CHECK sees that a source is not bound (the reference does not look at the answer)', async () => {
  await must(REFERENCE_191, 'CHECK', dualStack());
  assert.is(messageOf(await call(BIN, 'CHECK', dualStack())), 'failed to find the address 192.0.2.5/32 in trusted zone');
});

test('DEL without prevResult takes the sources out (the reference leaves them)', async () => {
  const left = [];
  for (const bin of BOTH) {
    await must(bin, 'ADD', dualStack());
    await must(bin, 'DEL', { ...dualStack(), prevResult: undefined });
    left.push(boundIn('trusted').length);
    firewalldOverBus().remove('trusted', SOURCES);
  }
  assert.equal(left, [2, 0]);
});

test('a policy is made with iptables beside it, and the addresses are not', async () => {
  const conf = dualStack({ ingressPolicy: 'same-bridge' });
  const rules = [];
  for (const bin of BOTH) {
    for (const program of ['iptables', 'ip6tables']) for (const option of ['-F', '-X']) sh(program, option);
    await must(bin, 'ADD', conf);
    rules.push(filterRules());
    await must(bin, 'DEL', conf);
  }
  assert.match(rules[0]!, '-i cni0 ! -o cni0');
  assert.is(rules[1], rules[0]);
});

test('DEL and GC succeed when firewalld is gone', async () => {
  await must(BIN, 'ADD', dualStack({ backend: 'firewalld' }));
  await bus.stopFirewalld();
  await must(BIN, 'DEL', dualStack({ backend: 'firewalld' }));
  await must(BIN, 'GC', { ...dualStack({ backend: 'firewalld' }), prevResult: undefined, 'cni.dev/valid-attachments': [] });
});

test.after(() => bus.stop());
test.run();
