// Chains with strangers: our portmap and bandwidth after a main plugin that routes /32s over a veth, as Calico does; the reference's ptp is
// such a one. The conflists are those of the Kubernetes page on network plugins, with ptp in Calico's place. Others come after ours.
// SPDX-License-Identifier: Apache-2.0

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addAll, callPlugin, checkAll, delAll, gcAll, type Conflist, type PluginConf, type Target } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, deleteNetns, has, inNetns, REFERENCE, REFERENCE_191, sh, skip } from '../support/node.ts';

if (!has('nft') || !existsSync(`${REFERENCE}/ptp`) || !existsSync(`${REFERENCE_191}/ptp`)) skip('needs nft, and the reference plugins 1.1.1 and 1.9.1');

const CALICO: PluginConf = {
  type: 'ptp', log_level: 'info', datastore_type: 'kubernetes', nodename: '127.0.0.1', ipam: { type: 'host-local', subnet: 'usePodCidr' }, policy: { type: 'k8s' },
  kubernetes: { kubeconfig: '/etc/cni/net.d/calico-kubeconfig' },
};
const kubernetes = (...chained: PluginConf[]): Conflist => ({ name: 'k8s-pod-network', cniVersion: '0.4.0', plugins: [CALICO, ...chained] });
const PORTMAP: PluginConf = { type: 'portmap', capabilities: { portMappings: true } };
const BANDWIDTH: PluginConf = { type: 'bandwidth', capabilities: { bandwidth: true } };

const STRANGE = '/run/strange';
mkdirSync(STRANGE);
// A chained plugin of somebody else: adds an interface to the result, and hands the rest on.
writeFileSync(`${STRANGE}/stranger`, `#!${process.execPath}
const conf = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
if (process.env.CNI_COMMAND !== 'ADD') process.exit(0);
const { prevResult } = conf;
process.stdout.write(JSON.stringify({ ...prevResult, interfaces: [...prevResult.interfaces, { name: 'strange0' }] }));
`);
chmodSync(`${STRANGE}/stranger`, 0o755);

const SERVER = `require('node:net').createServer((socket) => socket.end(socket.remoteAddress.replace('::ffff:', ''))).listen(80, '::', () => console.log('ready'));`;
const ASK = `const s = require('node:net').connect({ host: process.argv[1], port: 8080, timeout: 3000 });
s.on('data', (text) => process.stdout.write(text)); for (const end of ['error', 'timeout']) s.on(end, () => process.exit(1));`;

