// firewall with iptables beside the reference's program: the same rules to the letter, and each can end what the other began.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { call, dualStack, filterRules, flushAll, messageOf, must, prevResult, type Conf } from '../support/firewall-calls.ts';
import { addNetns, BIN, files, REFERENCE_191, sh, skip } from '../support/node.ts';

if (!existsSync(`${REFERENCE_191}/firewall`)) skip(`no reference plugins in ${REFERENCE_191}`);

const BOTH = [REFERENCE_191, BIN];
const CONFIGS: Record<string, Conf> = {
  'nothing configured': dualStack(),
  'as podman writes it': dualStack({ backend: '' }),
  'one family': { ...dualStack({ backend: 'iptables' }), prevResult: prevResult('cni0', '192.0.2.5/24') },
  'two addresses of one family': { ...dualStack(), prevResult: prevResult('cni0', '2001:db8::5/64', '2001:db8:1::5/64') },
  'no address': { ...dualStack({ ingressPolicy: 'isolated' }), prevResult: prevResult('cni0') },
  'another admin chain, keys in capitals': dualStack({ IPTablesAdminChainName: 'ACME-ADMIN', Backend: 'IPTABLES' }),
  'open': dualStack({ ingressPolicy: 'open' }),
  'same-bridge': dualStack({ ingressPolicy: 'same-bridge' }),
  isolated: dualStack({ ingressPolicy: 'isolated' }),
};

test.before(() => void addNetns('c1'));
test.before.each(() => {
  flushAll();
  sh('sh', '-c', 'rm -rf /var/lib/cni-wasm/* /run/cni-wasm/*');
});

for (const [what, conf] of Object.entries(CONFIGS)) {
  test(`${what}: the same rules, result and answers, and either checks and ends what the other began`, async () => {
    const seen = [];
    for (const bin of BOTH) {
      flushAll();
      const first = await must(bin, 'ADD', conf);
      const one = filterRules();
      // A second container on another bridge finds the chains there.
      const second = { ...dualStack({ ingressPolicy: conf['ingressPolicy'] ?? 'open' }, 'cni1'), prevResult: prevResult('cni1', '198.51.100.7/24') };
      await must(bin, 'ADD', second, 'c2');
      const two = filterRules();
      for (const other of BOTH) await must(other, 'CHECK', conf);
      await must(BOTH.find((other) => other !== bin)!, 'DEL', conf);
      const left = filterRules();
      await must(bin, 'DEL', conf);
      assert.is(filterRules(), left);
      await must(bin, 'DEL', second, 'c2');
      seen.push({ first, one, two, left });
    }
    assert.equal(seen[1], seen[0]);
    assert.equal(files('/var/lib/cni-wasm'), [], 'the ledger is empty');
  });
}

const REFUSED: Record<string, [string, Conf]> = {
  'no prevResult': ['ADD', { ...dualStack(), prevResult: undefined }],
  'CHECK without prevResult': ['CHECK', { ...dualStack(), prevResult: undefined }],
  'an unknown policy': ['ADD', dualStack({ ingressPolicy: 'closed' })],
  'a policy without a bridge': ['ADD', { ...dualStack({ ingressPolicy: 'isolated' }), prevResult: { cniVersion: '1.1.0', ips: [{ address: '192.0.2.5/24' }] } }],
  'a number for a word': ['ADD', dualStack({ firewalldZone: 7 })],
  'an old version': ['ADD', { ...dualStack(), cniVersion: '0.3.1', prevResult: undefined }],
  'CHECK of what is not there': ['CHECK', dualStack()],
  'firewalld without a bus': ['ADD', dualStack({ backend: 'firewalld' })],
};

for (const [what, [verb, conf]] of Object.entries(REFUSED)) {
  test(`refused in the same words: ${what}`, async () => {
    const [theirs, ours] = [await call(REFERENCE_191, verb, conf), await call(BIN, verb, conf)];
    assert.is(ours.status, 1);
    assert.equal(JSON.parse(ours.out), JSON.parse(theirs.out));
  });
}

test('CHECK names the first of the shared rules and of its own that is missing, as the reference does', async () => {
  const conf = dualStack();
  for (const missing of [['FORWARD', '-m', 'comment', '--comment', 'CNI firewall plugin rules', '-j', 'CNI-FORWARD'], ['CNI-FORWARD', '-s', '192.0.2.5/32', '-j', 'ACCEPT']]) {
    flushAll();
    await must(REFERENCE_191, 'ADD', conf);
    sh('iptables', '-D', ...missing);
    assert.is(messageOf(await call(BIN, 'CHECK', conf)), messageOf(await call(REFERENCE_191, 'CHECK', conf)));
  }
});

test.run();
