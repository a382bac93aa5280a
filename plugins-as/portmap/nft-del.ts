// DEL for nftables: a rule's comment is its container alone, as the reference has it, and another network of the same container may have
// rules there too. What tells them apart is the address.
// SPDX-License-Identifier: Apache-2.0

import { failWith } from '../sdk/fail';
import { addrList, linkList, nftApply } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Arr, Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { askNft, isLacking } from '../sdk/usable';
import { HOSTIP_HOSTPORTS, HOSTPORTS, MASQUERADING, nftTable } from './nft-layout';

const CHAINS = [HOSTPORTS, HOSTIP_HOSTPORTS, MASQUERADING];
const WHAT = 'error deleting nftables rules';

/** Without `addresses` nobody said which were this attachment's. Those of the container's other interfaces were not. */
export function removeFromNft(request: Request, addresses: Prefix[]): i32 {
  const usable = askNft();
  if (isLacking(usable)) return 0;
  if (!usable.ok) return failWith(usable.error, WHAT);
  const others = addresses.length == 0 ? otherAddresses(request) : [];
  let failed = 0;
  for (let family = 0; family < 2; family++) {
    const v6 = family == 1;
    const removed = nftApply(nftTable(v6).arr('remove', rulesOf(request, addresses, others, v6)));
    if (!removed.ok) failed = failWith(removed.error, WHAT);
  }
  return failed;
}

function rulesOf(request: Request, addresses: Prefix[], others: Prefix[], v6: bool): Arr {
  const rules = new Arr();
  for (let c = 0; c < CHAINS.length; c++) {
    for (let i = 0; i < addresses.length; i++) {
      if (addresses[i].ip.v6 == v6) rules.obj(owned(CHAINS[c], request).str('address', addresses[i].ip.text()));
    }
    if (addresses.length == 0) rules.obj(owned(CHAINS[c], request).arr('except', textsOf(others, v6)));
  }
  return rules;
}

function owned(chain: string, request: Request): Obj {
  return new Obj().str('chain', chain).str('comment', request.containerId);
}

function textsOf(addresses: Prefix[], v6: bool): Arr {
  const texts = new Arr();
  for (let i = 0; i < addresses.length; i++) {
    if (addresses[i].ip.v6 == v6) texts.str(addresses[i].ip.text());
  }
  return texts;
}

function otherAddresses(request: Request): Prefix[] {
  const others: Prefix[] = [];
  if (!request.netns) return others;
  const links = linkList(new Obj());
  for (let link = links.json.get('links').first(); link.present; link = link.next()) {
    if (link.get('name').str() == request.ifname) continue;
    const listed = addrList(new Obj().int('link', link.get('link').int()));
    for (let e = listed.json.get('addrs').first(); e.present; e = e.next()) {
      const address = Prefix.parse(e.get('address').str());
      if (address !== null) others.push(address);
    }
  }
  return others;
}
