// Operations on firewalld: the attachment's own addresses in the zone that the configuration names, and nothing else of it.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { KernelError } from '../kernel/kernel-error.ts';
import { intend, type Call } from './call.ts';
import { denied, granted, isHostsToo, isOwnPrefix } from './scope.ts';

export const firewalldOps = { 'firewalld.query': query, 'firewalld.add': add, 'firewalld.remove': remove };

function query(call: Call, { zone, sources }: Requests['firewalld.query']): Answers['firewalld.query'] {
  checkScope(call, 'firewalld.query', zone, sources);
  return inItsWords('firewalld.query', () => call.kernel.firewalld.query(zone, sources));
}

function add(call: Call, { zone, sources }: Requests['firewalld.add']): Answers['firewalld.add'] {
  const op = 'firewalld.add';
  checkScope(call, op, zone, sources);
  return inItsWords(op, () => {
    const { bound } = call.kernel.firewalld.query(zone, sources);
    const missing = sources.filter((source) => !bound.includes(source));
    if (missing.length === 0) return {};
    intend(call, op, 'attachment', { do: 'unbind sources', zone, sources: missing });
    call.kernel.firewalld.add(zone, missing);
    return {};
  });
}

function remove(call: Call, { zone, sources: asked }: Requests['firewalld.remove']): Answers['firewalld.remove'] {
  const op = 'firewalld.remove';
  // What is the host's by now stays, and is no reason for DEL to fail.
  const sources = call.verb === 'ADD' ? asked : asked.filter((source) => !isHostsToo(call, source));
  checkScope(call, op, zone, sources);
  if (sources.length === 0) return {};
  return inItsWords(op, () => {
    // DEL and GC roll forward: what was bound need not be asked for, which is a program less.
    if (call.verb !== 'ADD') {
      call.kernel.firewalld.remove(zone, sources);
      return {};
    }
    const { bound } = call.kernel.firewalld.query(zone, sources);
    if (bound.length === 0) return {};
    intend(call, op, 'call', { do: 'bind sources', zone, sources: bound });
    call.kernel.firewalld.remove(zone, bound);
    return {};
  });
}

function checkScope(call: Call, op: string, zone: string, sources: readonly string[]): void {
  if (!granted(call, ({ firewalld }) => firewalld, zone)) throw denied(call, op, `of zone "${zone}"`, { firewalld: [zone] }, zone);
  const foreign = sources.find((source) => !isOwnPrefix(call, source));
  if (foreign !== undefined) throw denied(call, op, `of source "${foreign}", which is no address of this attachment`, undefined, foreign);
}

/** The reference's texts are matched by people, and it names no errno. */
function inItsWords<T>(op: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof KernelError) || error.errno !== 'EFIREWALLD') throw error;
    throw new CniError(CODE.plugin, error.detail === undefined ? error.action : `${error.action}: ${error.detail}`, { kind: 'io', errno: error.errno, op, cause: error });
  }
}
