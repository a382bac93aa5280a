// What a verb works with: the node's parts, opened once for a process and handed down; nothing below reaches for globals.
// SPDX-License-Identifier: Apache-2.0

import type { runProgram } from '../exec.ts';
import type { Grants, Limits, Manifest } from '../grant/grants.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Locks } from '../ledger/locks.ts';
import type { Log } from '../log.ts';
import type { Netconf, Request } from '../protocol/request.ts';
import type { Roots } from '../roots.ts';
import type { GuestModule } from '../sandbox/guest-module.ts';
import type { RunGuest } from '../sandbox/sandbox.ts';
import type { OpenStore } from '../store/store.ts';

export interface Host {
  roots: Roots;
  /** the caller's environment, for delegates that are programs */
  env: Readonly<Record<string, string | undefined>>;
  /** /proc/sys/kernel/random/boot_id */
  boot(): string;
  /** Is whoever called still there? A runtime that has killed its call goes on, and perhaps has undone it already. */
  isAwaited(): boolean;
  locks: Locks;
  ledger: Ledger;
  stores: OpenStore;
  log: Log;
  /** '' opens the host's namespace alone. Throws CniError when the namespace cannot be entered. */
  openKernel(netns: string): Kernel;
  /** Selection and grant for one plugin of this configuration; throws CniError 100 or 101. */
  loadPlugin(name: string, netconf: Netconf): Plugin;
  manifestOf(name: string): Manifest;
  /** imports wasi_snapshot_preview1 */
  usesWasi(name: string): boolean;
  /** Is this IPAM type one of our modules? Otherwise it is a program on CNI_PATH. */
  isModule(name: string): boolean;
  /** Does it ship with the host, and bear the name of a plugin of the reference? */
  isOwn(name: string): boolean;
  runGuest: RunGuest;
  /** For IPAM plugins that are programs. */
  runProgram: typeof runProgram;
}

/** A module that was selected and granted. */
export interface Plugin {
  name: string;
  digest: string;
  manifest: Manifest;
  module: GuestModule;
  grants: Grants;
  granting?: readonly Grants[];
  granted: ReadonlySet<string>;
  limits: Limits;
}

/** One plugin of a chain and the configuration it gets. */
export interface Link {
  name: string;
  netconf: Netconf;
}

/** The plugins this execution stands for: one, or the whole of `"plugins": […]`. */
export interface Chain {
  request: Request;
  links: readonly Link[];
}
