// Operations on the network's store; the first takes its lock, which is held until the module is done.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { firstFree } from '../store/first-free.ts';
import type { Store } from '../store/store.ts';
import { intend, type Call } from './call.ts';
import { denied } from './scope.ts';

export const storeOps = { 'store.get': get, 'store.list': list, 'store.put': put, 'store.delete': remove, 'store.firstFree': free };

function get(call: Call, req: Requests['store.get']): Answers['store.get'] {
  const value = held(call, 'store.get', req.key).get(req.key);
  return { rev: revisionOf(value), ...(value === undefined ? {} : { value }) };
}

function list(call: Call, req: Requests['store.list']): Answers['store.list'] {
  return { entries: held(call, 'store.list').list(req.value).slice(0, req.limit) };
}

function put(call: Call, req: Requests['store.put']): Answers['store.put'] {
  const store = held(call, 'store.put', req.key);
  const before = store.get(req.key);
  if (req.rev !== undefined && req.rev !== revisionOf(before)) throw changed('store.put', req.key);
  const life = isCursor(req.key) ? 'call' : 'attachment';
  const place = call.storePlace();
  intend(call, 'store.put', life, before === undefined
    ? { do: 'delete entry', store: place, key: req.key, value: req.value }
    : { do: 'put entry', store: place, key: req.key, value: before, instead: req.value });
  store.put(req.key, req.value);
  return { rev: revisionOf(req.value) };
}

function remove(call: Call, req: Requests['store.delete']): Answers['store.delete'] {
  const store = held(call, 'store.delete', req.key);
  const before = store.get(req.key);
  if (before === undefined) return {};
  if (req.value !== undefined && req.value !== before) throw changed('store.delete', req.key);
  intend(call, 'store.delete', 'call', { do: 'put entry', store: call.storePlace(), key: req.key, value: before });
  store.delete(req.key);
  return {};
}

function free(call: Call, req: Requests['store.firstFree']): Answers['store.firstFree'] {
  return firstFree(held(call, 'store.firstFree'), req.ranges, req.after) ?? {};
}

function held(call: Call, op: string, key?: string): Store {
  if (call.grants.store === 'none') throw denied(call, op, key ?? '', { store: 'own' });
  if (key === 'lock' || key === '.' || key === '..' || key?.startsWith('.')) throw new CniError(CODE.kernel, `${op}: "${key}" cannot be a key`, { kind: 'invalid', op });
  return call.store().hold();
}

/** Where the last allocation stood is shared by all: a later DEL must not turn it back. */
const isCursor = (key: string): boolean => key.startsWith('last_reserved_ip.');

/** A revision that depends on nothing but the content: 48 bits, 0 only for "absent". */
const revisionOf = (value: string | undefined): number =>
  value === undefined ? 0 : createHash('sha256').update(value).digest().readUIntBE(0, 6) || 1;

const changed = (op: string, key: string): CniError =>
  new CniError(CODE.tryAgainLater, `${op}: "${key}" is not as it was read`, { kind: 'conflict', op, at: key });
