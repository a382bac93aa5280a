// Is this operation for the verb that runs? Only ADD has a journal and an owner to note down, so that only ADD may make what has to be taken back:
// DEL and GC take away, CHECK and STATUS look.
// SPDX-License-Identifier: Apache-2.0

import type { Op } from '../../abi/ops.ts';
import { CniError, CODE } from '../cni-error.ts';
import type { ModuleVerb } from '../protocol/request.ts';
import type { Call } from './call.ts';

const WHY: Record<ModuleVerb, string> = {
  ADD: 'which the host takes back when it fails',
  DEL: 'which only takes away what its attachment has',
  CHECK: 'which changes nothing',
  GC: 'which only takes away what is left',
  STATUS: 'which changes nothing',
};

export function needVerb(call: Call, { domain, name, verbs }: Op, request: Readonly<Record<string, unknown>>): void {
  const op = `${domain}.${name}`;
  if (!verbs.includes(call.verb)) throw notFor(call, op, '', verbs, objectOf(call, op, request));
}

/** For a part of an operation: `what` of it makes or sets something that nothing takes back after another verb. */
export function needAdd(call: Call, op: string, what: string, at: string): void {
  if (call.verb !== 'ADD') throw notFor(call, op, ` ${what}`, ['ADD'], at);
}

const notFor = ({ module, verb }: Call, op: string, what: string, verbs: readonly ModuleVerb[], at: string): CniError =>
  new CniError(CODE.capabilityDenied, `plugin "${module}": ${op}${what} is for ${listed(verbs)}, not for ${verb}, ${WHY[verb]}`, { kind: 'denied', op, at });

const listed = (verbs: readonly ModuleVerb[]): string => verbs.join(', ').replace(/, (\w+)$/, ' and $1');

/** What a request calls its object by. */
const NAMES = ['name', 'key', 'table', 'zone', 'address', 'dst', 'ip'];

function objectOf({ handles, verb }: Call, op: string, request: Readonly<Record<string, unknown>>): string {
  const { link } = request;
  if (typeof link === 'number') {
    const { ns, name } = handles.use(link, op, 'read');
    return `${ns}:${name}`;
  }
  return NAMES.map((key) => request[key]).find((value) => typeof value === 'string') ?? verb;
}
