// What one run of one module has in hand: everything an operation may look at. Made new for each run, nothing outlives it.
// SPDX-License-Identifier: Apache-2.0

import type { Grants } from '../grant/grants.ts';
import { isRefusal } from '../kernel/kernel-error.ts';
import type { Kernel, Ns } from '../kernel/kernel.ts';
import type { Journal } from '../ledger/journal.ts';
import type { Hashes } from '../ledger/attachment-id.ts';
import type { Life, Undo } from '../ledger/undo.ts';
import type { Attachment, ModuleVerb, Request } from '../protocol/request.ts';
import type { Result, ResultIp } from '../protocol/result.ts';
import type { LockedStore, Store, StorePlace } from '../store/store.ts';
import type { Handles, Right } from './handles.ts';
import type { Backend, RuleTables } from './rules/tables.ts';

export interface NodeFiles {
  /** the subnets of this node's pods, one on each line */
  podCidr: string;
  /** patterns of the sysctls that tuning may set; without the file all of them */
  tuningAllowlist: string;
}

export interface Call {
  readonly request: Request;
  readonly verb: ModuleVerb;
  readonly hashes: Hashes;
  readonly kernel: Kernel;
  readonly grants: Grants;
  /** the operator's words on their own; undefined for a module that ships with the host */
  readonly granting?: readonly Grants[] | undefined;
  /** what its patterns mean in this call, as far as they have been asked */
  readonly meanings: Map<string, (text: string) => boolean>;
  readonly handles: Handles;
  readonly tables: RuleTables;
  readonly journal: Journal;
  /** the module that runs, and the plugin of the chain it runs for (another one inside a delegate) */
  readonly module: string;
  readonly plugin: string;
  /** interface indexes of host links that the ledger says are this attachment's */
  readonly ownLinks: ReadonlySet<number>;
  /** DEL: the packet filter that alone holds rules of this plugin for the attachment, as far as it is known */
  readonly onlyBackend?: Backend | undefined;
  /** addresses of the attachment, with their prefixes and gateways: prevResult's and those the IPAM plugin gave in this call */
  readonly ips: ResultIp[];
  /** whether the host has these addresses, as far as that has been asked */
  readonly hostHas: Map<string, boolean>;
  /** keys of leases that the module took for the attachment in this call */
  readonly leases: Set<string>;
  /** paths of files that the node has for plugins */
  readonly nodeFiles: NodeFiles;
  store(): LockedStore;
  storePlace(): StorePlace;
  /** GC: attachments that live, of this network as the runtime says, of others as the ledger does */
  living(): readonly Attachment[];
  /** leases of this network whose containers ended with an earlier boot */
  outlivedLeases(store: Store): ReadonlySet<string>;
  /** for the verb that runs */
  delegate(type: string): Result | undefined;
}

/** Puts the inverse into the journal; call it right before the change. */
export const intend = (call: Call, op: string, life: Life, inverse: Undo['inverse']): number =>
  call.journal.intend(call.plugin, { life, by: call.module, op, inverse });

/** The same with the change, for one that the kernel does as a whole or not at all: what it refuses is not taken back. */
export function change<T>(call: Call, op: string, life: Life, inverse: Undo['inverse'], act: () => T): T {
  const i = intend(call, op, life, inverse);
  try {
    return act();
  } catch (error) {
    if (isRefusal(error)) call.journal.refused(i);
    throw error;
  }
}

/** What hangs on a link of the attachment, or is in the container, goes with that: its inverse is for the call alone. `shared` is for the rest. */
export const lifeOn = ({ ns, right }: { ns: Ns; right?: Right }, shared: Life): Life => (right === 'own' || ns === 'container' ? 'call' : shared);

/** The identity of a namespace for an inverse. */
export const within = (call: Call, ns: Ns): { ns: Ns; netns: string } => ({ ns, netns: call.kernel.netnsMark(ns) ?? '' });
