// Whether a file is still the one that was looked at before, without reading it again.
// SPDX-License-Identifier: Apache-2.0

import { statSync, type Stats } from 'node:fs';

/** ms; the kernel's times go in steps of up to 10 */
const SETTLED = 1_000;

/** Undefined for a file that is not there (any more). */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && textOf(stat);
}

/** Undefined for a file that was changed a moment ago: the next change might not show; and for what cannot be looked at: reading it will say why. */
export function settledIdentityOf(path: string): string | undefined {
  try {
    const stat = statSync(path);
    return Date.now() - stat.ctimeMs > SETTLED ? textOf(stat) : undefined;
  } catch {
    return undefined;
  }
}

/** Nobody sets the time of the last change: of two versions that are unpacked one over the other, all the rest can be the same. */
const textOf = ({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string => [dev, ino, size, mtimeMs, ctimeMs].join(':');
