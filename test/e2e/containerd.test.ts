// containerd's CRI runs pods on our plugins: dual stack, host ports and limits that work, and nothing left whatever happens to them.
// SPDX-License-Identifier: Apache-2.0

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { IMAGE, PAGE, WEB } from '../support/busybox-image.ts';
import { containerd, needsContainerd } from '../support/containerd.ts';
import { nodeState } from '../support/left.ts';
import { addNetns, BIN, deleteNetns, inNetns, sh } from '../support/node.ts';
import { pageOf } from '../support/page.ts';
import { CHAINS, FULL } from '../support/pod-networks.ts';

needsContainerd();
const node = containerd(BIN);

test.before(async () => {
  addNeighbour();
  node.writeConflist(CHAINS['five executions']);
  await node.start();
});

test.after(async () => {
  await node.remove();
  deleteNetns('neighbour');
});

/** Another machine, as far as the node can see. */
function addNeighbour(): void {
  addNetns('neighbour');
  sh('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'neighbour');
  sh('ip', 'link', 'set', 'up0', 'up');
  sh('ip', 'addr', 'add', '198.51.100.1/24', 'dev', 'up0');
  sh('ip', 'addr', 'add', '2001:db8:1::1/64', 'dev', 'up0', 'nodad');
  inNetns('neighbour', 'ip', 'link', 'set', 'eth0', 'up');
  inNetns('neighbour', 'ip', 'addr', 'add', '198.51.100.2/24', 'dev', 'eth0');
  inNetns('neighbour', 'ip', 'addr', 'add', '2001:db8:1::2/64', 'dev', 'eth0', 'nodad');
}

let rest: string | undefined;

/** The bridge and the chains that all attachments jump through are the network's, and stay: what there is after the first pod. */
async function nodeAtRest(): Promise<string> {
  if (rest === undefined) await lifeOf('first');
  return rest ??= nodeState();
}

async function lifeOf(name: string): Promise<void> {
  const pod = await node.cri.run(name, FULL);
  await node.cri.stop(pod);
  await node.cri.remove(pod);
}

for (const [name, conflist] of Object.entries(CHAINS)) {
  const inChain = async (action: () => Promise<void>): Promise<void> => {
    node.writeConflist(conflist);
    const before = await nodeAtRest();
    await action();
    assert.is(nodeState(), before);
  };

  test(`${name}: host ports of both families and limits; stop and remove, again and again`, () => inChain(async () => {
    const pod = await node.cri.run('web', FULL);
    await node.cri.start(pod, IMAGE, WEB);
    const { ips } = await node.cri.status(pod);
    assert.match(ips.join(' '), /^192\.0\.2\.\d+ 2001:db8::[0-9a-f]+$/);
    assert.match(sh('tc', 'qdisc'), /qdisc tbf 1: dev veth\w+ root .* rate 10Mbit [^]*qdisc tbf 1: dev bwp\w+ root .* rate 20Mbit /);
    for (const [host, from] of [['127.0.0.1', undefined], ['198.51.100.1', 'neighbour'], ['2001:db8:1::1', 'neighbour']] as const) assert.is(await pageOf(host, 8080, from), PAGE);
    // Kubelet's usual life of a pod: the later rounds have neither a namespace nor the result of ADD.
    for (let round = 0; round < 3; round++) await node.cri.stop(pod);
    for (let round = 0; round < 2; round++) await node.cri.remove(pod);
  }));

  test(`${name}: containerd killed and started again`, () => inChain(async () => {
    const pod = await node.cri.run('survivor', FULL);
    const web = await node.cri.start(pod, IMAGE, WEB);
    assert.is(await pageOf('198.51.100.1', 8080, 'neighbour'), PAGE);
    await node.kill();
    assert.is(await pageOf('198.51.100.1', 8080, 'neighbour'), PAGE);
    await node.start();
    assert.is((await node.cri.status(pod)).state, 'SANDBOX_READY');
    assert.is(await node.cri.containerState(web), 'CONTAINER_RUNNING');
    await node.cri.stop(pod);
    await node.cri.remove(pod);
  }));

  test(`${name}: the namespace is removed, or becomes a plain file, behind its back`, () => inChain(async () => {
    for (const rest of [() => {}, (path: string) => sh('touch', path)]) {
      const pod = await node.cri.run('bereft', FULL);
      const { netns } = await node.cri.status(pod);
      sh('umount', netns);
      rmSync(netns);
      rest(netns);
      await node.cri.stop(pod);
      await node.cri.remove(pod);
      rmSync(netns, { force: true });
    }
  }));

  test(`${name}: the conflist has another file name when the pod is stopped`, () => inChain(async () => {
    const pod = await node.cri.run('moved', FULL);
    node.writeConflist(conflist, 'other');
    await node.cri.stop(pod);
    await node.cri.remove(pod);
  }));

  test(`${name}: the network has another name when the pod is stopped`, () => inChain(async () => {
    const orphan = await node.cri.run('renamed', FULL);
    node.writeConflist({ ...conflist, name: 'green' });
    await node.cri.stop(orphan);
    await node.cri.remove(orphan);
    // libcni's own file of the old name is containerd's to remove, which it does not.
    for (const file of readdirSync('/var/lib/cni/results')) rmSync(join('/var/lib/cni/results', file));
  }));
}

test.run();
