// Sysctls through /proc/sys, which shows the namespace of the thread that looks.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, writeFileSync } from 'node:fs';
import { KernelError } from '../kernel-error.ts';
import type { SysctlKernel } from '../kernel.ts';
import type { LiveContext } from './context.ts';

export function sysctlKernel(context: LiveContext): SysctlKernel {
  return {
    get: (ns, key) => context.within(ns, () => {
      try {
        return readFileSync(`/proc/sys/${key}`, 'utf8').trimEnd();
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw new KernelError(errnoOf(error), `read sysctl ${key}`);
      }
    }),
    set: (ns, key, value) => context.within(ns, () => {
      try {
        // 'r+' and not 'w': a key that does not exist must be ENOENT, not EACCES from trying to create it.
        writeFileSync(`/proc/sys/${key}`, value, { flag: 'r+' });
      } catch (error) {
        throw new KernelError(errnoOf(error), `write "${value}" to sysctl ${key}`);
      }
    }),
  };
}

const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'EIO';
