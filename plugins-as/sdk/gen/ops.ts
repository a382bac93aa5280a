// Generated from abi/ops.ts by build.mjs: one function for each operation of the host. Do not edit.
// SPDX-License-Identifier: Apache-2.0

import { Bytes } from '../abi';
import { Answer, answered } from '../answer';
import { Obj } from '../json';

@external('cni:link/1', 'get') declare function linkGetImport(request: Bytes, length: i32): i32;
/** Finds one link. Exactly one of name, link, and endOf (the other end of a veth; looked up in the other namespace). */
export function linkGet(request: Obj): Answer {
  return answered(linkGetImport(request.buffer, request.length));
}

@external('cni:link/1', 'list') declare function linkListImport(request: Bytes, length: i32): i32;
/** Lists the links of the container, or those of the host that this module may see; with `master` its ports. */
export function linkList(request: Obj): Answer {
  return answered(linkListImport(request.buffer, request.length));
}

@external('cni:link/1', 'usable') declare function linkUsableImport(request: Bytes, length: i32): i32;
/** Says whether the kernel can make links of a kind. Makes none. */
export function linkUsable(request: Obj): Answer {
  return answered(linkUsableImport(request.buffer, request.length));
}

@external('cni:link/1', 'create') declare function linkCreateImport(request: Bytes, length: i32): i32;
/** Makes a link, or a veth pair across the two namespaces. An existing name is an error. */
export function linkCreate(request: Obj): Answer {
  return answered(linkCreateImport(request.buffer, request.length));
}

@external('cni:link/1', 'set') declare function linkSetImport(request: Bytes, length: i32): i32;
/** Changes attributes of a link; absent ones stay. VLANs become exactly those given, and only on a port this attachment or this call made. DEL: only in the container. */
export function linkSet(request: Obj): Answer {
  return answered(linkSetImport(request.buffer, request.length));
}

@external('cni:link/1', 'delete') declare function linkDeleteImport(request: Bytes, length: i32): i32;
/** Deletes a link this attachment owns. */
export function linkDelete(request: Obj): Answer {
  return answered(linkDeleteImport(request.buffer, request.length));
}

@external('cni:addr/1', 'list') declare function addrListImport(request: Bytes, length: i32): i32;
/** Lists the addresses of a link. */
export function addrList(request: Obj): Answer {
  return answered(addrListImport(request.buffer, request.length));
}

@external('cni:addr/1', 'add') declare function addrAddImport(request: Bytes, length: i32): i32;
/** Adds an address. An existing one is an error. */
export function addrAdd(request: Obj): Answer {
  return answered(addrAddImport(request.buffer, request.length));
}

@external('cni:addr/1', 'delete') declare function addrDeleteImport(request: Bytes, length: i32): i32;
/** Takes an address away. */
export function addrDelete(request: Obj): Answer {
  return answered(addrDeleteImport(request.buffer, request.length));
}

@external('cni:addr/1', 'await') declare function addrAwaitImport(request: Bytes, length: i32): i32;
/** Waits until no IPv6 address of the link is tentative. */
export function addrAwait(request: Obj): Answer {
  return answered(addrAwaitImport(request.buffer, request.length));
}

@external('cni:route/1', 'list') declare function routeListImport(request: Bytes, length: i32): i32;
/** Lists the routes of a namespace; with `to` the one that the kernel takes there, or none. */
export function routeList(request: Obj): Answer {
  return answered(routeListImport(request.buffer, request.length));
}

@external('cni:route/1', 'add') declare function routeAddImport(request: Bytes, length: i32): i32;
/** Adds a route; without link the kernel finds the interface by the gateway. */
export function routeAdd(request: Obj): Answer {
  return answered(routeAddImport(request.buffer, request.length));
}

@external('cni:route/1', 'delete') declare function routeDeleteImport(request: Bytes, length: i32): i32;
/** Takes a route away. */
export function routeDelete(request: Obj): Answer {
  return answered(routeDeleteImport(request.buffer, request.length));
}

@external('cni:rule/1', 'list') declare function ruleListImport(request: Bytes, length: i32): i32;
/** Lists the routing policy rules. */
export function ruleList(request: Obj): Answer {
  return answered(ruleListImport(request.buffer, request.length));
}

@external('cni:rule/1', 'add') declare function ruleAddImport(request: Bytes, length: i32): i32;
/** Adds a routing policy rule. */
export function ruleAdd(request: Obj): Answer {
  return answered(ruleAddImport(request.buffer, request.length));
}

@external('cni:rule/1', 'delete') declare function ruleDeleteImport(request: Bytes, length: i32): i32;
/** Takes a routing policy rule away. */
export function ruleDelete(request: Obj): Answer {
  return answered(ruleDeleteImport(request.buffer, request.length));
}

