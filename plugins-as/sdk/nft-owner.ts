// Whose an nf_tables rule is: its comment begins with hashes of the network and of the attachment and goes on for people, as the
// reference writes it for masquerading. Found so, it needs no address to be taken away.
// SPDX-License-Identifier: Apache-2.0

import { Arr, Json, Obj } from './json';
import { Request } from './request';
import { rulesOf } from './rules-of';

/** Longer comments the nft program would not take. */
export const COMMENT_BYTES = 128;
const HASH = 16;

export function ownComment(request: Request): string {
  return cut(ownStart(request) + facts(request.network, request.ifname, request.containerId));
}

/** What all rules of this attachment begin with. */
function ownStart(request: Request): string {
  return networkStart(request) + request.interfaceHash.substring(0, HASH);
}

/** What the rules of all attachments of this network begin with. */
export function networkStart(request: Request): string {
  return request.networkHash.substring(0, HASH) + '-';
}

/** Takes away the attachment's rules in this chain. */
export function removeOwn(chain: string, request: Request): Obj {
  return new Obj().str('chain', chain).str('commentPrefix', ownStart(request));
}

/** Takes away the rules of the network in this chain whose attachment is not valid any more; `listed` is what nft.list found. */
export function removeStale(chain: string, request: Request, listed: Json): Arr {
  const keep = new Set<string>();
  const start = networkStart(request);
  const hashes = start.length + HASH;
  for (let e = request.validAttachments.first(); e.present; e = e.next()) {
    const comment = cut('-'.repeat(hashes) + facts(request.network, e.get('ifname').str(), e.get('containerID').str()));
    keep.add(comment.substring(hashes));
  }
  const remove = new Arr();
  for (let e = rulesOf(chain, listed); e.present; e = e.next()) {
    const comment = e.get('comment').str();
    if (comment.startsWith(start) && !keep.has(comment.substring(hashes))) remove.obj(new Obj().str('chain', chain).str('comment', comment));
  }
  return remove;
}

function facts(network: string, ifname: string, containerId: string): string {
  return ', net: ' + network + ', if: ' + ifname + ', id: ' + containerId;
}

/** Names of networks and containers are ASCII; only an interface may be called otherwise. */
function cut(comment: string): string {
  const plain = comment.replaceAll('"', '');
  let end = plain.length;
  while (String.UTF8.byteLength(plain.substring(0, end)) > COMMENT_BYTES) end--;
  return plain.substring(0, end);
}
