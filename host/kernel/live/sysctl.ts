// Sysctls through /proc/sys, which shows the namespace of the thread that looks.
// SPDX-License-Identifier: Apache-2.0

import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { KernelError, WrongValue } from '../kernel-error.ts';
import type { Ns, SysctlKernel } from '../kernel.ts';
import type { LiveContext } from './context.ts';
import type { SysctlFolders } from './sysctl-folders.ts';
import { errnoOf } from '../../system-error.ts';

const ALWAYS_THERE = 'net/ipv4/ip_forward';

export function sysctlKernel(context: LiveContext, folders?: SysctlFolders): SysctlKernel {
  const pathOf = (ns: Ns, key: string): string => folders?.pathOf(context.netnsId(ns), key) ?? `/proc/sys/${key}`;
  return {
    get(ns, key) {
      checkKey(key);
      try {
        return context.within(ns, () => readFileSync(pathOf(ns, key), 'utf8').replace(/\n$/, ''));
      } catch (error) {
        if (!(error instanceof KernelError) && errnoOf(error) === 'ENOENT') return undefined;
        throw wrapped(error, `read sysctl ${key}`);
      }
    },
    set(ns, key, value) {
      checkKey(key);
      try {
        context.within(ns, () => write(pathOf(ns, key), value));
      } catch (error) {
        throw wrapped(error, `write "${value}" to sysctl ${key}`);
      }
    },
    unwritable(ns) {
      try {
        context.within(ns, () => closeSync(openSync(pathOf(ns, ALWAYS_THERE), constants.O_WRONLY)));
        return undefined;
      } catch (error) {
        if (error instanceof KernelError) throw error;
        return errnoOf(error) ?? 'EIO';
      }
    },
  };
}

/** Not 'w': a key that does not exist must be ENOENT, not EACCES from trying to create it. Not 'r+': some can only be written. */
function write(path: string, value: string): void {
  const fd = openSync(path, constants.O_WRONLY);
  try {
    writeSync(fd, value);
  } finally {
    closeSync(fd);
  }
}

/** The parts come from modules and from names of interfaces: none may lead out of net/. */
function checkKey(key: string): void {
  if (!key.startsWith('net/') || key.includes('\0') || key.split('/').some((part) => ['', '.', '..'].includes(part))) {
    throw new WrongValue(`use sysctl ${JSON.stringify(key)}`, 'give a key below net/ in slash form');
  }
}

/** An error of entering the namespace is one already. */
function wrapped(error: unknown, action: string): unknown {
  const errno = error instanceof KernelError ? undefined : errnoOf(error);
  return errno === undefined ? error : new KernelError(errno, action);
}
