// CHECK, first part: bridge, container end and host end are there, belong together, and are set as configured.
// SPDX-License-Identifier: Apache-2.0

import { fail, failWith, PLUGIN_ERROR } from '../sdk/fail';
import { addrList, linkGet } from '../sdk/gen/ops';
import { Prefix } from '../sdk/ip';
import { Json, Obj } from '../sdk/json';
import { Request } from '../sdk/request';
import { AssignedIp, CONTAINER, Interface, Result } from '../sdk/result';
import { BridgeConf } from './bridge-conf';
import { GatewayPlace } from './gateway-place';
import { gatewayOf } from './gateways';
import { spoofingChecked } from './spoof-check';
import { nameOf } from './vlan-gateway';

export class CheckedLinks {
  /** Handle of the container's interface, once checked. */
  container: i64 = 0;
  private bridge: i64 = 0;
  private bridgeIndex: i64 = 0;
  private containerMac: string = '';
  private port: string = '';

  constructor(private conf: BridgeConf, private ifname: string, private result: Result) {}

  check(): i32 {
    const bridge = new Interface('');
    const container = new Interface('');
    let hasContainer = false;
    let elsewhere = '';
    for (let i = 0; i < this.result.interfaces.length; i++) {
      const shown = this.result.interfaces[i];
      if (shown.name == this.conf.bridge && shown.sandbox.length == 0) copyTo(shown, bridge);
      else if (shown.name == this.ifname && shown.sandbox == CONTAINER) {
        copyTo(shown, container);
        hasContainer = true;
      } else if (shown.name == this.ifname) elsewhere = shown.sandbox;
    }
    if (this.checkBridge(bridge) != 0) return 1;
    if (!hasContainer) return fail('Sandbox in prevResult ' + elsewhere + " doesn't match configured netns");
    return this.checkPair(container);
  }

  private checkBridge(shown: Interface): i32 {
    const name = shown.name;
    if (name.length == 0) return fail('Interface name missing ');
    const found = linkGet(new Obj().str('ns', 'host').str('name', name));
    if (!found.ok) return notFound(name);
    if (found.json.get('kind').str() != 'bridge') return fail('Interface ' + name + ' does not have link type of bridge');
    const mac = found.json.get('mac').str();
    if (shown.mac.length > 0 && shown.mac != mac) return fail('Bridge interface ' + name + " Mac doesn't match: " + shown.mac, PLUGIN_ERROR, 'it is ' + mac + ' now');
    const promisc = found.json.get('promisc').bool();
    if (promisc != this.conf.promisc) {
      return fail('Bridge interface ' + name + ' configured Promisc Mode ' + this.conf.promisc.toString() + " doesn't match current state: " + promisc.toString() + ' ');
    }
    this.bridge = found.json.get('link').int();
    this.bridgeIndex = found.json.get('index').int();
    return 0;
  }

  private checkPair(shown: Interface): i32 {
    const near = linkGet(new Obj().str('name', shown.name));
    if (!near.ok) return notFound(shown.name);
    if (near.json.get('kind').str() != 'veth') return fail('Error: Container interface ' + shown.name + ' not of type veth');
    const mac = near.json.get('mac').str();
    if (shown.mac.length > 0 && shown.mac != mac) return fail('Interface ' + shown.name + ' Mac ' + shown.mac + " doesn't match container Mac: " + mac);
    this.container = near.json.get('link').int();
    this.containerMac = mac;
    let gone = '';
    for (let i = 0; i < this.result.interfaces.length; i++) {
      const other = this.result.interfaces[i];
      // What lies in a container is some other plugin's.
      if (other.name == this.conf.bridge || other.sandbox.length > 0) continue;
      const far = linkGet(new Obj().str('ns', 'host').str('name', other.name));
      // What is not there may be another plugin's as well; it is only missed when the pair is not found otherwise.
      if (!far.ok) gone = gone.length > 0 ? gone : other.name;
      else if (this.isPort(far.json, near.json)) return this.checkPort(other, far.json);
    }
    return gone.length > 0 ? notFound(gone) : fail('CNI veth created for bridge ' + this.conf.bridge + ' was not found');
  }

  private isPort(far: Json, near: Json): bool {
    return far.get('kind').str() == 'veth' && far.get('index').int() == near.get('peer').int() && far.get('peer').int() == near.get('index').int()
      && far.get('master').int() == this.bridgeIndex;
  }

  private checkPort(shown: Interface, port: Json): i32 {
    if (shown.mac.length > 0 && shown.mac != port.get('mac').str()) return fail('Interface ' + shown.name + " Mac doesn't match: " + shown.mac + ' not found');
    if (port.get('hairpin').bool() != this.conf.hairpin) return this.wrongFlag(shown, 'hairpin mode', this.conf.hairpin);
    if (port.get('isolated').bool() != this.conf.portIsolation) return this.wrongFlag(shown, 'port isolation', this.conf.portIsolation);
    const mtu = port.get('mtu').int();
    // Of the container's end it can be another one by now: tuning may change that.
    if (this.conf.mtu > 0 && mtu != this.conf.mtu) return fail('Interface ' + shown.name + ' configured MTU ' + this.conf.mtu.toString() + " doesn't match current state: " + mtu.toString());
    this.port = shown.name;
    return 0;
  }

  private wrongFlag(shown: Interface, what: string, wanted: bool): i32 {
    return fail('Interface ' + shown.name + ' configured ' + what + ' ' + wanted.toString() + " doesn't match current state: " + (!wanted).toString());
  }

  /** The port is in its VLANs, and what has a wrong hardware address is dropped. */
  checkGuards(request: Request): i32 {
    if (this.conf.vlans.onPort && this.checkVlans() != 0) return 1;
    return this.conf.spoofCheck ? spoofingChecked(request, this.port, this.containerMac) : 0;
  }

  private checkVlans(): i32 {
    const port = linkGet(new Obj().str('ns', 'host').str('name', this.port).bool('vlans', true));
    if (!port.ok) return failWith(port.error);
    const wrong = this.conf.vlans.difference(port.json.get('vlans'));
    return wrong.length == 0 ? 0 : fail('Interface ' + this.port + ' ' + wrong);
  }

  /**
   * The bridge, or its interface in the VLAN, still carries the gateway of each address. With forceAddress the next one replaces it, of this
   * attachment or of another network's.
   */
  checkGateways(ips: AssignedIp[]): i32 {
    let link = this.bridge;
    let name = this.conf.bridge;
    if (this.conf.vlans.id != 0) {
      name = nameOf(this.conf);
      const found = linkGet(new Obj().str('ns', 'host').str('name', name));
      if (!found.ok) return notFound(name);
      link = found.json.get('link').int();
    }
    const listed = addrList(new Obj().int('link', link));
    if (!listed.ok) return failWith(listed.error);
    for (let i = 0; i < ips.length; i++) {
      const gateway = gatewayOf(ips[i]);
      if (gateway !== null && !carries(listed.json, gateway) && !(this.conf.forceAddress && GatewayPlace.on(listed.json, gateway).isTaken)) return fail('Failed to match addr ' + gateway.text() + ' on interface ' + name);
    }
    return 0;
  }
}

export function carries(listed: Json, address: Prefix): bool {
  for (let e = listed.get('addrs').first(); e.present; e = e.next()) {
    const there = Prefix.parse(e.get('address').str());
    if (there !== null && there.equals(address)) return true;
  }
  return false;
}

function copyTo(from: Interface, into: Interface): void {
  into.name = from.name;
  into.mac = from.mac;
}

function notFound(name: string): i32 {
  return fail('Interface name ' + name + ' not found');
}
