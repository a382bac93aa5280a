// The host's verbs on the fake kernel: real modules, real sandbox, journal, ledger and leases in a temporary folder, no root.
// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeKernel, type FakeKernel, type Faults } from '../../host/kernel/fake/fake-kernel.ts';
import { diskLedger } from '../../host/ledger/ledger.ts';
import { fileLocks } from '../../host/ledger/locks.ts';
import { readNetconf } from '../../host/protocol/netconf.ts';
import { readPrevResult } from '../../host/protocol/prev-result.ts';
import type { Verb } from '../../host/protocol/request.ts';
import { runGuest } from '../../host/sandbox/run-guest.ts';
import { builtins } from '../../host/selection/builtins.ts';
import { loadModule, loadPlugin } from '../../host/selection/load-plugin.ts';
import { diskStores } from '../../host/store/disk-store.ts';
import { add } from '../../host/verbs/add.ts';
import { check } from '../../host/verbs/check.ts';
import { del } from '../../host/verbs/del.ts';
import { gc } from '../../host/verbs/gc.ts';
import type { Chain, Host } from '../../host/verbs/host.ts';
import { files } from './node.ts';

export interface FakeNode {
  kernel: FakeKernel;
  add(chain: Chain): Record<string, unknown>;
  check(chain: Chain): void;
  del(chain: Chain): void;
  gc(chain: Chain): void;
  /** Kernel and files. */
  picture(): string;
  remove(): void;
}

/** Compiled once for a test file: 200 runs of a chain need not compile 200 times. */
const MODULES = new Map<string, WebAssembly.Module>();

export function fakeNode(faults: Faults = {}): FakeNode {
  const root = mkdtempSync(join(tmpdir(), 'cni-wasm-fake-'));
  const roots = { etc: join(root, 'etc'), state: join(root, 'state'), run: join(root, 'run'), leases: join(root, 'leases') };
  const kernel = fakeKernel(undefined, faults);
  // One process: nobody else to lock out.
  const locks = fileLocks(join(roots.run, 'lock'), () => true);
  const own = builtins('dist/lib');
  const host: Host = {
    roots, env: {}, boot: () => 'boot', locks, ledger: diskLedger(roots.state), stores: diskStores(locks), runGuest,
    log: { level: 'error', debug() {}, info() {}, warn() {}, error() {} },
    openKernel: (netns) => (netns === '' ? { ...kernel, netnsId: (ns) => (ns === 'host' ? kernel.netnsId(ns) : undefined) } : kernel),
    loadPlugin: (name, netconf) => loadPlugin(name, netconf, own, roots, MODULES),
    manifestOf: (name) => loadModule(name, own, roots, MODULES).manifest,
    usesWasi: () => false,
    isModule: (name) => Object.hasOwn(own.digests, name),
  };
  return {
    kernel,
    add: (chain) => JSON.parse(add(host, chain)) as Record<string, unknown>,
    check: (chain) => check(host, chain),
    del: (chain) => del(host, chain),
    gc: (chain) => gc(host, chain),
    picture: () => `${kernel.dump()}\n${files(root).join('\n')}`,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
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
  return { request: { verb, calledAs: 'cni-wasm', attachment, netns, netnsOverride: false, args: '', path: [], netconf: links[0]!.netconf }, links };
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
