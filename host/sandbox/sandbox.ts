// The border to a guest, as the other stages see it.
// SPDX-License-Identifier: Apache-2.0

import type { Op } from '../../abi/ops.ts';
import type { Audit } from '../audit.ts';
import type { Limits } from '../grant/grants.ts';
import type { Result } from '../protocol/result.ts';
import type { GuestModule } from './guest-module.ts';

export interface LogRecord { level: 'debug' | 'info' | 'warn' | 'error'; text: string }

export interface GuestCall {
  /** digest → compiled module is the caller's matter */
  module: GuestModule;
  /** for messages */
  name: string;
  entry: 'cni_add' | 'cni_del' | 'cni_check' | 'cni_gc' | 'cni_status';
  /** the request document (abi/README.md, "The request"), as JSON text */
  request: string;
  limits: Limits;
  /** Operations that are bound; every other import that is optional answers `denied`. */
  granted: ReadonlySet<string>;
  /** Runs one operation on a request that has been checked against its shape; throws CniError. */
  perform(op: Op, request: Readonly<Record<string, unknown>>): object;
  /** `cni:abi/1.grants` */
  grants: object;
  log(record: LogRecord): void;
  /** what it was refused, and what ended it */
  audit: Audit;
  /** the least level that is written anywhere, so that a guest need not format what nobody reads */
  logLevel: LogRecord['level'];
  random(bytes: Uint8Array): void;
  /** `cni:abi/1.close`: the guest is done with a handle; false when there is none such */
  close(handle: number): boolean;
}

/** The result the guest set, undefined if none. Throws CniError: the guest's own failure, a trap (103), a limit (104, 105), a refusal (100). */
export type RunGuest = (call: GuestCall) => Result | undefined;
