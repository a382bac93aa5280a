// The node's parts, put together for this process.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { audited } from './audit.ts';
import { runProgram } from './exec.ts';
import type { KnownDialects } from './kernel/live/iptables-nft/dialect.ts';
import type { KeptSockets } from './kernel/live/kept-sockets.ts';
import { dropPrivileges } from './kernel/live/least-privilege.ts';
import { openLibc, type Libc } from './kernel/live/libc.ts';
import { liveKernel } from './kernel/live/live-kernel.ts';
import type { SysctlFolders } from './kernel/live/sysctl-folders.ts';
import { diskLedger } from './ledger/ledger.ts';
import { fileLocks } from './ledger/locks.ts';
import { openLog, type WriteLine } from './log.ts';
import { once } from './once.ts';
import { rootsFrom } from './roots.ts';
import { runGuest } from './sandbox/run-guest.ts';
import { builtins } from './selection/builtins.ts';
import { isKnown } from './selection/find-module.ts';
import { loadModule, loadPlugin, type KeptModules, type Loaded } from './selection/load-plugin.ts';
import { diskStores } from './store/disk-store.ts';
import { diskIndex } from './store/owner-index.ts';
import type { Host } from './verbs/host.ts';

/** What a process that serves many calls opens once; everything else is each call's own. */
export interface Lasting {
  libc(): Libc;
  /** our modules, where somebody else has taken their machine code */
  compiled?(name: string): WebAssembly.Module | undefined;
  modules?: KeptModules;
  sockets?: KeptSockets;
  sysctls?: SysctlFolders;
  dialects?: KnownDialects;
}

/** Nothing of a guest and no other program runs before the C library is needed, for a lock. */
const lastingForOneCall = (): Lasting => ({ libc: once(openLibcWithLess) });

function openLibcWithLess(): Libc {
  const libc = openLibc();
  dropPrivileges();
  return libc;
}

/** Of a caller that is another process. `toStderr` takes what the log does not write to a file. */
export interface Caller { toStderr: WriteLine; isThere(): boolean }

export function openHost(env: Readonly<Record<string, string | undefined>>, { libc, compiled, modules, sockets, sysctls, dialects }: Lasting = lastingForOneCall(), caller?: Caller): Host {
  const roots = rootsFrom(env);
  const own = builtins(compiled);
  const locks = fileLocks(join(roots.run, 'lock'), {
    tryFlock: (fd, mode) => libc().tryFlock(fd, mode),
    makePipe: (path) => libc().makePipe(path),
    awaitHangUp: (fd, ms) => libc().awaitHangUp(fd, ms),
  });
  const boot = once(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const log = openLog(env, caller?.toStderr);
  // Looked at once in a call, however often it is asked what a module is: what was checked is what runs.
  const loaded = new Map<string, Loaded>();
  const load = (name: string): Loaded => {
    const known = loaded.get(name) ?? loadModule(name, own, roots, modules);
    loaded.set(name, known);
    return known;
  };
  const who = (module: string, network?: string) => ({
    module, digest: loaded.get(module)?.found.digest, verb: env['CNI_COMMAND'], attachment: { network, containerId: env['CNI_CONTAINERID'], ifname: env['CNI_IFNAME'] },
  });
  return {
    roots,
    env,
    isAwaited: () => caller?.isThere() ?? true,
    locks,
    boot,
    ledger: diskLedger(roots.state),
    stores: diskStores(locks, diskIndex(roots.state, boot)),
    log,
    openKernel: (netns) => liveKernel(libc(), netns, { env, locks: locks.descriptors, ...(sockets ? { kept: sockets } : {}), ...(sysctls ? { sysctls } : {}), ...(dialects ? { dialects } : {}) }),
    loadPlugin: (name, netconf) => audited(log, () => who(name, netconf.name), 'load', () => loadPlugin(load(name), netconf, roots)),
    manifestOf: (name) => audited(log, () => who(name), 'load', () => load(name).manifest),
    usesWasi: (name) => isKnown(name, own, roots) && load(name).code().imports.wasi,
    isModule: (name) => isKnown(name, own, roots),
    isOwn: (name) => Object.hasOwn(own.digests, name),
    runGuest,
    runProgram,
  };
}
