// What one run of one module has in hand: everything an operation may look at. Made new for each run, nothing outlives it.
// SPDX-License-Identifier: Apache-2.0

import type { Grants } from '../grant/grants.ts';
import type { Kernel, Ns } from '../kernel/kernel.ts';
import type { Journal } from '../ledger/journal.ts';
import type { Hashes } from '../ledger/attachment-id.ts';
import type { Life, Undo } from '../ledger/undo.ts';
import type { Request, Verb } from '../protocol/request.ts';
import type { Result } from '../protocol/result.ts';
import type { LockedStore, StorePlace } from '../store/store.ts';
import type { Handles } from './handles.ts';
import type { RuleTables } from './rules/tables.ts';

export interface Call {
  readonly request: Request;
  readonly verb: Verb;
  readonly hashes: Hashes;
  readonly kernel: Kernel;
  readonly grants: Grants;
  readonly handles: Handles;
  readonly tables: RuleTables;
  readonly journal: Journal;
  /** the module that runs, and the plugin of the chain it runs for (another one inside a delegate) */
  readonly module: string;
  readonly plugin: string;
  /** interface indexes of host links that the ledger says are this attachment's */
  readonly ownLinks: ReadonlySet<number>;
  /** addresses of the attachment: prevResult's and those given in this call */
  readonly addresses: Set<string>;
  store(): LockedStore;
  storePlace(): StorePlace;
  delegate(type: string, verb: Verb): Result | undefined;
}

/** Puts the inverse into the journal; call it right before the change. */
export const intend = (call: Call, op: string, life: Life, inverse: Undo['inverse']): number =>
  call.journal.intend(call.plugin, { life, by: call.module, op, inverse });

/** The identity of a namespace for an inverse. */
export const within = (call: Call, ns: Ns): { ns: Ns; netns: string } => ({ ns, netns: call.kernel.netnsId(ns) ?? '' });
