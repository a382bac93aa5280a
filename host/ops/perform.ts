// The table of operations as the sandbox sees it: one entry for each row of abi/ops.ts, and kernel errors turned into the guest's words.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import type { Op } from '../../abi/ops.ts';
import { CniError, CODE, type ErrorKind } from '../cni-error.ts';
import { KernelError, meansNotFound, WrongValue } from '../kernel/kernel-error.ts';
import { cniErrorOfSystem, outOfFiles } from '../system-error.ts';
import { addrOps } from './addr.ts';
import type { Call } from './call.ts';
import { confOps } from './conf.ts';
import { conntrackOps } from './conntrack.ts';
import { delegateOps } from './delegate.ts';
import { firewalldOps } from './firewalld.ts';
import { needVerb } from './for-verb.ts';
import { linkOps } from './link.ts';
import { neighOps } from './neigh.ts';
import { policyRuleOps } from './policy-rule.ts';
import { routeOps } from './route.ts';
import { ruleOps } from './rules.ts';
import { storeOps } from './store.ts';
import { sysctlOps } from './sysctl.ts';
import { tcOps } from './tc.ts';

type Operations = { [Name in keyof Requests]: (call: Call, request: Requests[Name]) => Answers[Name] };

const OPERATIONS: Operations = {
  ...linkOps, ...addrOps, ...routeOps, ...policyRuleOps, ...neighOps, ...ruleOps, ...tcOps, ...sysctlOps, ...conntrackOps, ...firewalldOps, ...storeOps, ...confOps, ...delegateOps,
};

/** `request` has been checked against the operation's shape. Throws CniError, or DeadlinePassed when the guest's time is over. */
export function perform(call: Call, row: Op, request: Readonly<Record<string, unknown>>): object {
  needVerb(call, row, request);
  const op = `${row.domain}.${row.name}` as keyof Requests;
  const run = OPERATIONS[op] as (call: Call, request: unknown) => object;
  try {
    return run(call, request);
  } catch (error) {
    if (error instanceof KernelError) {
      const code = error instanceof WrongValue ? CODE.plugin : CODE.kernel;
      throw new CniError(code, withName(call, request['link'], error.message), { kind: kindOf(error.errno), errno: error.errno, op, hint: outOfFiles(error.errno), cause: error });
    }
    throw cniErrorOfSystem(error) ?? error;
  }
}

/** The kernel knows a link by its number, and whoever reads the error by its name. */
function withName({ handles }: Call, link: unknown, message: string): string {
  if (typeof link !== 'number') return message;
  const { name, index } = handles.use(link, '', 'read');
  return message.replace(`interface ${index}`, () => `interface "${name}" (${index})`);
}

function kindOf(errno: string): ErrorKind {
  if (meansNotFound(errno)) return 'not-found';
  switch (errno) {
    case 'EEXIST': return 'exists';
    case 'EINVAL': case 'ERANGE': case 'ENAMETOOLONG': return 'invalid';
    case 'EBUSY': case 'EAGAIN': return 'busy';
    case 'EPERM': case 'EACCES': return 'denied';
    case 'EOPNOTSUPP': case 'EAFNOSUPPORT': case 'EPROTONOSUPPORT': return 'unsupported';
    case 'ETIMEDOUT': return 'timeout';
    case 'ENOMEM': case 'ENOBUFS': case 'ENOSPC': return 'limit';
    default: return 'io';
  }
}
