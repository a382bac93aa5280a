// The CNI result, in its 1.1.0 form: built from nothing, or from prevResult or a delegate's answer, and handed to the host.
// SPDX-License-Identifier: Apache-2.0

import { setResult } from './abi';
import { Dns } from './dns';
import { Arr, Json, Obj } from './json';

/** `sandbox` of an interface in the container; the host puts the path of the namespace in its place. */
export const CONTAINER = 'container';

export class Interface {
  mtu: i64 = 0;
  socketPath: string = '';
  pciID: string = '';

  constructor(public name: string, public mac: string = '', public sandbox: string = '') {}

  static from(json: Json): Interface {
    const link = new Interface(json.get('name').str(), json.get('mac').str(), json.get('sandbox').str());
    link.mtu = json.get('mtu').int();
    link.socketPath = json.get('socketPath').str();
    link.pciID = json.get('pciID').str();
    return link;
  }

  json(): Obj {
    const json = new Obj().str('name', this.name).optional('mac', this.mac);
    if (this.mtu != 0) json.int('mtu', this.mtu);
    return json.optional('sandbox', this.sandbox).optional('socketPath', this.socketPath).optional('pciID', this.pciID);
  }
}

export class AssignedIp {
  /** `index` is the place of its interface in the list of interfaces, -1 when it names none. */
  constructor(public address: string, public gateway: string = '', public index: i32 = -1) {}

  static from(json: Json): AssignedIp {
    const index = json.get('interface');
    return new AssignedIp(json.get('address').str(), json.get('gateway').str(), index.exists ? <i32>index.int() : -1);
  }

  get isV6(): bool {
    return this.address.includes(':');
  }

  json(): Obj {
    const json = new Obj().str('address', this.address).optional('gateway', this.gateway);
    return this.index < 0 ? json : json.int('interface', this.index);
  }
}

/** A number that was not given, where 0 is one as well; -1 is given, and wrong. */
export const ABSENT: i64 = i64.MIN_VALUE;

export class Route {
  mtu: i64 = 0;
  advmss: i64 = 0;
  priority: i64 = 0;
  table: i64 = ABSENT;
  scope: i64 = ABSENT;

  constructor(public dst: string, public gw: string = '') {}

  static from(json: Json): Route {
    const route = new Route(json.get('dst').str(), json.get('gw').str());
    route.mtu = json.get('mtu').int();
    route.advmss = json.get('advmss').int();
    route.priority = json.get('priority').int();
    if (json.get('table').exists) route.table = json.get('table').int();
    if (json.get('scope').exists) route.scope = json.get('scope').int();
    return route;
  }

  json(): Obj {
    const json = new Obj().str('dst', this.dst).optional('gw', this.gw);
    if (this.mtu != 0) json.int('mtu', this.mtu);
    if (this.advmss != 0) json.int('advmss', this.advmss);
    if (this.priority != 0) json.int('priority', this.priority);
    if (this.table != ABSENT) json.int('table', this.table);
    if (this.scope != ABSENT) json.int('scope', this.scope);
    return json;
  }
}

export class Result {
  /** Set to the configuration's version, it makes the host print the result as it is, whatever that version's shape. */
  cniVersion: string = '';
  interfaces: Interface[] = [];
  ips: AssignedIp[] = [];
  routes: Route[] = [];
  dns: Dns = new Dns();

  static from(json: Json): Result {
    const result = new Result();
    for (let e = json.get('interfaces').first(); e.present; e = e.next()) result.interfaces.push(Interface.from(e));
    for (let e = json.get('ips').first(); e.present; e = e.next()) result.ips.push(AssignedIp.from(e));
    for (let e = json.get('routes').first(); e.present; e = e.next()) result.routes.push(Route.from(e));
    result.dns = Dns.from(json.get('dns'));
    return result;
  }

  /** Not those that another plugin of the chain gave to another interface. */
  ipsOf(ifname: string): AssignedIp[] {
    const own: AssignedIp[] = [];
    for (let i = 0; i < this.ips.length; i++) {
      const index = this.ips[i].index;
      if (index < 0 || index >= this.interfaces.length || this.interfaces[index].name == ifname) own.push(this.ips[i]);
    }
    return own;
  }

  json(): Obj {
    const interfaces = new Arr();
    const ips = new Arr();
    const routes = new Arr();
    for (let i = 0; i < this.interfaces.length; i++) interfaces.obj(this.interfaces[i].json());
    for (let i = 0; i < this.ips.length; i++) ips.obj(this.ips[i].json());
    for (let i = 0; i < this.routes.length; i++) routes.obj(this.routes[i].json());
    const json = new Obj().optional('cniVersion', this.cniVersion);
    if (!interfaces.isEmpty) json.arr('interfaces', interfaces);
    if (!ips.isEmpty) json.arr('ips', ips);
    if (!routes.isEmpty) json.arr('routes', routes);
    const dns = this.dns.json();
    return dns.isEmpty ? json : json.obj('dns', dns);
  }

  /** Makes this the result of the call; returns 0, so that an export can end with `return result.set()`. */
  set(): i32 {
    const json = this.json();
    setResult(json.buffer, json.length);
    return 0;
  }
}
