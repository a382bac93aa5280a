// `npm start`: a real network namespace attached through conf/10-blue.conflist, looked at, and detached again; proves that nothing is left.
// Everything happens in namespaces of its own and in a temporary folder, without root where the kernel allows user namespaces.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { addAll, checkAll, delAll, parseConflist, type Target } from '../host/cli/run-conflist.ts';
import { liveKernel } from '../host/kernel/live/live-kernel.ts';
import { openLibc } from '../host/kernel/live/libc.ts';
import { startContainer } from './demo/container.ts';
import { bitsPerSecond, httpAnswer } from './demo/measure.ts';
import { pingFrom } from './demo/ping.ts';
import { nodePicture, show } from './demo/picture.ts';
import { BIN, inOwnNode, roots } from './demo/own-node.ts';

const RATE = 40_000_000; // bits/s
const BURST = 8_000_000; // bits
const HOST_PORT = 8080;

if (process.argv[2] === '--inside') await demonstrate();
else process.exitCode = inOwnNode(process.argv[1]!);

async function demonstrate(): Promise<void> {
  const libc = openLibc();
  const list = parseConflist(readFileSync('conf/10-blue.conflist', 'utf8'));
  const loopback = parseConflist(readFileSync('conf/99-loopback.conf', 'utf8'));
  const env = roots();
  bringUpLoopback();

  const container = await startContainer();
  const target: Target = {
    containerId: 'c1', netns: container.netns, ifname: 'eth0', path: [BIN], env,
    capabilityArgs: {
      portMappings: [{ hostPort: HOST_PORT, containerPort: 80, protocol: 'tcp' }],
      bandwidth: { ingressRate: RATE, ingressBurst: BURST, egressRate: RATE, egressBurst: BURST },
    },
  };
  const toLoopback = { ...target, ifname: 'lo', capabilityArgs: {} };

  // The network's own things (the bridge, shared chains) stay after the last container, as with the reference plugins.
  const first = addAll(list, { ...target, containerId: 'c0' });
  delAll(list, { ...target, containerId: 'c0' }, first);
  const before = nodePicture(env);

  say('ADD', 'bridge + host-local, portmap, bandwidth, and loopback: conf/10-blue.conflist on a fresh network namespace');
  addAll(loopback, toLoopback);
  const start = performance.now();
  const result = addAll(list, target) as { ips: { address: string; gateway: string }[] };
  tell(`attached in ${(performance.now() - start).toFixed(0)} ms (three executions of the host)`);
  show(libc, container.netns);

  say('CHECK', 'every plugin compares what it configured with the kernel');
  checkAll(list, target, result);
  tell('as it should be');

  say('TRAFFIC', 'from the container and to it');
  for (const { gateway } of result.ips) tell(`ping ${gateway} from the container: answered in ${pingFrom(libc, container.netns, gateway).toFixed(2)} ms`);
  tell(`http://127.0.0.1:${HOST_PORT}/ on the host: ${await httpAnswer(HOST_PORT)}`);
  const down = await bitsPerSecond(HOST_PORT, 'download');
  const up = await bitsPerSecond(HOST_PORT, 'upload');
  tell(`limit ${mbit(RATE)} each way; measured out of the container ${mbit(down)}, into it ${mbit(up)}`);

  say('DEL', 'and nothing is left');
  delAll(list, target, result);
  delAll(loopback, toLoopback);
  const same = isDeepStrictEqual(nodePicture(env), before);
  await container.stop();
  if (!same) {
    console.error('something is left:', nodePicture(env), 'but before:', before);
    process.exitCode = 1;
    return;
  }
  tell('links, addresses, routes, rules, qdiscs, leases, journal and ledger are as before');

  function bringUpLoopback(): void {
    const kernel = liveKernel(libc, '');
    kernel.link.set('host', kernel.link.get('host', { name: 'lo' })!.index, { up: true });
    kernel.close();
  }
}

function say(title: string, text: string): void {
  console.log(`\n== ${title}: ${text}`);
}

function tell(text: string): void {
  console.log(`   ${text}`);
}

function mbit(bits: number): string {
  return `${(bits / 1e6).toFixed(1)} Mbit/s`;
}

