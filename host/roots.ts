// Where the host keeps its files; every root can be moved, so that a test or a nested runtime touches nothing of the node's.
// SPDX-License-Identifier: Apache-2.0

export interface Roots {
  /** policy.json, modules.lock, pod-cidr */
  etc: string;
  /** blobs, ledger: survives a reboot */
  state: string;
  /** journal, locks: gone after a reboot, like the kernel objects it speaks of */
  run: string;
  /** host-local's default dataDir */
  leases: string;
  /** the reference tuning's allow-list */
  tuning: string;
}

/** The variable that moves each, and where it is otherwise. */
const PLACES: Readonly<Record<keyof Roots, readonly [variable: string, path: string]>> = {
  etc: ['CNI_WASM_ETC', '/etc/cni/wasm'],
  state: ['CNI_WASM_STATE', '/var/lib/cni-wasm'],
  run: ['CNI_WASM_RUN', '/run/cni-wasm'],
  leases: ['CNI_WASM_LEASES', '/var/lib/cni/networks'],
  tuning: ['CNI_WASM_TUNING', '/etc/cni/tuning'],
};

export const movedBy = (root: keyof Roots): string => PLACES[root][0];

export const rootsFrom = (env: Readonly<Record<string, string | undefined>>): Roots =>
  Object.fromEntries(Object.entries(PLACES).map(([root, [variable, path]]) => [root, env[variable] || path])) as unknown as Roots;
