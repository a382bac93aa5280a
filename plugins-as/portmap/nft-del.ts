// DEL for nftables: a rule's comment is its container alone, as the reference has it, and another network of the same container may have
// rules there too. What tells them apart is the address.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { addrList, linkList, nftApply } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Arr, Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { askNft, isLacking } from '../sdk/usable';
import { containerAddresses } from './container-address';
import { HOSTIP_HOSTPORTS, HOSTPORTS, MASQUERADING, nftTable } from './nft-layout';

/** null: it cannot be used on this node, so there is nothing of ours that could be reached by it. */
export function removeFromNft(request: Request, v6: bool): Answer | null {
  const usable = askNft();
  if (isLacking(usable)) return null;
  if (!usable.ok) return usable;
  const addresses = request.prevResult.exists ? containerAddresses(request, Result.from(request.prevResult)) : [];
  const others = addresses.length == 0 ? otherAddresses(request, v6) : new Arr();
  const remove = new Arr();
  const chains = [HOSTPORTS, HOSTIP_HOSTPORTS, MASQUERADING];
  for (let c = 0; c < chains.length; c++) {
    for (let i = 0; i < addresses.length; i++) {
      if (addresses[i].ip.v6 == v6) remove.obj(owned(chains[c], request).str('address', addresses[i].ip.text()));
    }
    if (addresses.length == 0) remove.obj(owned(chains[c], request).arr('except', others));
  }
  return nftApply(nftTable(v6).arr('remove', remove));
}

function owned(chain: string, request: Request): Obj {
  return new Obj().str('chain', chain).str('comment', request.containerId);
}

/** Nobody said which address was this attachment's. Those of the container's other interfaces were not. */
function otherAddresses(request: Request, v6: bool): Arr {
  const others = new Arr();
  if (!request.netns) return others;
  const links = linkList(new Obj());
  for (let link = links.json.get('links').first(); link.present; link = link.next()) {
    if (link.get('name').str() == request.ifname) continue;
    const listed = addrList(new Obj().int('link', link.get('link').int()));
    for (let e = listed.json.get('addrs').first(); e.present; e = e.next()) {
      const address = Prefix.parse(e.get('address').str());
      if (address !== null && address.ip.v6 == v6) others.str(address.ip.text());
    }
  }
  return others;
}
