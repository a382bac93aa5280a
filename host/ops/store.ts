// Operations on the network's store; the first takes its lock, which is held until the module is done.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { canonicalAddress, isAddress } from '../kernel/address.ts';
import { collectLeases } from '../store/collect.ts';
import { folderFor } from '../store/disk-store.ts';
import { firstFree } from '../store/first-free.ts';
import { mustHaveRoom } from '../store/room.ts';
import { isCursor, type Store } from '../store/store.ts';
import { wrongRequest } from '../wrong-request.ts';
import { intend, type Call } from './call.ts';
import { denied } from './scope.ts';

export const storeOps = { 'store.get': get, 'store.list': list, 'store.put': put, 'store.delete': remove, 'store.firstFree': free, 'store.collect': collect };

function get(call: Call, req: Requests['store.get']): Answers['store.get'] {
  const value = held(call, 'store.get', req.key).get(req.key);
  return { rev: revisionOf(value), ...(value === undefined ? {} : { value }) };
}

function list(call: Call, req: Requests['store.list']): Answers['store.list'] {
  const entries = held(call, 'store.list').list(req.value);
  const from = req.after === undefined ? 0 : entries.filter(({ key }) => key <= req.after!).length;
  return { entries: entries.slice(from, req.limit === undefined ? undefined : from + req.limit) };
}

function put(call: Call, req: Requests['store.put']): Answers['store.put'] {
  const store = held(call, 'store.put', req.key);
  checkSpelling(call, 'store.put', req.key);
  const before = store.get(req.key);
  if (req.rev !== undefined && req.rev !== revisionOf(before)) throw changed('store.put', req.key);
  checkOwner(call, 'store.put', req.key, req.value, before);
  const isTaken = isLease(call, req.key) && req.value.trim() === ownerOf(call);
  if (before !== undefined && !isTaken) checkReturn(call, 'store.put', req.key);
  if (before === undefined && store.has(req.key)) throw inTheWay('store.put', req.key);
  const life = isCursor(req.key) ? 'call' : 'attachment';
  const place = call.storePlace();
  intend(call, 'store.put', life, before === undefined
    ? { do: 'delete entry', store: place, key: req.key, value: req.value }
    : { do: 'put entry', store: place, key: req.key, value: before, instead: req.value });
  store.put(req.key, req.value);
  if (isTaken) call.leases.add(req.key);
  return { rev: revisionOf(req.value) };
}

function remove(call: Call, req: Requests['store.delete']): Answers['store.delete'] {
  const store = held(call, 'store.delete', req.key);
  const before = store.get(req.key);
  if (before === undefined) return {};
  checkOwner(call, 'store.delete', req.key, before);
  checkReturn(call, 'store.delete', req.key);
  if (req.value !== undefined && req.value !== before) throw changed('store.delete', req.key);
  intend(call, 'store.delete', 'call', { do: 'put entry', store: call.storePlace(), key: req.key, value: before });
  store.delete(req.key);
  return {};
}

const isLease = (call: Call, key: string): boolean => call.grants.store === 'ipam' && isAddress(key);
const ownerOf = ({ request: { attachment: { containerId, ifname } } }: Call): string => `${containerId}\r\n${ifname}`;

/** Spelt another way an address has another file, so that it would be free while somebody has it. */
function checkSpelling(call: Call, op: string, key: string): void {
  if (!isLease(call, key) || canonicalAddress(key) === key) return;
  throw wrongRequest(op, `"${key}" is written "${canonicalAddress(key)}"`, key);
}

/** A lease says whose it is, and is theirs; where the last one was made says nobody's name. Of old versions of the reference it says the container alone. */
function checkOwner(call: Call, op: string, key: string, ...values: (string | undefined)[]): void {
  if (call.grants.store !== 'ipam' || isCursor(key)) return;
  const own = [undefined, '', call.request.attachment.containerId, ownerOf(call)];
  if (!values.every((value) => own.includes(value?.trim()))) throw denied(call, op, `of "${key}", which is another container's or interface's lease,`, undefined, key);
}

/** What was made for an address, a route to it for one, stays until DEL: given back before, the address would be somebody else's by then. */
function checkReturn(call: Call, op: string, key: string): void {
  if (isLease(call, key) && call.verb !== 'DEL' && call.verb !== 'GC') throw denied(call, op, `of "${key}", a lease that can be given back on DEL alone,`, undefined, key);
}

function free(call: Call, req: Requests['store.firstFree']): Answers['store.firstFree'] {
  const store = held(call, 'store.firstFree');
  if (store.unwritable) throw store.unwritable;
  if (call.verb === 'STATUS') mustHaveRoom(folderFor(call.storePlace()));
  return firstFree(store, req.ranges, req.after) ?? freeOfEarlierBoot(call, store, req) ?? {};
}

/** STATUS only looks: ADD would find a place. */
function freeOfEarlierBoot(call: Call, store: Store, { ranges, after }: Requests['store.firstFree']): Answers['store.firstFree'] | undefined {
  if (call.grants.store !== 'ipam') return undefined;
  const over = call.outlivedLeases(store);
  const found = over.size === 0 ? undefined : firstFree({ has: (key) => !over.has(key) && store.has(key) }, ranges, after);
  const value = found && call.verb === 'ADD' ? store.get(found.ip) : undefined;
  if (found && value !== undefined) {
    intend(call, 'store.firstFree', 'call', { do: 'put entry', store: call.storePlace(), key: found.ip, value });
    store.delete(found.ip);
  }
  return found;
}

/** Thousands of leases are neither a message nor an operation each. */
function collect(call: Call): Answers['store.collect'] {
  const op = 'store.collect';
  if (call.grants.store !== 'ipam') throw denied(call, op, 'of entries that are no leases', { store: 'ipam' }, 'entries');
  const { validAttachments } = call.request.netconf;
  if (!validAttachments) return { deleted: 0 };
  const { deleted, problems } = collectLeases(held(call, op), validAttachments);
  if (problems.length > 0) throw new CniError(CODE.io, `${problems.length} leases could not be freed: ${problems.slice(0, 3).join('; ')}`, { kind: 'io', op });
  return { deleted };
}

function held(call: Call, op: string, key?: string): Store {
  if (call.grants.store === 'none') throw denied(call, op, `of "${key ?? ''}"`, { store: 'own' }, key ?? 'entries');
  if (key === 'lock' || key === '.' || key === '..' || key?.startsWith('.')) throw wrongRequest(op, `"${key}" cannot be a key`, key);
  const store = call.store().hold();
  if (key !== undefined && store.onlyKey !== undefined && key !== store.onlyKey) throw wrongRequest(op, `"${key}" is no entry of this store, only "${store.onlyKey}" is`, key);
  return store;
}

/** A revision that depends on nothing but the content: 48 bits, 0 only for "absent". */
const revisionOf = (value: string | undefined): number =>
  value === undefined ? 0 : createHash('sha256').update(value).digest().readUIntBE(0, 6) || 1;

/** Before anything is intended: taken back, it would be taken away. */
const inTheWay = (op: string, key: string): CniError =>
  new CniError(CODE.io, `${op}: there is something called "${key}" that is no entry; its file must be a plain one`, { kind: 'invalid', errno: 'EEXIST', op, at: key });

const changed = (op: string, key: string): CniError =>
  new CniError(CODE.tryAgainLater, `${op}: "${key}" is not as it was read`, { kind: 'conflict', op, at: key });
