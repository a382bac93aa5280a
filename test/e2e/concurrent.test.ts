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

interface Added { ips: { address: string }[] }

const chainOn = (network: string, backend: 'nftables' | 'iptables', hostPort = 8080): object => ({
  ...CONFIG, cniVersion: '1.1.0', name: network,
  runtimeConfig: { ...CONFIG.runtimeConfig, portMappings: [{ hostPort, containerPort: 80, protocol: 'tcp' }] },
  plugins: [
    { type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipMasqBackend: backend, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } },
    { type: 'portmap', backend },
    { type: 'bandwidth' },
  ],
});

const add = async (name: string, config: object): Promise<Added> => JSON.parse(await call('ADD', name, config)) as Added;

/** Of containers none are left: links, rules, leases, records, journals, locks. */
function nothingLeft(): void {
  assert.not.match(sh('ip', 'link'), /veth|bwp/);
  assert.not.match(`${sh('nft', 'list', 'ruleset')}${sh('iptables-save', '-t', 'nat')}`, /192\.0\.2\.\d+(?!\/24)|\bc\d+\b/);
  assert.equal([...files('/var/lib/cni'), ...files('/var/lib/cni-wasm'), ...files('/run/cni-wasm')], []);
}

async function call(verb: string, name: string, config: object): Promise<string> {
  const child = spawn(join(BIN, 'cni-wasm'), [], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { CNI_COMMAND: verb, CNI_PATH: BIN, ...(name === '' ? {} : { CNI_CONTAINERID: name, CNI_NETNS: `/run/netns/${name}`, CNI_IFNAME: 'eth0' }) },
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

test('100 ADDs at once on a fresh node, then 100 DELs at once', async () => {
  const names = Array.from({ length: 100 }, (_, i) => `c${i}`);
  for (const name of names) addNetns(name);
  const results = await Promise.all(names.map((name, i) => add(name, chainOn('blue', 'nftables', 8000 + i))));
  assert.is(new Set(results.map(({ ips }) => ips[0]!.address)).size, names.length);
  assert.is(sh('nft', 'list', 'ruleset').match(/dnat to /g)?.length, names.length);
  assert.is(files('/var/lib/cni/networks/blue').length, names.length);
  await Promise.all(names.map((name, i) => call('DEL', name, { ...chainOn('blue', 'nftables', 8000 + i), prevResult: results[i] })));
  nothingLeft();
  for (const name of names) deleteNetns(name);
  sh('ip', 'link', 'delete', 'cni0');
});

test('overlapping DELs of one container all succeed', async () => {
  addNetns('c1');
  const result = await add('c1', chainOn('blue', 'iptables'));
  await Promise.all(Array.from({ length: 8 }, (_, i) => call('DEL', 'c1', { ...chainOn('blue', 'iptables'), ...(i % 2 ? { prevResult: result } : {}) })));
  nothingLeft();
  deleteNetns('c1');
  sh('ip', 'link', 'delete', 'cni0');
});

test('GC while ADDs are under way takes what is not listed and nothing that comes to be', async () => {
  const [stale, ...fresh] = NAMES;
  for (const name of NAMES) addNetns(name);
  await add(stale!, chainOn('blue', 'nftables', 7999));
  const collected = (): Promise<string> => call('GC', '', { ...chainOn('blue', 'nftables'), 'cni.dev/valid-attachments': fresh.map((name) => ({ containerID: name, ifname: 'eth0' })) });
  const [results] = await Promise.all([Promise.all(fresh.map((name, i) => add(name, chainOn('blue', 'nftables', 8000 + i)))), collected(), collected()]);
  const addresses = results.map(({ ips }) => ips[0]!.address.replace('/24', ''));
  assert.equal(files('/var/lib/cni/networks/blue').map((line) => /([\d.]+) "/.exec(line)![1]).sort(), addresses.sort());
  assert.is(sh('nft', 'list', 'ruleset').match(/dnat to /g)?.length, fresh.length);
  await Promise.all(fresh.map((name, i) => call('DEL', name, chainOn('blue', 'nftables', 8000 + i))));
  nothingLeft();
  for (const name of NAMES) deleteNetns(name);
  sh('ip', 'link', 'delete', 'cni0');
});

test('two networks on one bridge in two lease folders, attached and detached at once', async () => {
  const network = (i: number): string => (i % 2 ? 'blue' : 'green');
  for (const name of NAMES) addNetns(name);
  const subnet = (i: number): object => {
    const { plugins: [bridge, ...rest], ...config } = chainOn(network(i), 'nftables', 8000 + i) as { plugins: object[] };
    return { ...config, plugins: [{ ...bridge, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24', ...(i % 2 ? { rangeStart: '192.0.2.10', rangeEnd: '192.0.2.99' } : { rangeStart: '192.0.2.100', rangeEnd: '192.0.2.199' }) }]] } }, ...rest] };
  };
  const results = await Promise.all(NAMES.map((name, i) => add(name, subnet(i))));
  assert.is(new Set(results.map(({ ips }) => ips[0]!.address)).size, NAMES.length);
  assert.is(sh('nft', 'list', 'ruleset').match(/dnat to /g)?.length, NAMES.length);
  await Promise.all(NAMES.map((name, i) => call('DEL', name, { ...subnet(i), prevResult: results[i] })));
  nothingLeft();
  for (const name of NAMES) deleteNetns(name);
  sh('ip', 'link', 'delete', 'cni0');
});

test('two conflists on two bridges that share a lease folder, attached and detached at once', async () => {
  for (const name of NAMES) addNetns(name);
  const shared = (i: number): object => {
    const { plugins: [bridge, ...rest], ...config } = chainOn('blue', 'nftables', 8000 + i) as { plugins: object[] };
    const ipam = { type: 'host-local', dataDir: '/run/leases', ranges: [[{ subnet: '192.0.2.0/24' }]] };
    return { ...config, plugins: [{ ...bridge, bridge: `cni${i % 2}`, isGateway: false, ipam }, ...rest] };
  };
  const results = await Promise.all(NAMES.map((name, i) => add(name, shared(i))));
  const addresses = results.map(({ ips }) => ips[0]!.address.replace('/24', ''));
  assert.is(new Set(addresses).size, NAMES.length);
  assert.equal(files('/run/leases/blue').map((line) => /([\d.]+) "/.exec(line)![1]).sort(), addresses.toSorted());
  // Half of them go while the other half comes anew, under other names.
  const anew = NAMES.map((name) => `${name}-anew`);
  for (const name of anew) addNetns(name);
  const [, again] = await Promise.all([
    Promise.all(NAMES.map((name, i) => call('DEL', name, { ...shared(i), prevResult: results[i] }))),
    Promise.all(anew.map((name, i) => add(name, shared(i + NAMES.length)))),
  ]);
  assert.is(new Set(again.map(({ ips }) => ips[0]!.address)).size, anew.length);
  assert.equal(files('/run/leases/blue').map((line) => /([\d.]+) "/.exec(line)![1]).sort(), again.map(({ ips }) => ips[0]!.address.replace('/24', '')).sort());
  await Promise.all(anew.map((name, i) => call('DEL', name, { ...shared(i + NAMES.length), prevResult: again[i] })));
  nothingLeft();
  assert.equal(files('/run/leases'), []);
  for (const name of [...NAMES, ...anew]) deleteNetns(name);
  for (const bridge of ['cni0', 'cni1']) sh('ip', 'link', 'delete', bridge);
});

test.run();
