// May this module do this here? The second gate of every operation, after the grant of the operation itself.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { addressOf, canonicalAddress, isIpv6 } from '../kernel/address.ts';
import { patternIn } from '../grant/patterns.ts';
import type { Grants } from '../grant/grants.ts';
import type { Link, Ns } from '../kernel/kernel.ts';
import type { Call } from './call.ts';
import type { Right } from './handles.ts';

/** `what` is half a sentence, `at` the object in it; without `grant` no grant would allow it. */
export function denied(call: Call, op: string, what: string, grant: object | undefined, at: string): CniError {
  return new CniError(CODE.capabilityDenied, `plugin "${call.module}": ${op} ${what} is not granted`, {
    kind: 'denied', op, at, ...(grant === undefined ? {} : { hint: `grants += ${JSON.stringify(grant)}` }),
  });
}

export function needNs(call: Call, op: string, domain: 'addr' | 'route' | 'rule' | 'neigh' | 'tc', ns: Ns): void {
  if (!call.grants[domain].includes(ns)) throw denied(call, op, `in the ${ns} namespace`, { [domain]: [ns] }, ns);
}

/** Of prevResult, of its IPAM plugin and of the leases it holds: a module cannot make an address its own by giving it to a link. */
export function isOwnAddress(call: Call, address: string): boolean {
  const asked = canonical(address);
  return asked !== undefined && [...call.addresses].some((own) => canonical(own) === asked);
}

/** One address, as a prefix of all its bits. */
export function isOwnPrefix(call: Call, prefix: string): boolean {
  const [address = '', length] = prefix.split('/');
  return length === (isIpv6(address) ? '128' : '32') && isOwnAddress(call, address);
}

/** Whatever their prefixes and spelling. */
export const sameAddress = (one: string, other: string): boolean => {
  const [a, b] = [one, other].map((text) => canonical(addressOf(text)));
  return a !== undefined && a === b;
};

function canonical(address: string): string | undefined {
  try {
    return canonicalAddress(address);
  } catch {
    return undefined;
  }
}

export const granted = (call: Call, patterns: Grants['hostLinks'], text: string): boolean => patterns.some((pattern) => meaningOf(call, pattern)(text));

/** In a call the same patterns are asked again and again. */
const meanings = new WeakMap<Call, Map<string, (text: string) => boolean>>();

function meaningOf(call: Call, pattern: string): (text: string) => boolean {
  const known = meanings.get(call) ?? new Map<string, (text: string) => boolean>();
  meanings.set(call, known);
  const meaning = known.get(pattern) ?? patternIn(patternFacts(call), pattern);
  known.set(pattern, meaning);
  return meaning;
}

/** What the placeholders of a pattern stand for in this call. In GC any attachment of the network is meant. */
const patternFacts = (call: Call) => ({
  attachment: call.verb === 'GC' ? undefined : call.hashes.attachment,
  containerId: call.verb === 'GC' ? undefined : call.request.attachment.containerId,
  ifname: call.verb === 'GC' ? undefined : call.request.attachment.ifname,
  config: call.request.netconf.value,
});

/** The right to a link of the host, undefined when it is none of this module's business: then it does not exist for it. */
export function rightToHostLink(call: Call, link: Link): Right | undefined {
  if (call.ownLinks.has(link.index)) return 'own';
  const byName = call.grants.hostLinks.filter((pattern) => granted(call, [pattern], link.name));
  if (byName.some((pattern) => pattern.includes('{attachment:'))) return 'own';
  const leads = link.kind === 'veth' ? leadsTo(call, link) : undefined;
  // A name in full is the operator's word; under a pattern other containers' links can be found as well.
  if (byName.some((pattern) => leads !== 'elsewhere' || !pattern.includes('*'))) return 'granted';
  // GC has to see whether what old rules speak of is still there.
  if (call.verb === 'GC' && link.kind === 'veth' && call.grants.link.host?.includes('veth')) return 'read';
  if (isInResult(call, link)) return rightByResult(link, leads);
  return isMeantByResult(call, link) ? 'shared' : undefined;
}

/** Results of 0.1.0 and 0.2.0 name no interfaces: their bridge is the one on which the attachment's veth is a port. */
function isMeantByResult(call: Call, { kind, index }: Link): boolean {
  const { prevResult } = call.request.netconf;
  if (kind !== 'bridge' || !prevResult || prevResult.interfaces?.length || (call.verb !== 'ADD' && call.verb !== 'CHECK')) return false;
  const inside = call.kernel.link.get('container', { name: call.request.attachment.ifname });
  const port = inside?.kind === 'veth' && inside.peerNs === 'host' ? call.kernel.link.get('host', { index: inside.peer! }) : undefined;
  return port?.master === index && port.peer === inside!.index && leadsTo(call, port) === 'container';
}

/** Where the other end of a veth is: numbers of interfaces are a container's to choose, so both ends and both namespaces have to agree. */
function leadsTo({ kernel }: Call, { index, peer, peerNs }: Link): Ns | 'elsewhere' {
  if (peer === undefined || peerNs === undefined || peerNs === 'elsewhere') return 'elsewhere';
  const far = kernel.link.get(peerNs, { index: peer });
  return far?.kind === 'veth' && far.peer === index && far.peerNs === 'host' ? peerNs : 'elsewhere';
}

/** A plugin before this one can have named any link: the container's own is its, a bridge is everybody's, a device of the node is not meant. */
function rightByResult({ kind }: Link, leads: Ns | 'elsewhere' | undefined): Right | undefined {
  if (leads !== undefined) return leads === 'container' ? 'granted' : undefined;
  return kind === '' ? undefined : 'shared';
}

const isInResult = (call: Call, { name }: Link): boolean =>
  call.request.netconf.prevResult?.interfaces?.some((one) => one.name === name && !one.sandbox) ?? false;

/** In the container CNI_IFNAME is the attachment's; `lo` only for a module that is granted it; the rest can be looked at. */
export function rightToContainerLink(call: Call, link: { index: number; name: string }): Right {
  if (link.name === call.request.attachment.ifname && link.name !== 'lo') return 'own';
  return granted(call, call.grants.link.container ?? [], link.name) ? 'granted' : 'read';
}
