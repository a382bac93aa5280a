// Of a root's capabilities the host keeps those it works with, and what it starts can have no others (RATIONALE, "Which capabilities does the host keep?").
// SPDX-License-Identifier: Apache-2.0

import { loadKoffi } from './libc.ts';

/** linux/capability.h */
export const KEPT = {
  CAP_DAC_OVERRIDE: 1,
  CAP_DAC_READ_SEARCH: 2,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_MODULE: 16,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
} as const;

/** _LINUX_CAPABILITY_VERSION_3: each set is two words of 32 bits. */
const VERSION_3 = 0x20080522;
const PR_SET_NO_NEW_PRIVS = 38;
const MASK = Object.values(KEPT).reduce((mask, bit) => mask | (1 << bit), 0) >>> 0;

/**
 * For the calling thread and those it starts. What it has not got it does not ask for, so that it works with fewer and in a user namespace;
 * where a system call is forbidden everything stays as it was.
 */
export function dropPrivileges(): void {
  const library = loadKoffi().load(null);
  const capget = library.func('int capget(uint32_t *header, _Inout_ uint32_t *sets)');
  const capset = library.func('int capset(uint32_t *header, const uint32_t *sets)');
  const prctl = library.func('int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)');
  // Numbers in the machine's own order, and none of Buffer's methods, of which the first use costs 0.1 ms each.
  const header = new Uint32Array([VERSION_3, 0]);
  // effective, permitted and inheritable: first the low words of all three, then the high ones
  const sets = new Uint32Array(6);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (Number(capget(header, sets)) < 0) return;
  const [effective = 0, permitted = 0, inheritable = 0] = sets;
  capset(header, new Uint32Array([effective & MASK, permitted & MASK, inheritable & MASK, 0, 0, 0]));
}
