// What is to be in the nat table for one family: the reference's chains, rules and comments, in its order, so that a node can be
// switched from one to the other with containers running.
// SPDX-License-Identifier: Apache-2.0

import { Prefix } from '../sdk/ip';
import { Arr, Obj } from '../sdk/json';
import { natTable } from '../sdk/nat-table';
import { Request } from '../sdk/request';
import { PortmapConfig } from './config';
import { dnatComment } from './dnat-comment';
import { PortMapping } from './port-mapping';
import { Rule } from '../sdk/rule';

/** What an attachment's own chain is called, before its hash. */
export const DNAT_CHAIN = 'CNI-DN-';
export const HOSTPORT_DNAT = 'CNI-HOSTPORT-DNAT';
const HOSTPORT_SETMARK = 'CNI-HOSTPORT-SETMARK';
const HOSTPORT_MASQ = 'CNI-HOSTPORT-MASQ';
/** xt_multiport takes no more. */
const PORTS_A_RULE = 15;

export function dnatChain(request: Request): string {
  return DNAT_CHAIN + request.attachmentHash.substring(0, 21);
}

/** The chain that versions of the reference before 0.7 made for masquerading. */
export function oldSnatChain(request: Request): string {
  return oldSnatChainOf(dnatChain(request));
}

/** Of the same attachment: both end with its hash. */
export function oldSnatChainOf(dnat: string): string {
  return 'CNI-SN-' + dnat.substring(DNAT_CHAIN.length);
}

export function iptablesLayout(request: Request, config: PortmapConfig, address: Prefix): Obj {
  return new IptablesLayout(request, config, address).rules();
}

class IptablesLayout {
  private chains: Arr = new Arr();
  private add: Arr = new Arr();
  private chain: string;

  constructor(private request: Request, private config: PortmapConfig, private address: Prefix) {
    this.chain = dnatChain(request);
  }

  rules(): Obj {
    if (this.config.snat && this.config.setMarkChain.length == 0) this.masquerading();
    this.sharedEntry();
    this.chains.obj(new Obj().str('name', this.chain));
    for (let i = 0; i < this.config.mappings.length; i++) this.mapping(this.config.mappings[i]);
    this.entries();
    return natTable(this.address.ip.v6 ? 'ip6' : 'ip').arr('chains', this.chains).arr('add', this.add);
  }

  private masquerading(): void {
    this.shared(HOSTPORT_SETMARK);
    this.shared(HOSTPORT_MASQ);
    this.addShared(HOSTPORT_SETMARK, new Rule().setMark(this.config.mark).comment('CNI portfwd masquerade mark'));
    this.addShared(HOSTPORT_MASQ, new Rule().marked(this.config.mark).masquerade());
    // Before whatever else masquerades: a later rule could choose another source address.
    this.addShared('POSTROUTING', new Rule().jump(HOSTPORT_MASQ).comment('CNI portfwd requiring masquerade'), 'start');
  }

  private sharedEntry(): void {
    this.shared(HOSTPORT_DNAT);
    this.addShared('PREROUTING', new Rule().toHost().jump(HOSTPORT_DNAT));
    this.addShared('OUTPUT', new Rule().toHost().jump(HOSTPORT_DNAT));
  }

  private mapping(mapping: PortMapping): void {
    const v6 = this.address.ip.v6;
    if (!mapping.isOf(v6)) return;
    if (this.config.snat) {
      const anywhere = v6 ? '::/0' : '0.0.0.0/0';
      this.markFrom(this.config.masqAll ? anywhere : this.address.network().text(), mapping);
      if (!v6 && !this.config.masqAll) this.markFrom('127.0.0.1/32', mapping);
    }
    this.addOwn(this.chain, arriving(mapping).dnat(this.address.ip.text(), mapping.containerPort));
  }

  private markFrom(source: string, mapping: PortMapping): void {
    const chain = this.config.setMarkChain.length > 0 ? this.config.setMarkChain : HOSTPORT_SETMARK;
    this.addOwn(this.chain, arriving(mapping).from(source).jump(chain));
  }

  /** Ports are listed even if their mapping is of the other family: they meet an empty chain and go on. */
  private entries(): void {
    const conditions = this.address.ip.v6 ? this.config.conditions.v6 : this.config.conditions.v4;
    const comment = dnatComment(this.request.network, this.request.containerId);
    const protocols = this.protocols();
    for (let p = 0; p < protocols.length; p++) {
      const ports = this.portsOf(protocols[p]);
      for (let i = 0; i < ports.length; i += PORTS_A_RULE) {
        const some = new Arr();
        for (let k = i; k < min(i + PORTS_A_RULE, ports.length); k++) some.int(ports[k]);
        this.addOwn(HOSTPORT_DNAT, new Rule().ports(protocols[p], some).words(conditions).jump(this.chain).comment(comment));
      }
    }
  }

  private protocols(): string[] {
    const protocols: string[] = [];
    for (let i = 0; i < this.config.mappings.length; i++) {
      const protocol = this.config.mappings[i].protocol;
      if (!protocols.includes(protocol)) protocols.push(protocol);
    }
    return protocols.sort();
  }

  private portsOf(protocol: string): i64[] {
    const ports: i64[] = [];
    for (let i = 0; i < this.config.mappings.length; i++) {
      if (this.config.mappings[i].protocol == protocol) ports.push(this.config.mappings[i].hostPort);
    }
    return ports;
  }

  private shared(name: string): void {
    this.chains.obj(new Obj().str('name', name).str('life', 'network'));
  }

  private addShared(chain: string, rule: Rule, at: string = 'end'): void {
    this.add.obj(new Obj().str('chain', chain).obj('rule', rule.json()).str('at', at).str('life', 'network'));
  }

  private addOwn(chain: string, rule: Rule): void {
    this.add.obj(new Obj().str('chain', chain).obj('rule', rule.json()));
  }
}

function arriving(mapping: PortMapping): Rule {
  return new Rule().port(mapping.protocol, mapping.hostPort).to(mapping.destination);
}
