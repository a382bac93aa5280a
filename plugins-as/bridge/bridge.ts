// The bridge of the node: made when it is not there, shared by all attachments of the network, never deleted by one of them.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { fail, failWith } from '../sdk/fail';
import { linkCreate, linkGet, linkSet, sysctlSet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { quote } from '../sdk/quote';
import { Interface } from '../sdk/result';
import { BridgeConf } from './bridge-conf';

export class Bridge {
  link: i64 = 0;
  readonly name: string;

  constructor(private conf: BridgeConf) {
    this.name = conf.bridge;
  }

  setUp(): i32 {
    const prefix = 'failed to create bridge ' + quote(this.name);
    let found = this.find();
    if (found.missing) {
      const made = this.make();
      if (!made.ok && made.error.kind != 'exists') return failWith(made.error, prefix + ': could not add ' + quote(this.name));
      found = this.find();
    }
    if (!found.ok) return failWith(found.error, prefix);
    if (found.json.get('kind').str() != 'bridge') return fail(prefix + ': ' + quote(this.name) + ' already exists but is not a bridge');
    this.link = found.json.get('link').int();
    // Router advertisements from the containers must not configure the node; without IPv6 there is nothing to switch off.
    sysctlSet(new Obj().int('link', this.link).str('key', 'net/ipv6/conf/{link}/accept_ra').str('value', '0'));
    const change = new Obj().int('link', this.link).bool('up', true);
    if (this.conf.promisc) change.bool('promisc', true);
    const set = linkSet(change);
    return set.ok ? 0 : failWith(set.error, prefix);
  }

  find(): Answer {
    return linkGet(new Obj().str('ns', 'host').str('name', this.name));
  }

  private make(): Answer {
    const request = new Obj().str('ns', 'host').str('name', this.name).str('kind', 'bridge').str('life', 'network');
    if (this.conf.mtu > 0) request.int('mtu', this.conf.mtu);
    return linkCreate(request);
  }

  /** A bridge without an address of its own takes the lowest of its ports', and changes with them. */
  pinMac(): i32 {
    const now = linkGet(new Obj().int('link', this.link));
    if (!now.ok) return failWith(now.error, "failed to set bridge addr: could not set bridge's mac");
    const set = linkSet(new Obj().int('link', this.link).str('mac', now.json.get('mac').str()));
    return set.ok ? 0 : failWith(set.error, "failed to set bridge addr: could not set bridge's mac");
  }

  finish(shown: Interface): i32 {
    const now = linkGet(new Obj().int('link', this.link));
    if (!now.ok) return failWith(now.error, 'failed to lookup ' + quote(this.name));
    shown.mac = now.json.get('mac').str();
    return 0;
  }
}
