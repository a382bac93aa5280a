// STATUS: does the node allow what is configured? Whether a container has a sysctl shows only when it is there.
// SPDX-License-Identifier: Apache-2.0

import { fail, NOT_AVAILABLE } from '../sdk/fail';
import { Request } from '../sdk/request';
import { whyNoSysctls } from '../sdk/usable';
import { whyNotAllowed } from './allowed';
import { TuningConf } from './tuning-conf';

export function status(length: i32): i32 {
  const conf = TuningConf.from(Request.take(length));
  if (conf.problem.length > 0) return fail(conf.problem);
  const notAllowed = whyNotAllowed(conf.sysctls);
  if (notAllowed.length > 0) return fail(notAllowed, NOT_AVAILABLE);
  const notWritable = conf.sysctls.length > 0 ? whyNoSysctls() : '';
  return notWritable.length > 0 ? fail(notWritable, NOT_AVAILABLE) : 0;
}
