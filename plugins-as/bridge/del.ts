// DEL: succeeds whatever is gone already, and leaves the bridge to the others.
// SPDX-License-Identifier: Apache-2.0

import { log, WARN } from '../sdk/abi';
import { fail, failWith } from '../sdk/fail';
import { addrList, delegateCall, linkDelete, linkGet } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Obj } from '../sdk/json';
import { unmasquerade } from '../sdk/masquerade';
import { quote } from '../sdk/quote';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { BridgeConf } from './bridge-conf';
import { uncheckSpoofing } from './spoof-check';

export function del(length: i32): i32 {
  const request = Request.take(length);
  const conf = BridgeConf.from(request);
  if (conf.problem.length > 0) return fail(conf.problem);
  const addresses: Prefix[] = [];
  if (request.netns && deleteLink(request.ifname, addresses) != 0) return 1;
  // Rules before the address is free for somebody else; like the reference, an error of these is told and does not hold up the rest.
  if (conf.spoofCheck) {
    const unchecked = uncheckSpoofing(request);
    if (!unchecked.ok) log(WARN, 'failed to teardown spoof-check: ' + unchecked.error.msg);
  }
  if (conf.ipam.length == 0) return 0;
  if (addresses.length == 0) remembered(request, addresses);
  const unmasked = conf.ipMasq ? unmasquerade(request, addresses) : 0;
  const released = delegateCall(new Obj().str('verb', 'DEL'));
  return released.ok ? unmasked : failWith(released.error);
}

/** Collects the addresses of the link, then deletes it; its other end goes with it. */
function deleteLink(ifname: string, addresses: Prefix[]): i32 {
  const found = linkGet(new Obj().str('name', ifname));
  if (found.missing) return 0;
  if (!found.ok) return failWith(found.error, 'failed to lookup ' + quote(ifname));
  const link = found.json.get('link').int();
  const listed = addrList(new Obj().int('link', link));
  if (!listed.ok && !listed.missing) return failWith(listed.error, 'failed to get IP addresses for ' + quote(ifname));
  for (let e = listed.json.get('addrs').first(); e.present; e = e.next()) {
    const address = Prefix.parse(e.get('address').str());
    if (address !== null && address.ip.isGlobalUnicast) addresses.push(address);
  }
  const deleted = linkDelete(new Obj().int('link', link));
  return deleted.ok || deleted.missing ? 0 : failWith(deleted.error, 'failed to delete ' + quote(ifname));
}

/** What ADD answered, for when the namespace or the link is gone. */
function remembered(request: Request, addresses: Prefix[]): void {
  const ips = Result.from(request.prevResult).ips;
  for (let i = 0; i < ips.length; i++) {
    const address = Prefix.parse(ips[i].address);
    if (address !== null) addresses.push(address);
  }
}
