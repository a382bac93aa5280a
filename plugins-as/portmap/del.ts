// DEL: takes the rules away, whichever backend made them, by names alone: neither prevResult nor a namespace nor a right configuration
// is needed. Without port mappings nothing is done, as the reference has it; the runtime repeats what it passed to ADD.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { failWith } from '../sdk/fail';
import { iptablesApply } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Arr, Obj } from '../sdk/json';
import { natTable } from '../sdk/nat-table';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { askIptables, isLacking } from '../sdk/usable';
import { flushUdp } from './conntrack';
import { containerAddresses } from './container-address';
import { dnatChain, HOSTPORT_DNAT, oldSnatChain } from './iptables-layout';
import { removeFromNft } from './nft-del';
import { mappingFrom, PortMapping } from './port-mapping';

export function del(length: i32): i32 {
  const request = Request.take(length);
  const mappings = mappingsOf(request);
  if (mappings.length == 0) return 0;
  const addresses = request.prevResult.exists ? containerAddresses(request, Result.from(request.prevResult)) : [];
  const failed = removeFromIptables(request, false) | removeFromIptables(request, true) | removeFromNft(request, addresses);
  for (let family = 0; family < 2; family++) {
    if (mayHaveFlows(addresses, family == 1)) flushUdp(mappings, family == 1);
  }
  return failed;
}

/** A mapping that ADD refused is no reason to leave the rest of the chain undone. */
function mappingsOf(request: Request): PortMapping[] {
  const mappings: PortMapping[] = [];
  const entries = new Config(request.config, 'PortMapConf').part('runtimeConfig', 'RuntimeConfig').parts('portMappings', 'PortMapEntry');
  for (let i = 0; i < entries.length; i++) mappings.push(mappingFrom(entries[i]));
  return mappings;
}

/** A listing of connections walks through all of a large table, so only families that the container has an address of are looked at. */
function mayHaveFlows(addresses: Prefix[], v6: bool): bool {
  // At most one of each family; without any nobody said which.
  return addresses.length != 1 || addresses[0].ip.v6 == v6;
}

function removeFromIptables(request: Request, v6: bool): i32 {
  const family = v6 ? 'ip6' : 'ip';
  const usable = askIptables(family);
  if (isLacking(usable)) return 0;
  // One that does not answer now may hold rules of ours.
  const removed = usable.ok ? iptablesApply(withoutChain(request, family)) : usable;
  return removed.ok ? 0 : failWith(removed.error, v6 ? 'could not teardown ipv6 dnat' : 'could not teardown ipv4 dnat');
}

function withoutChain(request: Request, family: string): Obj {
  const chain = dnatChain(request);
  // Who calls the chain is said, so that it need not be looked for in all chains there are.
  const remove = new Arr().obj(new Obj().str('chain', HOSTPORT_DNAT).str('jump', chain));
  const drop = new Arr().obj(new Obj().str('chain', chain)).obj(new Obj().str('chain', oldSnatChain(request)));
  return natTable(family).arr('remove', remove).arr('drop', drop);
}
