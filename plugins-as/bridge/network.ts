// The verbs that are about the network as a whole: GC and STATUS.
// SPDX-License-Identifier: Apache-2.0

import { Fault } from '../sdk/answer';
import { fail, failWith, NOT_AVAILABLE } from '../sdk/fail';
import { delegateCall, linkUsable } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { cannotMasquerade, collectMasquerade } from '../sdk/masquerade';
import { Request } from '../sdk/request';
import { isLacking, whyNot } from '../sdk/usable';
import { Bridge } from './bridge';
import { BridgeConf } from './bridge-conf';
import { cannotCallIptables } from './bridge-netfilter';
import { checkGatewaysAhead } from './gateways-ahead';
import { cannotCheckSpoofing, collectSpoofChecks } from './spoof-check';
import { cannotWriteAhead } from './sysctls-ahead';

/** SPEC §STATUS: an ADD would fail, and containers that are there may not be reached. */
const NOT_AVAILABLE_AND_LIMITED: i32 = 51;
/** SPEC: a wrong environment variable, here CNI_COMMAND. */
const INVALID_ENVIRONMENT: i32 = 4;

export function gc(length: i32): i32 {
  const request = Request.take(length);
  const conf = BridgeConf.from(request);
  if (conf.problem.length > 0) return fail(conf.problem);
  // Rules first: an address must not be free for somebody else while its old rules are there.
  let failed = 0;
  if (request.validAttachments.exists) {
    if (conf.spoofCheck) failed |= collectSpoofChecks();
    if (conf.ipMasq) failed |= collectMasquerade(request);
  }
  if (conf.ipam.length == 0) return failed;
  const delegated = delegateCall(new Obj().str('verb', 'GC'));
  if (!delegated.ok && !isUnknownVerb(delegated.error)) return failWith(delegated.error);
  return failed;
}

/** A program from before GC: it has nothing to collect, and that is no error of this network's. */
function isUnknownVerb(fault: Fault): bool {
  return fault.code == INVALID_ENVIRONMENT && fault.msg.includes('CNI_COMMAND');
}

export function status(length: i32): i32 {
  const request = Request.take(length);
  const conf = BridgeConf.from(request);
  if (conf.problem.length > 0) return fail(conf.problem);
  // A bridge that is gone or down is made again or set up by the next ADD. In another link's place none can be.
  const taken = new Bridge(conf).nameTaken();
  if (taken.length > 0) return fail(taken, request.attachments > 0 ? NOT_AVAILABLE_AND_LIMITED : NOT_AVAILABLE);
  if (conf.ipam.length > 0) {
    const delegated = delegateCall(new Obj().str('verb', 'STATUS'));
    if (!delegated.ok) return failWith(delegated.error);
    if (checkGatewaysAhead(request, conf) != 0) return 1;
  }
  let why = cannotMake('bridge');
  if (why.length == 0) why = cannotMake('veth');
  if (why.length == 0 && conf.nfCallIptables) why = cannotCallIptables();
  if (why.length == 0) why = cannotWriteAhead(request, conf);
  if (why.length == 0 && conf.spoofCheck) why = cannotCheckSpoofing();
  if (why.length == 0 && conf.ipam.length > 0 && conf.ipMasq) why = cannotMasquerade(conf.ipMasqBackend);
  return why.length == 0 ? 0 : fail(why, NOT_AVAILABLE);
}

function cannotMake(kind: string): string {
  const asked = linkUsable(new Obj().str('ns', 'host').str('kind', kind));
  const why = whyNot(asked);
  return isLacking(asked) ? 'the kernel cannot make links of kind ' + kind + ': ' + why + '; load its module ' + kind : why;
}
