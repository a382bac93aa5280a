// /etc/cni/wasm/modules.lock: which bytes a name stands for.
// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { CniError, CODE } from '../cni-error.ts';
import { DIGEST } from '../grant/policy.ts';
import { readTrusted } from '../grant/trusted-file.ts';
import { isObject } from '../protocol/go-json.ts';

interface Locked { digest: string }

export const lockPath = (etc: string): string => join(etc, 'modules.lock');

/** Name → digest; empty without a lock file. Throws code 100. */
export function readLock(etc: string): ReadonlyMap<string, Locked> {
  const path = lockPath(etc);
  return new Map(Object.entries(readTrusted(path) ?? {}).map(([name, entry]) => {
    const digest = isObject(entry) ? entry['digest'] : undefined;
    if (typeof digest !== 'string' || !DIGEST.test(digest)) {
      throw new CniError(CODE.moduleRefused, `"${path}": the entry "${name}" needs a digest like sha256:…`, { kind: 'invalid', at: name });
    }
    return [name, { digest }];
  }));
}