const servers: ChildProcess[] = [];
async function serve(): Promise<void> {
  const server = spawn('ip', ['netns', 'exec', 'c1', process.execPath, '-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  await once(server.stdout!, 'data');
}
function ask(from: string, host: string): string {
  const node = [process.execPath, '-e', ASK, host];
  const [file, ...args] = from ? ['ip', 'netns', 'exec', from, ...node] : node;
  return spawnSync(file!, args, { encoding: 'utf8' }).stdout;
}

const target = (reference: string, more: object = {}): Target => ({
  containerId: 'c1', netns: '/run/netns/c1', ifname: 'eth0', path: [BIN, reference, STRANGE], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
  capabilityArgs: {
    portMappings: [{ HostPort: 8080, ContainerPort: 80, Protocol: 'tcp', HostIP: '' }],
    bandwidth: { IngressRate: 10_000_000, IngressBurst: 4_294_967_295, EgressRate: 20_000_000, EgressBurst: 4_294_967_295 },
  },
  ...more,
});
interface Result { interfaces: { name: string; sandbox?: string }[]; ips: { address: string; gateway: string }[] }

/** What Calico does for itself: a way back out of the container. */
function attach(list: Conflist, to: Target): Result {
  addNetns('c1');
  const result = addAll(list, to) as Result;
  inNetns('c1', 'ip', 'route', 'replace', 'default', 'via', result.ips[0]!.gateway);
  return result;
}

const rules = (): string => ['iptables-save', 'ip6tables-save'].map((program) => sh(program, '-t', 'nat')).join('').split('\n').filter((line) => line.includes('CNI-DN-')).join('\n') +
  ['ip', 'ip6'].map((family) => spawnSync('nft', ['list', 'table', family, 'cni_hostport'], { encoding: 'utf8' }).stdout).join('').split('\n').filter((line) => line.includes('comment "c1"')).join('\n');
const ifbs = (): string[] => (JSON.parse(sh('ip', '-j', 'link')) as { ifname: string }[]).map(({ ifname }) => ifname).filter((name) => name.startsWith('bwp'));
const leases = (): string => sh('sh', '-c', 'ls /var/lib/cni/networks/k8s-pod-network | grep "^[0-9]" || true');
const nothingLeft = (): void => assert.equal([rules(), ifbs(), leases()], ['', [], '']);
interface Queue { kind: string; bytes: number }
const queued = (dev: string): number => (JSON.parse(sh('tc', '-j', '-s', 'qdisc', 'show', 'dev', dev)) as Queue[]).find(({ kind }) => kind === 'tbf')?.bytes ?? -1;

test.before(() => {
  mkdirSync('/etc/cni/wasm', { recursive: true });
  writeFileSync('/etc/cni/wasm/pod-cidr', '192.0.2.0/24\n');
  addNetns('outside');
  sh('ip', 'link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', 'outside');
  sh('ip', 'address', 'add', '198.51.100.1/24', 'dev', 'uplink');
  inNetns('outside', 'ip', 'address', 'add', '198.51.100.2/24', 'dev', 'eth0');
  sh('ip', 'link', 'set', 'uplink', 'up');
  inNetns('outside', 'ip', 'link', 'set', 'eth0', 'up');
});
test.after.each(() => {
  for (const server of servers.splice(0)) server.kill('SIGKILL');
  deleteNetns('c1');
});
test.after(() => {
  deleteNetns('outside');
  rmSync('/etc/cni/wasm/pod-cidr');
});

for (const [version, reference] of [['1.1.1', REFERENCE], ['1.9.1', REFERENCE_191]] as const) {
  for (const backend of ['iptables', 'nftables']) {
    test(`ptp ${version}, then portmap (${backend}) as on the Kubernetes page: the port answers, and nothing is left`, async () => {
      const list = kubernetes(backend === 'iptables' ? PORTMAP : { ...PORTMAP, backend });
      const result = attach(list, target(reference));
      const [own] = result.ips.map(({ address }) => address.replace(/\/.*/, ''));
      const veth = result.interfaces.find(({ sandbox }) => !sandbox)!.name;
      assert.match(sh('ip', 'route'), new RegExp(`${own} dev ${veth} scope host`), 'the /32 that Calico has too');
      await serve();
      assert.is(ask('outside', '198.51.100.1'), '198.51.100.2', 'from outside, and its address is seen');
      assert.ok(ask('', '127.0.0.1'), 'from localhost');
      assert.ok(ask('c1', '198.51.100.1'), 'from the container itself');
      checkAll(list, target(reference), result);
      delAll(list, target(reference), result);
      assert.is(ask('outside', '198.51.100.1'), '');
      nothingLeft();
      // As kubelet goes on to do.
      delAll(list, target(reference, { netns: '' }));
    });
  }

  test(`ptp ${version}, then bandwidth as on the Kubernetes page: all that passes is queued, and nothing is left`, async () => {
    const list = kubernetes(PORTMAP, BANDWIDTH);
    const result = attach(list, target(reference));
    const veth = result.interfaces.find(({ name, sandbox }) => !sandbox && name.startsWith('veth'))!.name;
    const [ifb] = ifbs();
    assert.ok(ifb && result.interfaces.some(({ name }) => name === ifb));
    const before = [queued(veth), queued(ifb!)];
    await serve();
    assert.is(ask('outside', '198.51.100.1'), '198.51.100.2');
    assert.ok(queued(veth) > before[0]! && queued(ifb!) > before[1]!, `${queued(veth)} ${queued(ifb!)}`);
    checkAll(list, target(reference), result);
    // The namespace goes first, and nobody knows the result.
    deleteNetns('c1');
    delAll(list, target(reference, { netns: '' }));
    nothingLeft();
  });

  test(`ptp ${version}: a plugin of somebody else after ours`, () => {
    const list = kubernetes(PORTMAP, BANDWIDTH, { type: 'stranger' });
    const result = attach(list, target(reference));
    assert.ok(result.interfaces.some(({ name }) => name === 'strange0'));
    checkAll(list, target(reference), result);
    delAll(list, target(reference), result);
    nothingLeft();
  });
}

test('another plugin has put filters on the veth before bandwidth comes', () => {
  const list = kubernetes(BANDWIDTH);
  addNetns('c1');
  const to = target(REFERENCE_191);
  const made = JSON.parse(callPlugin(list, CALICO, 'ADD', to).stdout) as Result;
  const veth = made.interfaces.find(({ sandbox }) => !sandbox)!.name;
  sh('tc', 'qdisc', 'add', 'dev', veth, 'ingress');
  sh('tc', 'filter', 'add', 'dev', veth, 'parent', 'ffff:', 'prio', '9', 'protocol', 'ip', 'u32', 'match', 'ip', 'dst', '203.0.113.1', 'flowid', '1:9');
  const result = JSON.parse(callPlugin(list, BANDWIDTH, 'ADD', to, made).stdout) as Result;
  checkAll(list, to, result);
  delAll(list, to, result);
  nothingLeft();
});

test('GC takes what the reference made for containers that are gone, and leaves those that live, of whatever network', () => {
  const list: Conflist = { ...kubernetes({ ...PORTMAP, backend: 'iptables' }, BANDWIDTH), cniVersion: '1.1.0' };
  const theirs = target(REFERENCE_191, { path: [REFERENCE_191] });
  const plain: Conflist = { ...list, plugins: [{ ...CALICO, ipam: { type: 'host-local', subnet: '192.0.2.0/24' } }, ...list.plugins.slice(1)] };
  const gone = { ...theirs, containerId: 'gone', netns: addNetns('gone') };
  addAll(plain, gone);
  addNetns('c1');
  const green = { ...plain, name: 'green', plugins: plain.plugins.map((plugin) => (plugin.type === 'ptp' ? { ...plugin, ipam: { type: 'host-local', subnet: '203.0.113.0/24' } } : plugin)) };
  const living = addAll(green, theirs);
  deleteNetns('gone');
  assert.is(ifbs().length, 2);
  const gc = (valid: { containerID: string; ifname: string }[]): void => gcAll({ ...plain, plugins: plain.plugins.slice(1) }, { path: [BIN] }, valid);
  const chains = (): number => new Set(rules().match(/^:CNI-DN-\w+/gm)).size;
  assert.is(chains(), 2);
  gc([]);
  assert.is(ifbs().length, 1);
  assert.is(chains(), 1);
  checkAll({ ...green, plugins: green.plugins.slice(1) }, { ...theirs, path: [BIN] }, living);
  delAll(green, theirs, living);
  assert.equal([rules(), ifbs()], ['', []]);
});

test('a second interface of one container and network: its DEL leaves the limit of the first', () => {
  const list = kubernetes(BANDWIDTH);
  const to = target(REFERENCE_191);
  const result = attach(list, to);
  const net1 = { ...to, ifname: 'net1' };
  const second = JSON.parse(callPlugin(list, { ...CALICO, ipam: { type: 'host-local', subnet: '203.0.113.0/24' } }, 'ADD', net1).stdout) as Result;
  assert.throws(() => callPlugin(list, BANDWIDTH, 'ADD', net1, second), /adding link: /);
  delAll(list, net1);
  checkAll(list, to, result);
  delAll(list, to, result);
  assert.equal(ifbs(), []);
});

test.run();