@external('cni:neigh/1', 'list') declare function neighListImport(request: Bytes, length: i32): i32;
/** Lists the neighbours of a link. */
export function neighList(request: Obj): Answer {
  return answered(neighListImport(request.buffer, request.length));
}

@external('cni:neigh/1', 'add') declare function neighAddImport(request: Bytes, length: i32): i32;
/** Adds a permanent neighbour. */
export function neighAdd(request: Obj): Answer {
  return answered(neighAddImport(request.buffer, request.length));
}

@external('cni:neigh/1', 'delete') declare function neighDeleteImport(request: Bytes, length: i32): i32;
/** Takes a neighbour away. */
export function neighDelete(request: Obj): Answer {
  return answered(neighDeleteImport(request.buffer, request.length));
}

@external('cni:nft/1', 'usable') declare function nftUsableImport(request: Bytes, length: i32): i32;
/** Says whether nf_tables can be used. */
export function nftUsable(request: Obj): Answer {
  return answered(nftUsableImport(request.buffer, request.length));
}

@external('cni:nft/1', 'list') declare function nftListImport(request: Bytes, length: i32): i32;
/** Lists the rules of a table. */
export function nftList(request: Obj): Answer {
  return answered(nftListImport(request.buffer, request.length));
}

@external('cni:nft/1', 'check') declare function nftCheckImport(request: Bytes, length: i32): i32;
/** Says what of a rule set is not there as asked. */
export function nftCheck(request: Obj): Answer {
  return answered(nftCheckImport(request.buffer, request.length));
}

@external('cni:nft/1', 'apply') declare function nftApplyImport(request: Bytes, length: i32): i32;
/** Makes the table as asked in one transaction, written as one netlink batch. DEL, GC: only `remove` and `drop`. */
export function nftApply(request: Obj): Answer {
  return answered(nftApplyImport(request.buffer, request.length));
}

@external('cni:iptables/1', 'usable') declare function iptablesUsableImport(request: Bytes, length: i32): i32;
/** Says whether iptables (or ip6tables) can be used. */
export function iptablesUsable(request: Obj): Answer {
  return answered(iptablesUsableImport(request.buffer, request.length));
}

@external('cni:iptables/1', 'list') declare function iptablesListImport(request: Bytes, length: i32): i32;
/** Lists the rules of a table. */
export function iptablesList(request: Obj): Answer {
  return answered(iptablesListImport(request.buffer, request.length));
}

@external('cni:iptables/1', 'check') declare function iptablesCheckImport(request: Bytes, length: i32): i32;
/** Says what of a rule set is not there as asked. */
export function iptablesCheck(request: Obj): Answer {
  return answered(iptablesCheckImport(request.buffer, request.length));
}

@external('cni:iptables/1', 'apply') declare function iptablesApplyImport(request: Bytes, length: i32): i32;
/** Makes the table as asked in one transaction, as one iptables-restore would. DEL, GC: only `remove` and `drop`. */
export function iptablesApply(request: Obj): Answer {
  return answered(iptablesApplyImport(request.buffer, request.length));
}

@external('cni:tc/1', 'list') declare function tcListImport(request: Bytes, length: i32): i32;
/** Lists the qdiscs and filters of a link. */
export function tcList(request: Obj): Answer {
  return answered(tcListImport(request.buffer, request.length));
}

@external('cni:tc/1', 'sources') declare function tcSourcesImport(request: Bytes, length: i32): i32;
/** Says which links of the same namespace have filters that redirect to this one. */
export function tcSources(request: Obj): Answer {
  return answered(tcSourcesImport(request.buffer, request.length));
}

@external('cni:tc/1', 'qdisc') declare function tcQdiscImport(request: Bytes, length: i32): i32;
/** Adds a qdisc. An existing one at that place is an error. */
export function tcQdisc(request: Obj): Answer {
  return answered(tcQdiscImport(request.buffer, request.length));
}

@external('cni:tc/1', 'class') declare function tcClassImport(request: Bytes, length: i32): i32;
/** Adds an htb class below the root qdisc. */
export function tcClass(request: Obj): Answer {
  return answered(tcClassImport(request.buffer, request.length));
}

@external('cni:tc/1', 'filter') declare function tcFilterImport(request: Bytes, length: i32): i32;
/** Adds a u32 filter: everything, or one address range, redirected to a link or put into a class. */
export function tcFilter(request: Obj): Answer {
  return answered(tcFilterImport(request.buffer, request.length));
}

@external('cni:tc/1', 'delete') declare function tcDeleteImport(request: Bytes, length: i32): i32;
/** Takes a qdisc of a link that is this attachment's away, with all below it. */
export function tcDelete(request: Obj): Answer {
  return answered(tcDeleteImport(request.buffer, request.length));
}

