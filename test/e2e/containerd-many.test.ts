// 20 pods at once on a node that has neither bridge nor chains yet: every one gets its addresses, ports and limits, and nothing is left of them.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IMAGE, PAGE, WEB } from '../support/busybox-image.ts';
import { containerd, needsContainerd } from '../support/containerd.ts';
import { nodeState } from '../support/left.ts';
import { BIN, sh } from '../support/node.ts';
import { pageOf } from '../support/page.ts';
import { CHAINS, FULL } from '../support/pod-networks.ts';

needsContainerd();
const node = containerd(BIN);
const NUMBERS = Array.from({ length: 20 }, (_, n) => n);

test.before(async () => {
  node.writeConflist(CHAINS['five executions']);
  await node.start();
});

test.after(() => node.remove());

/** The reference loses some here: two processes make the same chain. */
for (const [name, conflist] of Object.entries(CHAINS)) {
  test(`${name}: 20 pods at once`, async () => {
    node.writeConflist(conflist);
    const pods = await Promise.all(NUMBERS.map((n) => node.cri.run(`many${n}`, { ...FULL, ports: [{ container_port: 80, host_port: 9000 + n }] })));
    const addresses = (await Promise.all(pods.map((pod) => node.cri.status(pod)))).flatMap(({ ips }) => ips);
    assert.is(new Set(addresses).size, 40, addresses.join(' '));
    assert.is(sh('tc', 'qdisc').match(/^qdisc tbf /gm)?.length, 40);
    for (const [save, length] of [['iptables-save', 32], ['ip6tables-save', 128]] as const) {
      const rules = sh(save);
      for (const address of addresses.filter((one) => one.includes(':') === (length === 128))) assert.match(rules, `-A CNI-FORWARD -s ${address}/${length} -j ACCEPT`);
      assert.is(rules.match(/^-A CNI-HOSTPORT-DNAT /gm)?.length, 20);
      assert.is(rules.match(/^-A FORWARD .*-j CNI-FORWARD$/gm)?.length, 1);
    }
    await node.cri.start(pods[7]!, IMAGE, WEB);
    assert.is(await pageOf('127.0.0.1', 9007), PAGE);
    await Promise.all(pods.map((pod) => node.cri.stop(pod)));
    await Promise.all(pods.map((pod) => node.cri.remove(pod)));
    const after = nodeState();
    assert.not.match(after, /\b(veth|bwp|CNI-DN-)|CNI-[0-9a-f]{24}|\/(journal|ledger|results|lock)\/|networks\/blue\/[\d:]|-[sd] (192\.0\.2\.|2001:db8::)\S+ .*ACCEPT/);
    // One more pod finds what the twenty left, and leaves the same.
    const last = await node.cri.run('last', FULL);
    await node.cri.remove(last);
    assert.is(nodeState(), after);
  });
}

test.run();
