// The veth pair: one end is the container's interface, the other a port of the bridge.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith } from '../sdk/fail';
import { linkCreate, linkGet, linkSet, sysctlSet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
import { normalMac } from '../sdk/mac';
import { quote } from '../sdk/quote';
import { Request } from '../sdk/request';
import { Interface } from '../sdk/result';
import { Bridge } from './bridge';
import { BridgeConf } from './bridge-conf';
import { noAdvertisements } from './no-advertisements';
import { setPortVlans } from './port-vlans';
import { checkSpoofing } from './spoof-check';

/** The reference looks five times, within about two and a half seconds. */
const PORT_UP_MS: i64 = 2550;

export class Pair {
  container: i64 = 0;
  host: i64 = 0;

  private readonly ifname: string;

  constructor(private conf: BridgeConf, private request: Request) {
    this.ifname = request.ifname;
  }

  create(): i32 {
    const mac = normalMac(this.conf.mac);
    if (this.conf.mac.length > 0 && mac.length == 0) return fail('failed to make veth pair: address ' + this.conf.mac + ': invalid MAC address');
    const peer = new Obj().str('ns', 'host').int('txqlen', 0);
    const request = new Obj().str('ns', 'container').str('name', this.ifname).str('kind', 'veth').optional('mac', mac);
    if (this.conf.mtu > 0) {
      peer.int('mtu', this.conf.mtu);
      request.int('mtu', this.conf.mtu);
    }
    const made = linkCreate(request.obj('peer', peer));
    if (!made.ok) {
      return made.error.kind == 'exists' ? fail('container veth name (' + quote(this.ifname) + ') already exists') : failWith(made.error, 'failed to make veth pair');
    }
    this.container = made.json.get('link').int();
    this.host = made.json.get('peer').int();
    return 0;
  }

  attach(bridge: Bridge): i32 {
    noAdvertisements(this.host);
    const set = linkSet(new Obj().int('link', this.host).bool('up', true).int('master', bridge.link)
      .bool('hairpin', this.conf.hairpin).bool('isolated', this.conf.portIsolation));
    if (!set.ok) return failWith(set.error, 'failed to connect the host end of ' + quote(this.ifname) + ' to bridge ' + bridge.name);
    return this.conf.vlans.onPort || this.conf.spoofCheck ? this.guard() : 0;
  }

  /** What keeps the port to its VLANs and its hardware address. */
  private guard(): i32 {
    const host = linkGet(new Obj().int('link', this.host));
    if (!host.ok) return failWith(host.error, 'failed to lookup the host end of ' + quote(this.ifname));
    const port = host.json.get('name').str();
    if (setPortVlans(this.host, port, this.conf.vlans) != 0) return 1;
    if (!this.conf.spoofCheck) return 0;
    const container = linkGet(new Obj().int('link', this.container));
    if (!container.ok) return failWith(container.error, 'failed to lookup ' + quote(this.ifname));
    return checkSpoofing(this.request, port, container.json.get('mac').str());
  }

  /** Each of these is only for the better; without IPv6 some do not exist. */
  prepareForAddresses(): void {
    if (this.conf.enableDad) this.sysctl('net/ipv6/conf/{link}/enhanced_dad', '1');
    this.sysctl('net/ipv6/conf/{link}/accept_dad', this.conf.enableDad ? '1' : '0');
    this.sysctl('net/ipv4/conf/{link}/arp_notify', '1');
  }

  private sysctl(key: string, value: string): void {
    sysctlSet(new Obj().int('link', this.container).str('key', key).str('value', value));
  }

  /** The port forwards only when both ends are up and the kernel has noticed. */
  finish(shownHost: Interface, shownContainer: Interface): i32 {
    const request = new Obj().int('link', this.host);
    const host = linkGet(this.conf.containerDown ? request : request.int('upWithinMs', PORT_UP_MS));
    if (!host.ok) return failWith(host.error, 'failed to lookup the host end of ' + quote(this.ifname));
    const state = host.json.get('state').str();
    if (!this.conf.containerDown && state != 'up') return fail('bridge port in error state: ' + state);
    shownHost.name = host.json.get('name').str();
    shownHost.mac = host.json.get('mac').str();
    shownHost.mtu = host.json.get('mtu').int();
    const container = linkGet(new Obj().int('link', this.container));
    if (!container.ok) return failWith(container.error, 'failed to lookup ' + quote(this.ifname));
    shownContainer.mac = container.json.get('mac').str();
    shownContainer.mtu = container.json.get('mtu').int();
    return 0;
  }
}
