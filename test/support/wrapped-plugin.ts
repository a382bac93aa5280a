// Puts a program in a plugin's place that kills the plugin, or holds it, in one call; every other call goes through.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface WrappedPlugin {
  /** The next call of this verb is killed when it makes its nth call of the kernel of this kind. */
  killNext(verb: 'ADD' | 'DEL', syscall: 'sendto' | 'write', n: number): void;
  /** The killing that was ordered has begun. */
  fired(): boolean;
}

/** @param bin the runtime's folder of plugins @param own where the plugin really is */
export function wrapPlugin(bin: string, own: string, name: string): WrappedPlugin {
  const orders = (verb: string): string => join(bin, `.${name}.${verb}`);
  rmSync(join(bin, name), { force: true });
  writeFileSync(join(bin, name), `#!/bin/sh
if mv "${orders('')}$CNI_COMMAND" "${orders('taken')}" 2>/dev/null; then
  read -r syscall n < "${orders('taken')}"
  exec strace -o /dev/null -e "trace=$syscall" -e "inject=$syscall:signal=KILL:when=$n" "${join(own, name)}"
fi
exec "${join(own, name)}"
`, { mode: 0o755 });
  return {
    killNext: (verb, syscall, n) => {
      rmSync(orders('taken'), { force: true });
      writeFileSync(orders(verb), `${syscall} ${n}\n`);
    },
    fired: () => existsSync(orders('taken')),
  };
}
