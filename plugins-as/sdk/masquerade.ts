// Hides the container's addresses behind the node's when they leave their subnet, with iptables or with nf_tables.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from './answer';
import { complete } from './complete';
import { fail, failWith } from './fail';
import { iptablesApply, iptablesCheck, iptablesList, nftApply, nftCheck, nftList } from './gen/ops';
import { Prefix } from './ip';
import { iptablesRules, iptablesWithout, iptablesWithoutStale } from './masquerade-iptables';
import { nftRules, nftTable, nftWithout, nftWithoutStale } from './masquerade-nft';
import { natTable } from './nat-table';
import { Problems } from './problems';
import { quote } from './quote';
import { Request } from './request';
import { AssignedIp } from './result';
import { askIptables, askNft, isOnlyNft, whyNoNft, whyNot } from './usable';

const FAMILIES = ['ip', 'ip6'];
const WHAT = 'masquerading';

/** `backend` is the configuration's word: iptables, nftables, or '' for the better of what there is. Returns 0, or what fail() returned. */
export function masquerade(request: Request, backend: string, ips: AssignedIp[]): i32 {
  const chosen = choose(backend);
  if (chosen.length == 0) return unknown(backend);
  if (chosen == 'nftables') return passed(nftApply(nftRules(request, ips, true)));
  for (let i = 0; i < FAMILIES.length; i++) {
    if (has(ips, FAMILIES[i]) && passed(iptablesApply(iptablesRules(request, ips, FAMILIES[i]))) != 0) return 1;
  }
  return 0;
}

/** CHECK: fails with the first rule that is not there. */
export function checkMasquerade(request: Request, backend: string, ips: AssignedIp[]): i32 {
  const chosen = choose(backend);
  if (chosen.length == 0) return unknown(backend);
  if (chosen == 'nftables') return complete(nftCheck(nftRules(request, ips, false)), WHAT);
  for (let i = 0; i < FAMILIES.length; i++) {
    if (has(ips, FAMILIES[i]) && complete(iptablesCheck(iptablesRules(request, ips, FAMILIES[i])), WHAT) != 0) return 1;
  }
  return 0;
}

/** DEL: in both backends, the configuration may have changed since ADD. `addresses` may be empty when nothing tells them any more. */
export function unmasquerade(request: Request, addresses: Prefix[]): i32 {
  const problems = new Problems();
  for (let i = 0; i < FAMILIES.length; i++) {
    if (addresses.length > 0 && !holds(addresses, FAMILIES[i])) continue;
    if (problems.mayHold(askIptables(FAMILIES[i]))) problems.note(iptablesApply(iptablesWithout(request, addresses, FAMILIES[i])));
  }
  if (problems.mayHold(askNft())) problems.note(nftApply(nftWithout(request)));
  return problems.end();
}

/** GC: the rules of the network that belong to no valid attachment. */
export function collectMasquerade(request: Request): i32 {
  const problems = new Problems();
  for (let i = 0; i < FAMILIES.length; i++) {
    const family = FAMILIES[i];
    if (!problems.mayHold(askIptables(family))) continue;
    const listed = iptablesList(natTable(family));
    problems.note(listed.ok ? iptablesApply(iptablesWithoutStale(request, listed.json, family)) : listed);
  }
  if (problems.mayHold(askNft())) {
    const listed = nftList(nftTable());
    problems.note(listed.ok ? nftApply(nftWithoutStale(request, listed.json)) : listed);
  }
  return problems.end();
}

/** STATUS: why an ADD would fail, '' when it would not. */
export function cannotMasquerade(backend: string): string {
  const chosen = choose(backend);
  if (chosen.length == 0) return 'unknown ipmasq backend ' + quote(backend);
  const why = chosen == 'nftables' ? whyNoNft() : whyNot(askIptables('ip'));
  return why.length == 0 ? '' : 'ipMasq needs ' + chosen + ', which cannot be used on this node';
}

function choose(backend: string): string {
  if (backend == 'iptables' || backend == 'nftables') return backend;
  if (backend.length > 0) return '';
  return isOnlyNft(askIptables('ip')) ? 'nftables' : 'iptables';
}

function unknown(backend: string): i32 {
  return fail('unknown ipmasq backend ' + quote(backend));
}

function has(ips: AssignedIp[], family: string): bool {
  for (let i = 0; i < ips.length; i++) {
    if (ips[i].isV6 == (family == 'ip6')) return true;
  }
  return false;
}

function holds(addresses: Prefix[], family: string): bool {
  for (let i = 0; i < addresses.length; i++) {
    if (addresses[i].ip.v6 == (family == 'ip6')) return true;
  }
  return false;
}

function passed(answer: Answer): i32 {
  return answer.ok ? 0 : failWith(answer.error, 'failed to set up masquerading');
}
