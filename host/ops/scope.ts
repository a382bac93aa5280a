// May this module do this here? The second gate of every operation, after the grant of the operation itself.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { matches } from '../grant/patterns.ts';
import type { Grants } from '../grant/grants.ts';
import type { Ns } from '../kernel/kernel.ts';
import type { Call } from './call.ts';
import type { Right } from './handles.ts';

export function denied(call: Call, op: string, what: string, grant: object): CniError {
  return new CniError(CODE.capabilityDenied, `plugin "${call.module}": ${op} ${what} is not granted`, {
    kind: 'denied', op, at: what, hint: `grants += ${JSON.stringify(grant)}`,
  });
}

export function needNs(call: Call, op: string, domain: 'addr' | 'route' | 'rule' | 'neigh' | 'tc', ns: Ns): void {
  if (!call.grants[domain].includes(ns)) throw denied(call, op, `in the ${ns} namespace`, { [domain]: [ns] });
}

export const granted = (call: Call, patterns: Grants['hostLinks'], text: string): boolean =>
  patterns.some((pattern) => matches(pattern, text, patternFacts(call)));

/** What the placeholders of a pattern stand for in this call. In GC any attachment of the network is meant. */
export const patternFacts = (call: Call) => ({
  attachment: call.verb === 'GC' ? undefined : call.hashes.attachment,
  ifname: call.request.attachment.ifname,
  config: call.request.netconf.value,
});

/** The right to a link of the host, undefined when it is none of this module's business: then it does not exist for it. */
export function rightToHostLink(call: Call, link: { index: number; name: string }): Right | undefined {
  if (call.ownLinks.has(link.index)) return 'own';
  const byName = call.grants.hostLinks.filter((pattern) => granted(call, [pattern], link.name));
  if (byName.some((pattern) => pattern.includes('{attachment:'))) return 'own';
  if (byName.length > 0) return 'granted';
  const { prevResult } = call.request.netconf;
  return prevResult?.interfaces?.some(({ name, sandbox }) => name === link.name && !sandbox) ? 'granted' : undefined;
}

/** In the container CNI_IFNAME is the attachment's; `lo` only for a module that is granted it; the rest can be looked at. */
export function rightToContainerLink(call: Call, link: { index: number; name: string }): Right {
  if (link.name === call.request.attachment.ifname && link.name !== 'lo') return 'own';
  return call.grants.link.container?.includes(link.name) ? 'granted' : 'read';
}
