// What a runtime asked for, parsed and checked: nothing behind this stage looks at the environment or at stdin again.
// SPDX-License-Identifier: Apache-2.0

import type { Result } from './result.ts';

export type Verb = ModuleVerb | 'VERSION';
/** Those that a module is run for. */
export type ModuleVerb = 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'STATUS';

export interface Attachment {
  network: string;
  /** '' for GC and STATUS */
  containerId: string;
  ifname: string;
  /** how many calls of ours on this very interface wait for this one: it has a lock, a journal and a record of its own */
  depth?: number;
}

/** The network configuration of one plugin. Keys are matched as Go's encoding/json does (see field() in go-json.ts). */
export interface Netconf {
  /** The JSON text as received (or, inside a chain, as composed); the module reads this. */
  text: string;
  value: Readonly<Record<string, unknown>>;
  cniVersion: string;
  name: string;
  type: string;
  /** In 1.1.0 form, whatever cniVersion is. */
  prevResult?: Result;
  /** `cni.dev/valid-attachments`, else `cni.dev/attachments`; null (as CRI-O sends it) is []; undefined: unknown, so nothing may be collected. */
  validAttachments?: readonly { containerID: string; ifname: string }[];
}

export interface Request {
  verb: Verb;
  /** base name the host was called by */
  calledAs: string;
  attachment: Attachment;
  /** a call of ours on the same network waits for this one, and holds the network's lock */
  withinNetwork: boolean;
  /** CNI_NETNS; '' when unset or empty */
  netns: string;
  /** CNI_NETNS_OVERRIDE is 1 or true */
  netnsOverride: boolean;
  /** CNI_ARGS verbatim */
  args: string;
  /** folders of CNI_PATH */
  path: readonly string[];
  netconf: Netconf;
}
