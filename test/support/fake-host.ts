// The host's verbs on the fake kernel: real modules, real sandbox, journal, ledger and leases in a temporary folder, no root.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../host/exec.ts';
import { fakeKernel, type FakeKernel, type Faults } from '../../host/kernel/fake/fake-kernel.ts';
import { newState } from '../../host/kernel/fake/state.ts';
import type { Kernel } from '../../host/kernel/kernel.ts';
import { diskLedger } from '../../host/ledger/ledger.ts';
import { fileLocks } from '../../host/ledger/locks.ts';
import { readNetconf } from '../../host/protocol/netconf.ts';
import { readPrevResult } from '../../host/protocol/prev-result.ts';
import { readRequest } from '../../host/protocol/read-request.ts';
import type { Environment } from '../../host/protocol/environment.ts';
import type { Verb } from '../../host/protocol/request.ts';
import { runGuest } from '../../host/sandbox/run-guest.ts';
import type { RunGuest } from '../../host/sandbox/sandbox.ts';
import { builtins } from '../../host/selection/builtins.ts';
import { loadModule, loadPlugin, type KeptModules } from '../../host/selection/load-plugin.ts';
import { selectChain, versionsFor } from '../../host/selection/select-chain.ts';
import { diskStores } from '../../host/store/disk-store.ts';
import { diskIndex } from '../../host/store/owner-index.ts';
import { add } from '../../host/verbs/add.ts';
import { check } from '../../host/verbs/check.ts';
import { del } from '../../host/verbs/del.ts';
import { gc } from '../../host/verbs/gc.ts';
import type { Chain, Host, Plugin } from '../../host/verbs/host.ts';
import { status } from '../../host/verbs/status.ts';
import { files } from './node.ts';

export interface FakeNode {
  kernel: FakeKernel;
  /** everything the host keeps is below it */
  root: string;
  host: Host;
  /** host-local's default dataDir */
  leases: string;
  add(chain: Chain): Record<string, unknown>;
  check(chain: Chain): void;
  del(chain: Chain): void;
  gc(chain: Chain): void;
  status(chain: Chain): void;
  /** A whole call, from the environment and stdin on. */
  call(calledAs: string, env: Environment, stdin: Uint8Array): unknown;
  /** Kernel and files. */
  picture(): string;
  /** The machine loses power: kernel and /run begin anew, under another boot id; what the disk holds stays. */
  reboot(): void;
  remove(): void;
}

const VERBS = { ADD: add, DEL: del, CHECK: check, GC: gc, STATUS: status };

/** Loaded once for a test file: thousands of runs of a chain need not read, check and compile as often. */
const MODULES: KeptModules = new Map();
const PLUGINS = new Map<string, Plugin>();

