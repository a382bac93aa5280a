// The audit log: what a module tried and was refused, and why one was ended or not let in, each with module, operation and object.
// SPDX-License-Identifier: Apache-2.0

import { CniError, type ErrorKind } from './cni-error.ts';
import type { Log } from './log.ts';

/** `object` where the error does not name it. */
export type Audit = (error: CniError, operation: string, object?: string) => void;

/** A module that asks for what it may not have as often as it can is still one module. */
const MAX_LINES = 100;
const MAX_TEXT = 256;
/** It repeats what the module has asked for. */
const MAX_MESSAGE = 1024;

export function auditOf(log: Log, who: { module: string } & Record<string, unknown>): Audit {
  let lines = 0;
  return (error, operation, object = '') => {
    if (++lines > MAX_LINES) return;
    const { code, message, facts } = error;
    log.warn({ ...who, operation: facts.op ?? operation, object: (facts.at ?? object).slice(0, MAX_TEXT), code }, message.slice(0, MAX_MESSAGE));
    if (lines === MAX_LINES) log.warn({ ...who }, `refused ${MAX_LINES} times in one call; the rest is not listed`);
  };
}

const REFUSALS: readonly (ErrorKind | undefined)[] = ['denied', 'invalid', 'limit'];

/** Kernel answers like "exists" are a plugin's daily work; being told no is not. */
export const isForAudit = ({ facts: { kind, hidden } }: CniError): boolean => hidden === true || REFUSALS.includes(kind);

/** For what happens before a module runs. `who` is asked when it was refused: what is known of it by then. */
export function audited<T>(log: Log, who: () => Parameters<typeof auditOf>[1], operation: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof CniError && error.facts.kind !== 'not-found') {
      const known = who();
      auditOf(log, known)(error, operation, known.module);
    }
    throw error;
  }
}
