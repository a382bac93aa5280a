// Many attachments at once on a fresh node: everybody gets an address of his own, every rule is there once, and all of it goes again.
// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN, deleteNetns, files, sh } from '../support/node.ts';

const NAMES = Array.from({ length: 12 }, (_, i) => `c${i}`);
const CONFIG = {
  cniVersion: '1.0.0', name: 'blue', type: 'cni-wasm',
  runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }], bandwidth: { ingressRate: 1e7, ingressBurst: 1e7, egressRate: 1e7, egressBurst: 1e7 } },
};

async function call(verb: string, name: string, config: object): Promise<string> {
  const child = spawn(join(BIN, 'cni-wasm'), [], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { CNI_COMMAND: verb, CNI_CONTAINERID: name, CNI_NETNS: `/run/netns/${name}`, CNI_IFNAME: 'eth0', CNI_PATH: BIN },
  });
  child.stdin.end(JSON.stringify(config));
  const [out, code] = await Promise.all([text(child.stdout), new Promise((done) => { child.on('close', done); })]);
  assert.is(code, 0, out);
  return out;
}

for (const backend of ['nftables', 'iptables'] as const) {
  test(`${backend}: ADD of ${NAMES.length} at once, then DEL of all at once`, async () => {
    const config = {
      ...CONFIG,
      plugins: [
        { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipMasqBackend: backend, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }], [{ subnet: '2001:db8::/64' }]] } },
        { type: 'portmap', backend },
        { type: 'bandwidth' },
      ],
    };
    for (const name of NAMES) addNetns(name);
    const results = await Promise.all(NAMES.map(async (name) => JSON.parse(await call('ADD', name, config)) as { ips: { address: string }[] }));
    const addresses = results.flatMap(({ ips }) => ips.map(({ address }) => address));
    assert.is(new Set(addresses).size, 2 * NAMES.length);
    const rules = backend === 'nftables' ? sh('nft', 'list', 'ruleset') : sh('iptables-save', '-t', 'nat');
    assert.is(rules.match(/dnat to |-j DNAT /g)?.length, backend === 'nftables' ? 2 * NAMES.length : NAMES.length);
    assert.is(rules.match(/jump hostports_all|-A PREROUTING .*CNI-HOSTPORT-DNAT/g)?.length, backend === 'nftables' ? 4 : 1);
    await Promise.all(NAMES.map((name, i) => call('DEL', name, { ...config, prevResult: results[i] })));
    assert.not.match(sh('ip', 'link'), /veth|bwp/);
    assert.not.match(backend === 'nftables' ? sh('nft', 'list', 'ruleset') : sh('iptables-save', '-t', 'nat'), /192\.0\.2\.|c\d+/);
    assert.equal([...files('/var/lib/cni'), ...files('/var/lib/cni-wasm'), ...files('/run/cni-wasm')], []);
    for (const name of NAMES) deleteNetns(name);
    sh('ip', 'link', 'delete', 'cni0');
  });
}

test.run();
