// May this module do this here? The second gate of every operation, after the grant of the operation itself.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { checkDeadline } from '../deadline.ts';
import { addressOf, canonicalAddress, isIpv6 } from '../kernel/address.ts';
import type { Grants, Pattern } from '../grant/grants.ts';
import { isOfAttachment, patternIn, type PatternFacts } from '../grant/patterns.ts';
import type { Link, Ns } from '../kernel/kernel.ts';
import { hashesOf } from '../ledger/attachment-id.ts';
import { once } from '../once.ts';
import type { Request } from '../protocol/request.ts';
import type { Call } from './call.ts';
import type { Right } from './handles.ts';
import { ipamRanges, isInRanges } from './ipam-ranges.ts';

/** `what` is half a sentence, `at` the object in it; without `grant` no grant would allow it. */
export function denied(call: Call, op: string, what: string, grant: object | undefined, at: string): CniError {
  return new CniError(CODE.capabilityDenied, `plugin "${call.module}": ${op} ${what} is not granted`, {
    kind: 'denied', op, at, ...(grant === undefined ? {} : { hint: `grants += ${JSON.stringify(grant)}` }),
  });
}

export function needNs(call: Call, op: string, domain: 'addr' | 'route' | 'rule' | 'neigh' | 'tc', ns: Ns): void {
  if (!call.grants[domain].includes(ns)) throw denied(call, op, `in the ${ns} namespace`, { [domain]: [ns] }, ns);
}

/**
 * Of prevResult, of its IPAM plugin, and of the leases it took in the configuration's ranges: a module cannot make an address its own by giving it to a
 * link, or by writing a lease for just any. And whoever says so: what the host has is not a container's.
 */
export function isOwnAddress(call: Call, address: string): boolean {
  const asked = canonical(address);
  return asked !== undefined && isGiven(call, asked) && !isOfHost(call, asked);
}

const isGiven = (call: Call, address: string): boolean => call.ips.some((own) => sameAddress(own.address, address)) || (call.leases.has(address) && isInRanges(ipamRanges(call), address));

/** Of many published ports each asks. */
function isOfHost(call: Call, address: string): boolean {
  const answer = call.hostHas.get(address) ?? isOnHostLink(call, address);
  call.hostHas.set(address, answer);
  return answer;
}

/** One that is not the attachment's. The way there is asked for first: where one leads away the host has no such address, and it may have a thousand others. */
function isOnHostLink(call: Call, address: string): boolean {
  const { route, addr, link } = call.kernel;
  if (route.to('host', address)) return false;
  return addr.list('host').filter((one) => sameAddress(one.address, address)).some(({ index }) => {
    const holder = link.get('host', { index });
    return holder !== undefined && rightToHostLink(call, holder) !== 'own';
  });
}

/** One address, as a prefix of all its bits. */
export function isOwnPrefix(call: Call, prefix: string): boolean {
  const [address = '', length] = prefix.split('/');
  return length === (isIpv6(address) ? '128' : '32') && isOwnAddress(call, address);
}

/** It was given to the attachment, and a link of the host has it as well. */
export function isHostsToo(call: Call, prefix: string): boolean {
  const address = canonical(addressOf(prefix));
  return address !== undefined && isGiven(call, address) && isOfHost(call, address);
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

type PatternsOf = (words: Grants) => readonly Pattern[];

/** By what the operator and the module have in common, and by what the operator has said: words of the module may be narrower, and mean more. */
export const granted = (call: Call, patternsOf: PatternsOf, text: string): boolean =>
  [call.grants, ...(call.granting ?? [])].every((words) => patternsOf(words).some((pattern) => meaningOf(call, pattern)(text)));

/** The patterns by which it is granted, as whoever grants has written them: how far a right goes is theirs to say. */
export const grantedBy = (call: Call, patternsOf: PatternsOf, text: string): Pattern[] =>
  (granted(call, patternsOf, text) ? (call.granting ?? [call.grants]).flatMap(patternsOf).filter((pattern) => meaningOf(call, pattern)(text)) : []);

/** In a call the same patterns are asked again and again; of all that a module writes, for each of thousands of names in one operation. */
function meaningOf(call: Call, pattern: string): (text: string) => boolean {
  checkDeadline();
  const meaning = call.meanings.get(pattern) ?? (call.verb === 'GC' && isOfAttachment(pattern) ? ofNoneAlive(call, pattern) : patternIn(factsOf(call, call), pattern));
  call.meanings.set(pattern, meaning);
  return meaning;
}

const factsOf = (call: Call, { request: { attachment }, hashes }: Pick<Call, 'hashes'> & { request: Pick<Request, 'attachment'> }): PatternFacts =>
  ({ attachment: hashes.attachment, containerId: attachment.containerId, ifname: attachment.ifname, config: call.request.netconf.value });

/** In GC any attachment is meant, but for those that live. */
function ofNoneAlive(call: Call, pattern: string): (text: string) => boolean {
  const anybodys = patternIn({ attachment: undefined, containerId: undefined, ifname: undefined, config: call.request.netconf.value }, pattern);
  const living = once(() => call.living().map((attachment) => patternIn(factsOf(call, { request: { attachment }, hashes: hashesOf(attachment) }), pattern)));
  return (text) => anybodys(text) && !living().some((isOf) => isOf(text));
}

/** The right to a link of the host, undefined when it is none of this module's business: then it does not exist for it. */
export function rightToHostLink(call: Call, link: Link): Right | undefined {
  if (call.ownLinks.has(link.index)) return 'own';
  const byName = grantedBy(call, ({ hostLinks }) => hostLinks, link.name);
  const leads = link.kind === 'veth' ? leadsTo(call, link) : undefined;
  // A veth with another end has a container that lives, whatever GC knows of it.
  if (byName.some((pattern) => pattern.includes('{attachment:')) && !(call.verb === 'GC' && leads === 'elsewhere')) return 'own';
  // A name in full is the operator's word; under a pattern other containers' links can be found as well.
  const isWide = (pattern: string): boolean => pattern.includes('*') || (call.verb === 'GC' && isOfAttachment(pattern));
  if (byName.some((pattern) => leads !== 'elsewhere' || !isWide(pattern))) return 'granted';
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
  return granted(call, ({ link: { container = [] } }) => container, link.name) ? 'granted' : 'read';
}
