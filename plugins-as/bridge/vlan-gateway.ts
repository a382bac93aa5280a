// The node's own interface in a VLAN of the bridge, `<bridge>.<vlan>`: a veth pair whose other end is a port like the containers'.
// The network's, as the bridge is: made when it is not there, never deleted by DEL.
// SPDX-License-Identifier: Apache-2.0

import { Answer } from '../sdk/answer';
import { fail, failWith } from '../sdk/fail';
import { linkCreate, linkGet, linkSet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { quote } from '../sdk/quote';
import { Interface } from '../sdk/result';
import { Bridge, hostLink } from './bridge';
import { BridgeConf } from './bridge-conf';
import { noAdvertisements } from './no-advertisements';
import { setPortVlans } from './port-vlans';
import { VlanConf } from './vlan-conf';

/** IFNAMSIZ without the NUL. */
const NAME_BYTES = 15;
const PREFIX = 'failed to create vlan interface';

export class VlanGateway {
  link: i64 = 0;
  readonly shown: Interface;
  readonly name: string;

  constructor(private conf: BridgeConf) {
    const name = nameOf(conf);
    this.name = name;
    this.shown = new Interface(name);
  }

  /** Returns 0, or what fail() returned. */
  setUp(bridge: Bridge): i32 {
    if (String.UTF8.byteLength(this.name) > NAME_BYTES) {
      return fail(PREFIX + ': ' + quote(this.name) + ' is longer than ' + NAME_BYTES.toString() + ' bytes; give the bridge a shorter name');
    }
    let found = this.find();
    if (found.missing) {
      const made = this.make(bridge);
      if (made != 0) return made;
      found = this.find();
    }
    if (!found.ok) return failWith(found.error, PREFIX);
    this.link = found.json.get('link').int();
    this.shown.mac = found.json.get('mac').str();
    this.shown.mtu = found.json.get('mtu').int();
    return 0;
  }

  private find(): Answer {
    return hostLink(this.name);
  }

  private make(bridge: Bridge): i32 {
    const prefix = PREFIX + ': failed to create vlan gateway ' + quote(this.name);
    const now = linkGet(new Obj().int('link', bridge.link));
    if (!now.ok) return failWith(now.error, prefix);
    const mtu = now.json.get('mtu').int();
    const made = linkCreate(new Obj().str('ns', 'host').str('name', this.name).str('kind', 'veth').int('mtu', mtu).str('life', 'network')
      .obj('peer', new Obj().str('ns', 'host').int('mtu', mtu).int('txqlen', 0)));
    // Another attachment of the network can have come first.
    if (!made.ok) return made.error.kind == 'exists' ? 0 : failWith(made.error, prefix);
    const port = made.json.get('peer').int();
    noAdvertisements(port);
    noAdvertisements(made.json.get('link').int());
    const attached = linkSet(new Obj().int('link', port).bool('up', true).int('master', bridge.link).bool('hairpin', false).bool('isolated', false));
    if (!attached.ok) return failWith(attached.error, prefix);
    if (setPortVlans(port, this.name, gatewayVlans(this.conf.vlans)) != 0) return 1;
    const up = linkSet(new Obj().int('link', made.json.get('link').int()).bool('up', true));
    return up.ok ? 0 : failWith(up.error, 'failed to up ' + quote(this.name));
  }
}

export function nameOf(conf: BridgeConf): string {
  return conf.bridge + '.' + conf.vlans.id.toString();
}

/** The VLAN alone, whatever trunk the containers have. */
function gatewayVlans(all: VlanConf): VlanConf {
  const vlans = new VlanConf();
  vlans.id = all.id;
  vlans.preserveDefault = all.preserveDefault;
  return vlans;
}