@external('cni:sysctl/1', 'get') declare function sysctlGetImport(request: Bytes, length: i32): i32;
/** Reads a sysctl below net. `{link}` in the key is the name of the link. */
export function sysctlGet(request: Obj): Answer {
  return answered(sysctlGetImport(request.buffer, request.length));
}

@external('cni:sysctl/1', 'usable') declare function sysctlUsableImport(request: Bytes, length: i32): i32;
/** Says whether sysctls can be written, as they cannot where /proc/sys is mounted read-only. Writes none. */
export function sysctlUsable(request: Obj): Answer {
  return answered(sysctlUsableImport(request.buffer, request.length));
}

@external('cni:sysctl/1', 'set') declare function sysctlSetImport(request: Bytes, length: i32): i32;
/** Writes a sysctl below net. DEL: only in the container. */
export function sysctlSet(request: Obj): Answer {
  return answered(sysctlSetImport(request.buffer, request.length));
}

@external('cni:sysctl/1', 'allowed') declare function sysctlAllowedImport(request: Bytes, length: i32): i32;
/** Says whether every key, as the configuration writes it, fits a pattern of the node's allow-list; without that file all do. */
export function sysctlAllowed(request: Obj): Answer {
  return answered(sysctlAllowedImport(request.buffer, request.length));
}

@external('cni:conntrack/1', 'flush') declare function conntrackFlushImport(request: Bytes, length: i32): i32;
/** Deletes the conntrack entries of original destination ports: `dport`, `dports` or both. */
export function conntrackFlush(request: Obj): Answer {
  return answered(conntrackFlushImport(request.buffer, request.length));
}

@external('cni:firewalld/1', 'query') declare function firewalldQueryImport(request: Bytes, length: i32): i32;
/** Says whether firewalld runs, and which of these sources are bound to the zone. Never starts it. */
export function firewalldQuery(request: Obj): Answer {
  return answered(firewalldQueryImport(request.buffer, request.length));
}

@external('cni:firewalld/1', 'add') declare function firewalldAddImport(request: Bytes, length: i32): i32;
/** Binds sources to a zone, as far as they are not. */
export function firewalldAdd(request: Obj): Answer {
  return answered(firewalldAddImport(request.buffer, request.length));
}

@external('cni:firewalld/1', 'remove') declare function firewalldRemoveImport(request: Bytes, length: i32): i32;
/** Takes sources out of a zone; without firewalld there is nothing to do. */
export function firewalldRemove(request: Obj): Answer {
  return answered(firewalldRemoveImport(request.buffer, request.length));
}

@external('cni:store/1', 'get') declare function storeGetImport(request: Bytes, length: i32): i32;
/** Reads an entry of the network's store. */
export function storeGet(request: Obj): Answer {
  return answered(storeGetImport(request.buffer, request.length));
}

@external('cni:store/1', 'list') declare function storeListImport(request: Bytes, length: i32): i32;
/** Lists entries, all or those with exactly this value. What does not fit into one message is asked for page by page. */
export function storeList(request: Obj): Answer {
  return answered(storeListImport(request.buffer, request.length));
}

@external('cni:store/1', 'put') declare function storePutImport(request: Bytes, length: i32): i32;
/** Writes an entry; with `rev` only if its revision is still that (0: only if it is absent). */
export function storePut(request: Obj): Answer {
  return answered(storePutImport(request.buffer, request.length));
}

@external('cni:store/1', 'delete') declare function storeDeleteImport(request: Bytes, length: i32): i32;
/** Deletes an entry, with `value` only if it holds that. */
export function storeDelete(request: Obj): Answer {
  return answered(storeDeleteImport(request.buffer, request.length));
}

@external('cni:store/1', 'firstFree') declare function storeFirstFreeImport(request: Bytes, length: i32): i32;
/** First address without entry, from `start` through the ranges in turn and around once. */
export function storeFirstFree(request: Obj): Answer {
  return answered(storeFirstFreeImport(request.buffer, request.length));
}

@external('cni:store/1', 'collect') declare function storeCollectImport(request: Bytes, length: i32): i32;
/** Deletes the leases of attachments that GC does not list as valid; a lease's value is its container id, CR LF and interface, or the container id alone. */
export function storeCollect(request: Obj): Answer {
  return answered(storeCollectImport(request.buffer, request.length));
}

@external('cni:conf/1', 'file') declare function confFileImport(request: Bytes, length: i32): i32;
/** Reads the text of a file: the one whose path the operator wrote in the configuration under this key, or one that the node has for plugins. */
export function confFile(request: Obj): Answer {
  return answered(confFileImport(request.buffer, request.length));
}

@external('cni:delegate/1', 'call') declare function delegateCallImport(request: Bytes, length: i32): i32;
/** Runs the configuration's IPAM plugin, in its own sandbox when it is ours, else the program on CNI_PATH. */
export function delegateCall(request: Obj): Answer {
  return answered(delegateCallImport(request.buffer, request.length));
}
