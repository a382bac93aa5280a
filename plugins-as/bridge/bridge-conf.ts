// The configuration of the bridge plugin, with the reference's defaults, order of checks, and words.
// SPDX-License-Identifier: Apache-2.0

import { Args } from '../sdk/args';
import { Config } from '../sdk/config';
import { Dns } from '../sdk/dns';
import { Request } from '../sdk/request';
import { vlanProblem, wantsVlan } from './vlan-conf';

export class BridgeConf {
  /** '' when the configuration is right. */
  problem: string = '';
  bridge: string = '';
  isGateway: bool = false;
  isDefaultGateway: bool = false;
  forceAddress: bool = false;
  ipMasq: bool = false;
  ipMasqBackend: string = '';
  mtu: i64 = 0;
  hairpin: bool = false;
  promisc: bool = false;
  enableDad: bool = false;
  portIsolation: bool = false;
  containerDown: bool = false;
  /** '' for a bridge without addresses. */
  ipam: string = '';
  dns: Dns = new Dns();
  mac: string = '';
  wantsVlan: bool = false;
  wantsSpoofCheck: bool = false;

  static from(request: Request): BridgeConf {
    const config = new Config(request.config, 'NetConf');
    const conf = new BridgeConf();
    conf.read(config);
    const macs = [
      config.part('runtimeConfig', 'RuntimeConfig').str('mac'),
      config.part('args', 'BridgeArgs').part('cni', 'CniArgs').str('mac'),
    ];
    const vlan = vlanProblem(config);
    const args = Args.parse(request.args, ['MAC']);
    if (config.problem.length > 0) conf.problem = 'failed to load netconf: ' + config.problem;
    else conf.problem = vlan.length > 0 ? vlan : args.problem;
    conf.wantsVlan = wantsVlan(config);
    conf.mac = macs[0].length > 0 ? macs[0] : macs[1].length > 0 ? macs[1] : args.get('MAC');
    return conf;
  }

  private read(config: Config): void {
    const name = config.str('bridge');
    this.bridge = name.length > 0 ? name : 'cni0';
    this.isDefaultGateway = config.bool('isDefaultGateway');
    this.isGateway = config.bool('isGateway') || this.isDefaultGateway;
    this.forceAddress = config.bool('forceAddress');
    this.ipMasq = config.bool('ipMasq');
    this.ipMasqBackend = config.str('ipMasqBackend');
    this.mtu = config.int('mtu');
    this.hairpin = config.bool('hairpinMode');
    this.promisc = config.bool('promiscMode');
    this.enableDad = config.bool('enabledad');
    this.portIsolation = config.bool('portIsolation');
    this.containerDown = config.bool('disableContainerInterface');
    this.wantsSpoofCheck = config.bool('macspoofchk');
    this.ipam = config.part('ipam', 'types.IPAM').str('type');
    this.dns = Dns.configured(config.part('dns', 'types.DNS'));
  }
}
