// The configuration of the bridge plugin, with the reference's defaults, order of checks, and words.
// SPDX-License-Identifier: Apache-2.0

import { Args } from '../sdk/args';
import { Config } from '../sdk/config';
import { DAD_TIMEOUT } from '../sdk/configure-interface';
import { Dns } from '../sdk/dns';
import { Request } from '../sdk/request';
import { VlanConf } from './vlan-conf';

/** s; bridge may run for 100 altogether (its manifest), and waits for locks besides */
const MAX_DAD_TIMEOUT: i64 = 20;

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
  /** s */
  dadTimeout: i64 = DAD_TIMEOUT;
  portIsolation: bool = false;
  containerDown: bool = false;
  /** '' for a bridge without addresses. */
  ipam: string = '';
  dns: Dns = new Dns();
  mac: string = '';
  vlans: VlanConf = new VlanConf();
  spoofCheck: bool = false;
  nfCallIptables: bool = false;

  static from(request: Request): BridgeConf {
    const config = new Config(request.config, 'NetConf');
    const conf = new BridgeConf();
    conf.read(config);
    const macs = [
      config.part('runtimeConfig', 'RuntimeConfig').str('mac'),
      config.part('args', 'BridgeArgs').part('cni', 'CniArgs').str('mac'),
    ];
    conf.vlans = VlanConf.from(config);
    const args = Args.parse(request.args, ['MAC']);
    if (config.problem.length > 0) conf.problem = 'failed to load netconf: ' + config.problem;
    else conf.problem = conf.vlans.problem.length > 0 ? conf.vlans.problem : args.problem;
    conf.mac = macs[0].length > 0 ? macs[0] : macs[1].length > 0 ? macs[1] : args.get('MAC');
    return conf;
  }

  /** Of ADD alone: nothing is waited for elsewhere. */
  dadProblem(): string {
    if (this.dadTimeout > 0 && this.dadTimeout <= MAX_DAD_TIMEOUT) return '';
    return 'invalid dadTimeout ' + this.dadTimeout.toString() + ' (must be 1 to ' + MAX_DAD_TIMEOUT.toString() + ' seconds)';
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
    const dadTimeout = config.int('dadTimeout');
    if (dadTimeout != 0) this.dadTimeout = dadTimeout;
    this.portIsolation = config.bool('portIsolation');
    this.containerDown = config.bool('disableContainerInterface');
    this.spoofCheck = config.bool('macspoofchk');
    this.nfCallIptables = config.bool('bridgeNfCallIptables');
    this.ipam = config.part('ipam', 'types.IPAM').str('type');
    this.dns = Dns.configured(config.part('dns', 'types.DNS'));
  }
}
