// What every kernel throws: the errno by name and what was being done.
// SPDX-License-Identifier: Apache-2.0

export class KernelError extends Error {
  constructor(
    /** "EEXIST", "ENODEV", …; for iptables "EIPTABLES" */
    readonly errno: string,
    /** what was done to what, e.g. `add address 10.1.0.5/24 to interface 3` */
    readonly action: string,
    /** the kernel's own extended-ack text or the program's stderr */
    readonly detail?: string,
  ) {
    super(`${action}: ${detail ? `${detail} (${errno})` : errno}`);
    this.name = 'KernelError';
  }
}

/** Wrong in itself, so that no kernel was asked: an address that is none, a rule that cannot be written. */
export class WrongValue extends KernelError {
  constructor(action: string, detail: string) {
    super('EINVAL', action, detail);
  }
}

export const meansNotFound = (errno: string): boolean => ['ENOENT', 'ENODEV', 'ESRCH', 'EADDRNOTAVAIL', 'ENXIO'].includes(errno);
export const isNotFound = (error: unknown): boolean => error instanceof KernelError && meansNotFound(error.errno);
/** For what may have gone by itself, with its link or with its namespace, and for what may never have been there: undefined then. */
export function unlessGone<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
export const isExists = (error: unknown): boolean => error instanceof KernelError && error.errno === 'EEXIST';
/** It was decided on what somebody has changed since. */
export const isOvertaken = (error: unknown): boolean => error instanceof KernelError && error.errno === 'ERESTART';
/** The kernel looked at it and did nothing. Without an answer, or with a lost one, nobody knows. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof KernelError && !['ETIMEDOUT', 'ENOBUFS', 'EINTR', 'EBADMSG', 'EMSGSIZE'].includes(error.errno);
