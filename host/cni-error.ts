// The one error that crosses a stage: a CNI code, a sentence that names what, with which value, and what to do.
// SPDX-License-Identifier: Apache-2.0

/** Codes of SPEC §Error, and ours from 100 on. 999 is the reference library's catch-all, kept where its texts are kept. */
export const CODE = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  io: 5,
  decode: 6,
  invalidConfig: 7,
  invalidNetns: 8,
  tryAgainLater: 11,
  notAvailable: 50,
  notAvailableLimited: 51,
  moduleRefused: 100,
  capabilityDenied: 101,
  kernel: 102,
  trap: 103,
  timeLimit: 104,
  limit: 105,
  residue: 106,
  hostInternal: 107,
  plugin: 999,
} as const;

/** What a guest may switch on; a closed set. */
export type ErrorKind = 'denied' | 'not-found' | 'exists' | 'invalid' | 'busy' | 'limit' | 'timeout' | 'unsupported' | 'conflict' | 'io';

export interface ErrorFacts {
  kind?: ErrorKind;
  errno?: string;
  /** the operation, e.g. "link.create" */
  op?: string;
  /** the object, e.g. "host:cni0" */
  at?: string;
  /** what the operator can do */
  hint?: string | undefined;
  /** it is there, but not for this module, which is told that it is not */
  hidden?: boolean;
  details?: string;
  cause?: unknown;
}

/** Runtimes read it into a `uint`, which has 32 bits on some machines; they take an error with any other code for no answer at all. */
export const isErrorCode = (code: unknown): code is number => Number.isInteger(code) && (code as number) >= 0 && (code as number) < 2 ** 32;

export class CniError extends Error {
  constructor(readonly code: number, message: string, readonly facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'CniError';
  }
}