/** `seen` is the kernel as the host gets it. */
export function fakeNode(faults: Faults = {}, run: RunGuest = runGuest, seen: (kernel: FakeKernel) => Kernel = (kernel) => kernel): FakeNode {
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cni-wasm-fake-'));
  const roots = { etc: join(root, 'etc'), state: join(root, 'state'), run: join(root, 'run'), leases: join(root, 'leases'), tuning: join(root, 'tuning') };
  let boots = 1;
  const boot = (): string => `boot ${boots}`;
  const kernel = fakeKernel(undefined, faults);
  const given = seen(kernel);
  // One process: nobody else to lock out.
  const locks = fileLocks(join(roots.run, 'lock'), { tryFlock: () => true, makePipe() {}, awaitHangUp() {} });
  const own = builtins();
  const host: Host = {
    roots, env: { CNI_WASM_LOG_FILE: '/dev/null' }, boot, isAwaited: () => true, locks, ledger: diskLedger(roots.state), stores: diskStores(locks, diskIndex(roots.state, boot)), runGuest: run, runProgram,
    log: { level: 'error', debug() {}, info() {}, warn() {}, error() {} },
    openKernel: (netns) => (netns === '' ? withoutContainer(given) : given),
    loadPlugin: (name, netconf) => known(PLUGINS, name, () => loadPlugin(loadModule(name, own, roots, MODULES), netconf, roots)),
    manifestOf: (name) => known(PLUGINS, name, () => loadPlugin(loadModule(name, own, roots, MODULES), { name: 'blue' }, roots)).manifest,
    usesWasi: () => false,
    isModule: (name) => Object.hasOwn(own.digests, name),
    isOwn: (name) => Object.hasOwn(own.digests, name),
  };
  return {
    kernel,
    root,
    host,
    leases: roots.leases,
    add: (chain) => JSON.parse(add(host, chain)) as Record<string, unknown>,
    check: (chain) => check(host, chain),
    del: (chain) => del(host, chain),
    status: (chain) => status(host, chain),
    gc(chain) {
      nextMillisecond();
      gc(host, chain);
    },
    call(calledAs, env, stdin) {
      const request = readRequest(calledAs, env, () => stdin);
      if (request.verb === 'VERSION') return versionsFor(host, calledAs);
      return VERBS[request.verb](host, selectChain(host, request));
    },
    picture: () => `${kernel.dump()}\n${files(root).join('\n')}`,
    reboot() {
      boots++;
      Object.assign(kernel.state, newState());
      rmSync(roots.run, { recursive: true, force: true });
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** As a call has it whose path of a namespace is empty. */
const withoutContainer = (kernel: Kernel): Kernel => ({
  ...kernel, netnsId: (ns) => (ns === 'host' ? kernel.netnsId(ns) : undefined), netnsMark: (ns) => (ns === 'host' ? kernel.netnsMark(ns) : undefined),
  isNetns: (ns, mark) => ns === 'host' && kernel.isNetns(ns, mark),
});

/** Those of the host itself are granted the same whatever the network is. */
function known(plugins: Map<string, Plugin>, name: string, load: () => Plugin): Plugin {
  const plugin = plugins.get(name) ?? load();
  plugins.set(name, plugin);
  return plugin;
}

/** GC spares what was made after it was called, and records tell milliseconds. */
function nextMillisecond(): void {
  for (const now = Date.now(); Date.now() === now;);
}

/** What selectChain makes of a list of plugin configurations, for container c1 and eth0. */
export function chainOf(verb: Verb, plugins: readonly Record<string, unknown>[], more: { netns?: string; prevResult?: unknown; frame?: object } = {}): Chain {
  const links = plugins.map((plugin) => {
    const value = { cniVersion: '1.1.0', name: 'blue', ...plugin, ...more.frame, ...(more.prevResult ? { prevResult: more.prevResult } : {}) };
    const netconf = readNetconf({ text: JSON.stringify(value), value });
    const prevResult = readPrevResult(netconf);
    return { name: netconf.type, netconf: prevResult ? { ...netconf, prevResult } : netconf };
  });
  const attachment = { network: 'blue', containerId: verb === 'GC' ? '' : 'c1', ifname: verb === 'GC' ? '' : 'eth0' };
  const netns = more.netns ?? '/run/netns/c1';
  return { request: { verb, calledAs: 'cni-wasm', attachment, netns, netnsOverride: false, withinNetwork: false, args: '', path: [], netconf: links[0]!.netconf }, links };
}

/** The plugins of conf/10-blue.conflist with what a runtime adds. */
export function blueChain(backend: 'nftables' | 'iptables'): Record<string, unknown>[] {
  const { plugins } = JSON.parse(readFileSync('conf/10-blue.conflist', 'utf8')) as { plugins: Record<string, unknown>[] };
  const [bridge, portmap, bandwidth] = plugins;
  return [
    { ...bridge, ipMasqBackend: backend },
    { ...portmap, backend, runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostPort: 5353, containerPort: 53, protocol: 'udp' }] } },
    { ...bandwidth, runtimeConfig: { bandwidth: { ingressRate: 1e6, ingressBurst: 8e6, egressRate: 1e6, egressBurst: 8e6 } } },
  ];
}
