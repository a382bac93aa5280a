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

export const rootsFrom = (env: Readonly<Record<string, string | undefined>>): Roots => ({
  etc: env['CNI_WASM_ETC'] || '/etc/cni/wasm',
  state: env['CNI_WASM_STATE'] || '/var/lib/cni-wasm',
  run: env['CNI_WASM_RUN'] || '/run/cni-wasm',
  leases: env['CNI_WASM_LEASES'] || '/var/lib/cni/networks',
  tuning: env['CNI_WASM_TUNING'] || '/etc/cni/tuning',
});
