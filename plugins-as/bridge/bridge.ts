// The bridge of the node: made when it is not there, shared by all attachments of the network, never deleted by one of them.
// SPDX-License-Identifier: Apache-2.0

import { log, WARN } from '../sdk/abi';
import { Answer } from '../sdk/answer';
import { fail, failWith } from '../sdk/fail';
import { linkCreate, linkGet, linkSet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { quote } from '../sdk/quote';
import { Interface } from '../sdk/result';
import { BridgeConf } from './bridge-conf';
import { noAdvertisements } from './no-advertisements';
import { unsupported } from './unsupported';

/** The kernel's word for an unpinned bridge whose last port has gone; nobody can be given it. */
const WITHOUT_PORTS = '00:00:00:00:00:00';

export class Bridge {
  link: i64 = 0;
  private mac: string = '';
  readonly name: string;

  constructor(private conf: BridgeConf) {
    this.name = conf.bridge;
  }

  setUp(): i32 {
    const prefix = 'failed to create bridge ' + quote(this.name);
    let found = this.find();
    if (found.missing) {
      const made = this.make();
      if (!made.ok && made.error.kind != 'exists') {
        const what = prefix + ': could not add ' + quote(this.name);
        return this.conf.vlans.filtering && made.error.kind == 'unsupported' ? unsupported(made.error, what) : failWith(made.error, what);
      }
      found = this.find();
      // The kernel finds links by other names, too; but whose a link is, is told by its own.
      if (found.missing && !made.ok) return fail(prefix + ': ' + quote(this.name) + ' is another name (altname) of a link; give the name that it is listed by', made.error.code);
    }
    if (!found.ok) return failWith(found.error, prefix);
    if (!isBridge(found)) return fail(prefix + ': ' + this.notABridge());
    // As the reference, it is used as it is; but whoever wonders why VLANs do not keep containers apart shall find this.
    if (this.conf.vlans.filtering && !found.json.get('vlanFiltering').bool()) log(WARN, 'bridge ' + quote(this.name) + ' was made without vlan_filtering, so VLANs have no effect on it');
    this.link = found.json.get('link').int();
    this.mac = found.json.get('mac').str();
    noAdvertisements(this.link);
    const change = new Obj().int('link', this.link).bool('up', true);
    if (this.conf.promisc) change.bool('promisc', true);
    const set = linkSet(change);
    return set.ok ? 0 : failWith(set.error, prefix);
  }

  /** STATUS: what has the bridge's name, '' when nothing is in its way. */
  nameTaken(): string {
    const found = this.find();
    return found.ok && !isBridge(found) ? this.notABridge() : '';
  }

  private notABridge(): string {
    return quote(this.name) + ' already exists but is not a bridge';
  }

  find(): Answer {
    return hostLink(this.name);
  }

  private make(): Answer {
    const request = new Obj().str('ns', 'host').str('name', this.name).str('kind', 'bridge').str('life', 'network');
    if (this.conf.mtu > 0) request.int('mtu', this.conf.mtu);
    if (this.conf.vlans.filtering) request.bool('vlanFiltering', true);
    return linkCreate(request);
  }

  /** An unpinned bridge takes the lowest address of its ports, and changes with them. The one it had before our port came stays, if it had one. */
  pinMac(): i32 {
    const mac = this.mac == WITHOUT_PORTS ? linkGet(new Obj().int('link', this.link)).json.get('mac').str() : this.mac;
    const set = linkSet(new Obj().int('link', this.link).str('mac', mac));
    return set.ok ? 0 : failWith(set.error, "failed to set bridge addr: could not set bridge's mac");
  }

  finish(shown: Interface): i32 {
    const now = linkGet(new Obj().int('link', this.link));
    if (!now.ok) return failWith(now.error, 'failed to lookup ' + quote(this.name));
    shown.mac = now.json.get('mac').str();
    shown.mtu = now.json.get('mtu').int();
    return 0;
  }
}

export function hostLink(name: string): Answer {
  return linkGet(new Obj().str('ns', 'host').str('name', name));
}

function isBridge(found: Answer): bool {
  return found.json.get('kind').str() == 'bridge';
}
