// DEL: takes away what lets the addresses of prevResult through, in every backend; without prevResult what bears the attachment's name.
// The rest of an attachment of ours the host has noted down. An address has no name in iptables and firewalld: what the reference made
// is found with prevResult alone.
// SPDX-License-Identifier: Apache-2.0

import { firewalldRemove, iptablesApply, nftApply, nftList } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Problems } from '../sdk/problems';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { askNft } from '../sdk/usable';
import { addressesOf, FAMILIES, ofFamily } from './addresses';
import { askIptables, zoned } from './backend';
import { FirewallConf } from './firewall-conf';
import { iptablesWithout } from './iptables-layout';
import { isUnused, nftTable, nftWithout, withoutPolicy } from './nft-layout';

export function del(length: i32): i32 {
  const request = Request.take(length);
  // What ADD refused in it is no reason to leave the rest of the chain undone.
  const conf = new FirewallConf(request.config);
  const addresses = request.prevResult.exists ? addressesOf(Result.from(request.prevResult)) : [];
  const problems = new Problems();
  removeFromIptables(addresses, problems);
  removeFromNft(request, problems);
  if (conf.backend != 'iptables' && conf.backend != 'nftables' && addresses.length > 0) problems.note(firewalldRemove(zoned(conf, addresses)));
  return problems.end();
}

function removeFromIptables(addresses: Prefix[], problems: Problems): void {
  for (let i = 0; i < FAMILIES.length; i++) {
    const some = ofFamily(addresses, FAMILIES[i]);
    if (some.length > 0 && problems.mayHold(askIptables(FAMILIES[i]))) problems.note(iptablesApply(iptablesWithout(some, FAMILIES[i])));
  }
}

/** The policy of the network goes with its last attachment. */
function removeFromNft(request: Request, problems: Problems): void {
  if (!problems.mayHold(askNft())) return;
  problems.note(nftApply(nftWithout(request)));
  dropUnusedPolicy(request, problems);
}

export function dropUnusedPolicy(request: Request, problems: Problems): void {
  const listed = nftList(nftTable());
  problems.note(listed);
  if (listed.ok && isUnused(request, listed.json)) problems.note(nftApply(nftTable().arr('remove', withoutPolicy(request))));
}
