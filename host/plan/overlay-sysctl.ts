// Sysctls of a plan: the kernel has more of them, and with other values, than the fake knows, so they are read from the live one.
// SPDX-License-Identifier: Apache-2.0

import { confKey } from '../kernel/fake/sysctl-values.ts';
import { KernelError } from '../kernel/kernel-error.ts';
import type { Kernel, Ns, SysctlKernel } from '../kernel/kernel.ts';
import { once } from '../once.ts';

export function overlaySysctl(fake: Kernel, live: Kernel, isImagined: (ns: Ns) => boolean): SysctlKernel {
  const written = new Map<string, string>();
  const get = (ns: Ns, key: string): string | undefined => {
    if (isImagined(ns)) return fake.sysctl.get(ns, key);
    return written.get(`${ns} ${key}`) ?? live.sysctl.get(ns, key) ?? ofNewLink(ns, key);
  };
  /** A link that the plan makes starts with what conf/default says. */
  const ofNewLink = (ns: Ns, key: string): string | undefined => {
    const conf = confKey(key);
    return conf && fake.link.get(ns, { name: conf.link }) ? live.sysctl.get(ns, `net/${conf.family}/conf/default/${conf.name}`) : undefined;
  };
  /** A namespace that there is not yet will see the same mount. */
  const unwritable = once(() => live.sysctl.unwritable('host'));
  return {
    get,
    unwritable,
    set(ns, key, value) {
      const errno = unwritable();
      if (errno !== undefined) throw new KernelError(errno, `write ${JSON.stringify(value)} to sysctl ${key}`);
      if (!isImagined(ns) && get(ns, key) === undefined) throw new KernelError('ENOENT', `write ${JSON.stringify(value)} to ${key}`);
      try {
        fake.sysctl.set(ns, key, value);
      } catch (error) {
        // One that the fake does not have; what it sets off is not modelled either.
        if (isImagined(ns) || !(error instanceof KernelError) || error.errno !== 'ENOENT') throw error;
      }
      written.set(`${ns} ${key}`, value);
    },
  };
}
