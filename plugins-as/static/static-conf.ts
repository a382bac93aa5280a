// The configuration: addresses from four places, of which the later ones add to or replace the earlier ones.
// SPDX-License-Identifier: Apache-2.0

import { Args } from '../sdk/args';
import { Config } from '../sdk/config';
import { Dns } from '../sdk/dns';
import { Ip, Prefix } from '../sdk/ip';
import { Request } from '../sdk/request';
import { AssignedIp, Route } from '../sdk/result';
import { configuredRoutes } from '../sdk/route-conf';

/** Types of the reference that stand in its decoder's messages. */
const ARGS = 'struct { A *main.IPAMArgs "json:\\"cni\\"" }';
const RUNTIME_CONFIG = 'struct { IPs []string "json:\\"ips,omitempty\\"" }';

export class Address {
  gateway: Ip | null = null;

  constructor(readonly prefix: Prefix) {}

  assigned(): AssignedIp {
    const gateway = this.gateway;
    return new AssignedIp(this.prefix.text(), gateway === null ? '' : gateway.text());
  }
}

export class StaticConf {
  /** '' when the configuration is right. */
  problem: string = '';
  addresses: Address[] = [];
  routes: Route[] = [];
  dns: Dns = new Dns();

  static from(request: Request): StaticConf {
    const conf = new StaticConf();
    const config = new Config(request.config, 'Net');
    const ipam = config.part('ipam', 'main.IPAMConfig');
    const written = ipam.parts('addresses', 'main.Address');
    const texts: string[] = [];
    for (let i = 0; i < written.length; i++) texts.push(written[i].str('address'));
    const gateways = readGateways(written, ipam);
    conf.routes = configuredRoutes(ipam);
    conf.dns = Dns.configured(ipam.part('dns', 'types.DNS'));
    const byArgs = config.part('args', ARGS).part('cni', 'main.IPAMArgs').strings('ips');
    const byRuntime = config.part('runtimeConfig', RUNTIME_CONFIG).strings('ips');
    conf.problem = config.problem;
    if (conf.problem.length == 0 && !ipam.json.exists) conf.problem = "IPAM config missing 'ipam' key";
    if (conf.problem.length > 0) return conf;
    conf.takeArgs(request.args);
    conf.replace(byArgs);
    conf.replace(byRuntime);
    // Those that were replaced are not looked at any more.
    if (byArgs.length == 0 && byRuntime.length == 0) conf.putFirst(texts, gateways);
    conf.limitFamilies(request.cniVersion);
    return conf;
  }

  /** CNI_ARGS adds addresses; its gateways go to those of them whose subnet they are in. */
  private takeArgs(text: string): void {
    const args = Args.parse(text, ['IP', 'GATEWAY']);
    if (args.problem.length > 0) return this.refuse(args.problem);
    const ips = words(args.get('IP'));
    for (let i = 0; i < ips.length; i++) {
      const prefix = Prefix.parse(ips[i]);
      if (prefix === null) return this.refuse("the 'ip' field is expected to be in CIDR notation, got: '" + ips[i] + "'");
      this.addresses.push(new Address(prefix));
    }
    const gateways = words(args.get('GATEWAY'));
    for (let i = 0; i < gateways.length; i++) {
      const gateway = Ip.parse(gateways[i]);
      if (gateway === null) return this.refuse('invalid gateway address: ' + gateways[i]);
      for (let j = 0; j < this.addresses.length; j++) {
        if (this.addresses[j].prefix.contains(gateway)) this.addresses[j].gateway = gateway;
      }
    }
  }

  private replace(texts: string[]): void {
    if (texts.length == 0) return;
    this.addresses = [];
    for (let i = 0; i < texts.length; i++) {
      const prefix = Prefix.parse(texts[i]);
      if (prefix === null) return this.refuse("an entry in the 'ips' field is NOT in CIDR notation, got: '" + texts[i] + "'");
      this.addresses.push(new Address(prefix));
    }
  }

  private putFirst(texts: string[], gateways: (Ip | null)[]): void {
    const configured: Address[] = [];
    for (let i = 0; i < texts.length; i++) {
      const prefix = Prefix.parse(texts[i]);
      if (prefix === null) return this.refuse("the 'address' field is expected to be in CIDR notation, got: '" + texts[i] + "'");
      const address = new Address(prefix);
      address.gateway = gateways[i];
      configured.push(address);
    }
    this.addresses = configured.concat(this.addresses);
  }

  private limitFamilies(cniVersion: string): void {
    let v4 = 0;
    for (let i = 0; i < this.addresses.length; i++) if (!this.addresses[i].prefix.ip.v6) v4++;
    const tooMany = v4 > 1 || this.addresses.length - v4 > 1;
    if (tooMany && (cniVersion == '0.1.0' || cniVersion == '0.2.0')) this.refuse('CNI version ' + cniVersion + ' does not support more than 1 address per family');
  }

  /** The first thing that is wrong is the one that is said. */
  private refuse(problem: string): void {
    if (this.problem.length == 0) this.problem = problem;
  }
}

function readGateways(written: Config[], ipam: Config): (Ip | null)[] {
  const gateways: (Ip | null)[] = [];
  for (let i = 0; i < written.length; i++) {
    const text = written[i].str('gateway', '', 'net.IP');
    const gateway = Ip.parse(text);
    if (text.length > 0 && gateway === null) ipam.refuse('invalid IP address: ' + text);
    gateways.push(gateway);
  }
  return gateways;
}

/** The parts of a list with commas, without the blanks around them. */
function words(list: string): string[] {
  if (list.length == 0) return [];
  const parts = list.split(',');
  for (let i = 0; i < parts.length; i++) parts[i] = parts[i].trim();
  return parts;
}
