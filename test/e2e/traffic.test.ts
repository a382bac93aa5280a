// Packets take the way the rules say: a published port from the host, from outside, and from the container itself, in both families
// and with both backends; and a UDP client is not stuck with a container that is gone.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, delAll, type Conflist, type Target } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, has, inNetns, sh } from '../support/node.ts';

/** Answers a TCP client with the address it sees, and UDP with the name of its container. */
const SERVER = `
require('node:net').createServer((socket) => socket.end(socket.remoteAddress.replace('::ffff:', ''))).listen(80, '::', () => {
  const udp = require('node:dgram').createSocket('udp4');
  udp.on('message', (text, { port, address }) => udp.send(process.argv[1], port, address)).bind(53, () => console.log('ready'));
});`;
const ASK_TCP = `const s = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]), timeout: 3000 });
s.on('data', (text) => process.stdout.write(text)); for (const end of ['error', 'timeout']) s.on(end, () => process.exit(1));`;
const ASK_UDP = `const s = require('node:dgram').createSocket('udp4'); s.bind(4444); setTimeout(() => process.exit(1), 1500);
s.on('message', (text) => { process.stdout.write(text); process.exit(0); }); s.send('hello', Number(process.argv[2]), process.argv[1]);`;

const servers: ChildProcess[] = [];

async function serve(netns: string): Promise<void> {
  const server = spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', SERVER, netns], { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  await once(server.stdout!, 'data');
}

/** What the server answers to a client in this namespace, '' for the host; undefined when it does not. */
function ask(from: string, program: string, host: string, port: number): string | undefined {
  const node = [process.execPath, '-e', program, host, String(port)];
  const [file, ...args] = from ? ['ip', 'netns', 'exec', from, ...node] : node;
  const { status, stdout } = spawnSync(file!, args, { encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}

const conflist = (backend: 'nftables' | 'iptables'): Conflist => ({
  cniVersion: '1.0.0', name: 'blue', plugins: [
    {
      type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipMasqBackend: backend, hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8:2::/64' }]], routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }] },
    },
    { type: 'portmap', backend, capabilities: { portMappings: true } },
  ],
});

const target = (containerId: string): Target => ({
  containerId, netns: `/run/netns/${containerId}`, ifname: 'eth0', path: [BIN],
  capabilityArgs: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 5353, containerPort: 53, protocol: 'udp' }] },
});

/** A client beyond a link of the host, as another machine would be. */
test.before(() => {
  addNetns('outside');
  sh('ip', 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'outside');
  for (const address of ['198.51.100.1/24', '2001:db8:1::1/64']) sh('ip', 'address', 'add', address, 'dev', 'uplink', ...(address.includes(':') ? ['nodad'] : []));
  for (const address of ['198.51.100.2/24', '2001:db8:1::2/64']) inNetns('outside', 'ip', 'address', 'add', address, 'dev', 'eth0', ...(address.includes(':') ? ['nodad'] : []));
  sh('ip', 'link', 'set', 'uplink', 'up');
  inNetns('outside', 'ip', 'link', 'set', 'eth0', 'up');
  sh('sysctl', '-qw', 'net.ipv4.ip_forward=1');
});
test.after.each(() => { for (const server of servers.splice(0)) server.kill('SIGKILL'); });
test.after(() => deleteNetns('outside'));

for (const backend of ['nftables', 'iptables'] as const) {
  test(`${backend}: the published port answers everywhere, and not after DEL`, async () => {
    addNetns('c1');
    const list = conflist(backend);
    const result = addAll(list, target('c1')) as { ips: { address: string }[] };
    const [own4] = result.ips.map(({ address }) => address.replace(/\/.*/, ''));
    await serve('c1');
    assert.is(ask('outside', ASK_TCP, '198.51.100.1', 8080), '198.51.100.2', 'from outside, and its address is seen');
    assert.is(ask('outside', ASK_TCP, '2001:db8:1::1', 8080), '2001:db8:1::2', 'from outside over IPv6');
    assert.is(ask('', ASK_TCP, '127.0.0.1', 8080), '192.0.2.1', 'from localhost, masqueraded');
    assert.ok(ask('', ASK_TCP, '198.51.100.1', 8080), 'from the host');
    assert.ok(ask('c1', ASK_TCP, '198.51.100.1', 8080), 'from the container itself');
    assert.is(ask('', ASK_TCP, own4!, 80), '192.0.2.1', 'directly');
    // Masquerade: the way out shows the host's address.
    await serve('outside');
    assert.is(ask('c1', ASK_TCP, '198.51.100.2', 80), '198.51.100.1', 'out, masqueraded');
    delAll(list, target('c1'), result);
    assert.is(ask('outside', ASK_TCP, '198.51.100.1', 8080), undefined, 'after DEL');
    deleteNetns('c1');
  });

  test(`${backend}: a UDP client with one source port reaches the next container`, async () => {
    const list = conflist(backend);
    for (const name of ['c1', 'c2']) {
      addNetns(name);
      const result = addAll(list, target(name));
      await serve(name);
      assert.is(ask('outside', ASK_UDP, '198.51.100.1', 5353), name);
      delAll(list, target(name), result);
      if (has('conntrack')) assert.not.match(sh('conntrack', '-L', '-p', 'udp'), /dport=5353/);
      deleteNetns(name);
    }
  });
}

test.run();
