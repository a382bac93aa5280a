// firewall with iptables where the reference is wrong: each of its faults, seen on it, and that it is not ours.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { call, count, dualStack, filterRules, flushAll, messageOf, must, prevResult, type Conf } from '../support/firewall-calls.ts';
import { addNetns, BIN, REFERENCE_191, sh, skip } from '../support/node.ts';

if (!existsSync(`${REFERENCE_191}/firewall`)) skip(`no reference plugins in ${REFERENCE_191}`);

const BOTH = [REFERENCE_191, BIN];

test.before(() => void addNetns('c1'));
test.before.each(() => {
  flushAll();
  sh('sh', '-c', 'rm -rf /var/lib/cni-wasm/* /run/cni-wasm/*');
});

test('20 ADDs at once on a fresh node make every shared rule once (the reference inserts it several times, or fails)', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
  const of = (name: string): Conf => ({ ...dualStack({ ingressPolicy: 'same-bridge' }), prevResult: prevResult('cni0', `192.0.2.${10 + Number(name.slice(1))}/24`) });
  const added = await Promise.all(names.map((name) => call(BIN, 'ADD', of(name), name)));
  assert.equal(added.filter(({ status }) => status !== 0).map(messageOf), []);
  const rules = filterRules();
  for (const shared of ['-j CNI-FORWARD\n', '-j CNI-ADMIN\n', '-j CNI-ISOLATION-STAGE-1\n', '-j CNI-ISOLATION-STAGE-2\n']) assert.is(count(rules, shared), 1, shared);
  assert.is(count(rules, '-j ACCEPT\n'), 20 * 2);
  await Promise.all(names.map((name) => must(BIN, 'DEL', of(name), name)));
  assert.is(count(filterRules(), '-j ACCEPT\n'), 0);
});

test('DEL without prevResult takes the rules of the addresses away (the reference leaves them)', async () => {
  const conf = dualStack();
  const left = [];
  for (const bin of BOTH) {
    flushAll();
    await must(bin, 'ADD', conf);
    await must(bin, 'DEL', { ...conf, prevResult: undefined });
    left.push(count(filterRules(), '-j ACCEPT\n'));
  }
  assert.equal(left, [4, 0]);
});

test('CHECK on a node without chains makes none (the reference makes them)', async () => {
  const made = [];
  for (const bin of BOTH) {
    flushAll();
    await call(bin, 'CHECK', dualStack());
    made.push(count(filterRules(), ':CNI-'));
  }
  assert.equal(made, [2, 0]);
});

test('CHECK sees that the policy is gone (the reference does not look)', async () => {
  const conf = dualStack({ ingressPolicy: 'isolated' });
  await must(BIN, 'ADD', conf);
  sh('ip6tables', '-D', 'CNI-ISOLATION-STAGE-2', '1');
  await must(REFERENCE_191, 'CHECK', conf);
  assert.is(messageOf(await call(BIN, 'CHECK', conf)),
    'expected CNI-ISOLATION-STAGE-2 rule [-o cni0 -m comment --comment CNI firewall plugin rules (ingressPolicy: same-bridge|isolated) -j DROP] not found');
});

test('a policy that is refused has changed nothing (the reference has let the addresses through already)', async () => {
  const accepted = [];
  for (const bin of BOTH) {
    flushAll();
    await call(bin, 'ADD', dualStack({ ingressPolicy: 'closed' }));
    accepted.push(count(filterRules(), '-j ACCEPT\n'));
  }
  assert.equal(accepted, [4, 0]);
});

test('DEL succeeds with a configuration that ADD would refuse (the reference fails)', async () => {
  const conf = dualStack({ ingressPolicy: 'closed' });
  assert.is((await call(REFERENCE_191, 'DEL', conf)).status, 1);
  await must(BIN, 'DEL', conf);
  await must(BIN, 'DEL', dualStack({ backend: 'firewalld' }));
});

test('an ADD that fails in the second family has changed nothing', async () => {
  // A loop: ip6tables refuses the jump that would close it.
  sh('ip6tables', '-t', 'filter', '-N', 'CNI-FORWARD');
  sh('ip6tables', '-t', 'filter', '-N', 'CNI-ADMIN');
  sh('ip6tables', '-A', 'CNI-ADMIN', '-j', 'CNI-FORWARD');
  const before = filterRules();
  assert.is((await call(BIN, 'ADD', dualStack())).status, 1);
  assert.is(count(filterRules(), 'CNI-FORWARD'), count(before, 'CNI-FORWARD'));
});

test('GC takes away the rules of attachments that are not listed', async () => {
  const conf = dualStack();
  await must(BIN, 'ADD', conf);
  const gc = (valid: unknown): Promise<Conf> => must(BIN, 'GC', { ...conf, prevResult: undefined, 'cni.dev/valid-attachments': valid });
  await gc([{ containerID: 'c1', ifname: 'eth0' }]);
  assert.is(count(filterRules(), '-j ACCEPT\n'), 4);
  await gc([]);
  assert.is(count(filterRules(), '-j ACCEPT\n'), 0);
});

test('the configuration cannot make a built-in chain the admin chain', async () => {
  const answer = await call(BIN, 'ADD', dualStack({ iptablesAdminChainName: 'INPUT' }));
  assert.match(String(messageOf(answer)), 'of chain "INPUT" in table "filter" is not granted');
  assert.not.match(JSON.stringify(answer), 'grants +=', 'no grant would allow it');
});

test.run();
