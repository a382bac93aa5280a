// Handing IPAM to the plugin the configuration names.
// SPDX-License-Identifier: Apache-2.0

import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { field } from '../protocol/go-json.ts';
import type { Call } from './call.ts';
import { denied } from './scope.ts';

export const delegateOps = { 'delegate.call': call };

function call(call: Call, { verb }: Requests['delegate.call']): Answers['delegate.call'] {
  const op = 'delegate.call';
  if (!call.grants.delegate.includes('ipam')) throw denied(call, op, 'to the IPAM plugin', { delegate: ['ipam'] }, 'ipam');
  const type = field(field(call.request.netconf.value, 'ipam'), 'type');
  if (typeof type !== 'string' || type === '') throw new CniError(CODE.plugin, 'no plugin name provided', { kind: 'invalid', op });
  if (verb !== call.verb) {
    throw new CniError(CODE.capabilityDenied, `plugin "${call.module}": ${op} of ${verb} is not for ${call.verb}: the IPAM plugin is called for the verb that runs`, {
      kind: 'denied', op, at: type, ...(call.verb === 'ADD' && verb === 'DEL' ? { hint: 'the host calls its DEL when this ADD fails' } : {}),
    });
  }
  const result = call.delegate(type);
  call.ips.push(...result?.ips ?? []);
  return result ? { result } : {};
}
