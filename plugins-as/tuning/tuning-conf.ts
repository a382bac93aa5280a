// The configuration: what the operator writes, then CNI_ARGS, the runtime and `args`, of which each has the word over those before.
// SPDX-License-Identifier: Apache-2.0

import { Args } from '../sdk/args';
import { Config } from '../sdk/config';
import { Json, Kind } from '../sdk/json';
import { Request } from '../sdk/request';
import { Attributes } from './attributes';
import { Sysctl } from './sysctl';

/** Types of the reference that stand in its decoder's messages. */
const ARGS = 'struct { A *main.IPAMArgs "json:\\"cni\\"" }';
const RUNTIME_CONFIG = 'struct { Mac string "json:\\"mac,omitempty\\"" }';

export class TuningConf {
  /** '' when the configuration is right. */
  problem: string = '';
  sysctls: Sysctl[] = [];
  wish: Attributes = new Attributes();

  static from(request: Request): TuningConf {
    const conf = new TuningConf();
    conf.problem = conf.readSysctls(request.config);
    if (conf.problem.length > 0) return conf;
    const config = new Config(request.config, 'TuningConf');
    const args = Args.parse(request.args, ['MAC']);
    config.str('dataDir');
    read(conf.wish, config);
    const runtimeMac = config.part('runtimeConfig', RUNTIME_CONFIG).str('mac');
    const byArgs = config.part('args', ARGS).part('cni', 'main.IPAMArgs');
    const mac = args.get('MAC');
    if (mac.length > 0) conf.wish.mac = mac;
    if (runtimeMac.length > 0) conf.wish.mac = runtimeMac;
    read(conf.wish, byArgs);
    // Turned on only: what is not asked for is not turned off.
    if (!conf.wish.promisc) conf.wish.hasPromisc = false;
    const sysctls = byArgs.part('sysctl', 'map[string]string').json;
    for (let e = sysctls.first(); e.present; e = e.next()) conf.put(e.key, e.str());
    if (config.problem.length > 0) conf.problem = 'failed to load netconf: ' + config.problem;
    else conf.problem = args.problem;
    return conf;
  }

  /** Every `sysctl` of the document, in whatever case, and every key in it: JSON would keep the last of each without a word. */
  private readSysctls(config: Json): string {
    const check = new Config(config, 'sysctlCheck');
    for (let member = config.first(); member.present; member = member.next()) {
      if (member.key.toLowerCase() != 'sysctl' || !member.exists) continue;
      if (member.kind != Kind.Object) check.mismatch(member, 'sysctl', 'map[main.sysctlKey]string');
      for (let e = member.first(); e.present && member.kind == Kind.Object; e = e.next()) {
        if (this.find(e.key) >= 0) return 'duplicated sysctl keys are not allowed';
        if (e.exists && e.kind != Kind.String) check.mismatch(e, 'sysctl', 'string');
        this.sysctls.push(new Sysctl(e.key, e.str()));
      }
    }
    return check.problem;
  }

  private put(key: string, value: string): void {
    const at = this.find(key);
    if (at < 0) this.sysctls.push(new Sysctl(key, value));
    else this.sysctls[at].value = value;
  }

  private find(key: string): i32 {
    for (let i = 0; i < this.sysctls.length; i++) if (this.sysctls[i].written == key) return i;
    return -1;
  }
}

/** Keys that are not there leave what was said before. */
function read(wish: Attributes, config: Config): void {
  wish.mac = config.str('mac', wish.mac);
  wish.mtu = config.int('mtu', wish.mtu);
  if (config.has('promisc')) {
    wish.hasPromisc = true;
    wish.promisc = config.bool('promisc');
  }
  if (config.has('allmulti')) {
    wish.hasAllmulti = true;
    wish.allmulti = config.bool('allmulti');
  }
  if (config.has('txQLen')) {
    wish.hasTxqlen = true;
    // The kernel's is of 32 bits without a sign.
    wish.txqlen = <u32>config.int('txQLen');
  }
}
