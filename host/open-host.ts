// The node's parts, put together for this process.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { liveKernel } from './kernel/live/live-kernel.ts';
import { openLibc } from './kernel/live/libc.ts';
import { diskLedger } from './ledger/ledger.ts';
import { fileLocks } from './ledger/locks.ts';
import { openLog } from './log.ts';
import { rootsFrom } from './roots.ts';
import { runGuest } from './sandbox/run-guest.ts';
import { builtins } from './selection/builtins.ts';
import { isKnown } from './selection/find-module.ts';
import { loadModule, loadPlugin } from './selection/load-plugin.ts';
import { diskStores } from './store/disk-store.ts';
import type { Host } from './verbs/host.ts';

export function openHost(env: Readonly<Record<string, string | undefined>>): Host {
  const roots = rootsFrom(env);
  const own = builtins(__dirname);
  const libc = once(openLibc);
  const locks = fileLocks(join(roots.run, 'lock'), (fd, mode) => libc().tryFlock(fd, mode));
  const modules = new Map<string, WebAssembly.Module>();
  return {
    roots,
    env,
    locks,
    boot: once(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    ledger: diskLedger(roots.state),
    stores: diskStores(locks),
    log: openLog(env),
    openKernel: (netns) => liveKernel(libc(), netns),
    loadPlugin: (name, netconf) => loadPlugin(name, netconf, own, roots, modules),
    manifestOf: (name) => loadModule(name, own, roots, modules).manifest,
    usesWasi: (name) => isKnown(name, own, roots) && loadModule(name, own, roots, modules).imports.wasi,
    isModule: (name) => isKnown(name, own, roots),
    runGuest,
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
