// A folder of leases with an index, the reference that writes to it, and the clock of its kernel.
// SPDX-License-Identifier: Apache-2.0

import fs, { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskStores } from '../../host/store/disk-store.ts';
import { diskIndex } from '../../host/store/owner-index.ts';
import type { LockedStore, Store } from '../../host/store/store.ts';

/** Nothing a test looks at depends on the clock: tmpfs gives times of the same ticks as a disk. */
export const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'cni-wasm-index-'));
export const folder = join(root, 'leases', 'blue');
export const indexes = join(root, 'state', 'index');
export const removed = (): void => rmSync(root, { recursive: true, force: true });

export function emptied(): void {
  removed();
  mkdirSync(folder, { recursive: true });
}

export const MANY = 40;
export const address = (n: number): string => `192.0.2.${n}`;
export const ownerOf = (n: number): string => `c${n}\r\neth0`;
/** Leases of others, as the reference writes them. */
export const fill = (count = MANY): void => { for (let n = 1; n <= count; n++) byReference.add(n, ownerOf(n)); };

/** Under the lock, which here nobody else takes. */
export const byReference = {
  add: (n: number, owner: string): void => writeFileSync(join(folder, address(n)), owner, { flag: 'wx' }),
  delete: (n: number): void => unlinkSync(join(folder, address(n))),
};

/** A call of ours. */
export const call = <T>(act: (store: Store) => T, boot = 'boot 1'): T => opened(boot).with(act);

export const opened = (boot: string): LockedStore =>
  diskStores({ holdFile: () => () => undefined }, diskIndex(join(root, 'state'), () => boot))({ layout: 'ipam', root: join(root, 'leases'), network: 'blue' });

export const keysOf = (owner: string, boot?: string): string[] => call((store) => store.list(owner).map(({ key }) => key), boot);

/** node:fs with another function in one place, for us and for what we call. */
export function withFs<Name extends 'readFileSync' | 'statSync' | 'utimesSync' | 'writeFileSync', T>(name: Name, other: (original: (typeof fs)[Name]) => (...args: never[]) => unknown, act: () => T): T {
  const original = fs[name];
  fs[name] = other(original) as (typeof fs)[Name];
  syncBuiltinESMExports();
  try {
    return act();
  } finally {
    fs[name] = original;
    syncBuiltinESMExports();
  }
}

/** How many leases are opened meanwhile. */
export function readsIn(act: () => void): number {
  let count = 0;
  withFs('readFileSync', (original) => (...args: Parameters<typeof original>) => {
    if (String(args[0]).startsWith(folder)) count++;
    return original(...args);
  }, act);
  return count;
}

const TICK = 1_000_000_000n;

/** On kernels before 6.13 all that happens within one tick has one time, here one of a second. */
export const inOneTick = <T>(act: () => T): T => withFs('statSync', (original) => (path: string, options: { bigint: true }) => {
  const stat = original(path, options);
  if (typeof stat.ctimeNs !== 'bigint') return stat;
  const isByKernel = stat.mtimeNs === stat.ctimeNs;
  stat.ctimeNs -= stat.ctimeNs % TICK;
  return isByKernel ? Object.assign(stat, { mtimeNs: stat.ctimeNs }) : stat;
}, act);

export const indexFile = (): string | undefined => (existsSync(indexes) ? readdirSync(indexes).map((name) => join(indexes, name))[0] : undefined);
