// ADD: sysctls, then the interface, of which the attributes that will be changed are remembered first.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { linkGet, storePut } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { quote } from '../sdk/quote';
import { Request } from '../sdk/request';
import { Result } from '../sdk/result';
import { whyNotAllowed } from './allowed';
import { Attributes } from './attributes';
import { change } from './link';
import { TuningConf } from './tuning-conf';

export function add(length: i32): i32 {
  const request = Request.take(length);
  const conf = TuningConf.from(request);
  if (conf.problem.length > 0) return fail(conf.problem);
  const notAllowed = whyNotAllowed(conf.sysctls);
  if (notAllowed.length > 0) return fail(notAllowed);
  if (!request.prevResult.exists) return fail('Required prevResult missing');
  for (let i = 0; i < conf.sysctls.length; i++) {
    const problem = conf.sysctls[i].write(request.ifname);
    if (problem.length > 0) return fail(problem);
  }
  const result = Result.from(request.prevResult);
  if (conf.wish.given && tune(request.ifname, conf.wish, result) != 0) return 1;
  return result.set();
}

function tune(ifname: string, wish: Attributes, result: Result): i32 {
  const found = linkGet(new Obj().str('name', ifname));
  if (!found.ok) return found.missing ? fail('failed to get ' + quote(ifname) + ': Link not found') : failWith(found.error, 'failed to get ' + quote(ifname));
  const saved = storePut(new Obj().str('key', 'backup').str('value', Attributes.of(found.json, wish).backup()));
  // The reference's words and code for a folder that cannot be written.
  if (!saved.ok) return saved.error.kind == 'io' ? fail('failed to save file ' + ifname + '.json: ' + saved.error.msg) : failWith(saved.error);
  const problem = change(found.json.get('link').int(), ifname, wish);
  if (problem.length > 0) return fail(problem);
  if (wish.mac.length == 0) return 0;
  for (let i = 0; i < result.interfaces.length; i++) {
    if (result.interfaces[i].name == ifname) result.interfaces[i].mac = wish.mac;
  }
  return 0;
}
