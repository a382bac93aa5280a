// Has anybody changed a folder since we left it? Its times tell, also of a change within one tick of the kernel's clock.
// SPDX-License-Identifier: Apache-2.0

import { statSync, statfsSync, utimesSync } from 'node:fs';

/**
 * File systems of this machine, by the number statfs(2) gives: ext2 to 4, XFS, Btrfs, tmpfs, overlayfs, F2FS, ZFS, bcachefs. Those
 * of another may tell the times of a folder late.
 */
const LOCAL: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0xf2f52010, 0x2fc12fc1, 0xca451a4e]);
const SECOND = 1_000_000_000n;

/** Of modification and of change, in ns. */
export function timesOf(folder: string): string {
  const { mtimeNs, ctimeNs } = statSync(folder, { bigint: true });
  return `${mtimeNs} ${ctimeNs}`;
}

/**
 * Gives the folder times like no others, and tells them. The kernel sets both to one moment when an entry is made, renamed or removed; here the time of
 * modification is one that lies before the time of change, so that no such moment equals it, whatever the clock does. It is drawn, so that two
 * marks are not taken for each other. undefined where that cannot be relied on; throws where only somebody else may set it.
 */
export function mark(folder: string): string | undefined {
  if (!LOCAL.has(statfsSync(folder).type)) return undefined;
  const now = Date.now() / 1000;
  utimesSync(folder, now, now - 2 - 20 * Math.random());
  const { mtimeNs, ctimeNs } = statSync(folder, { bigint: true });
  // Only seconds are kept (ext4 that once was ext3): the same may be drawn again.
  return mtimeNs % SECOND === 0n ? undefined : `${mtimeNs} ${ctimeNs}`;
}
