// The configuration, read as the reference reads it; what cannot be done is refused before anything is changed.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { Json } from '../sdk/json';
import { quote } from '../sdk/quote';
import { Conditions } from './conditions';
import { mappingFrom, PortMapping } from './port-mapping';

/** Kubernetes uses bits 14 and 15, Calico 20 to 31. */
const DEFAULT_MARK_BIT: i64 = 13;
const BACKENDS: string[] = ['iptables', 'nftables'];

/** How the reference's messages name the part of the runtime. */
const RUNTIME_CONFIG = 'struct { PortMaps []main.PortMapEntry "json:\\"portMappings,omitempty\\"" }';

export class PortmapConfig {
  /** '' when everything is as it should be. */
  problem: string = '';
  mappings: PortMapping[] = [];
  /** `iptables`, `nftables`, or '' for what the node can do. */
  readonly backend: string;
  readonly snat: bool;
  readonly masqAll: bool;
  /** The mark of what must be masqueraded: one bit. */
  readonly mark: u32;
  /** Somebody else's chain that marks; '' for our own. */
  readonly setMarkChain: string;
  readonly conditions: Conditions;

  constructor(json: Json) {
    const keys = new Config(json, 'PortMapConf');
    const markBit = keys.int('markMasqBit', DEFAULT_MARK_BIT);
    this.backend = keys.str('backend');
    this.snat = keys.has('snat') ? keys.bool('snat') : true;
    this.masqAll = keys.bool('masqAll');
    this.mark = <u32>1 << <u32>markBit;
    this.setMarkChain = keys.str('externalSetMarkChain');
    this.conditions = new Conditions(keys);
    const entries = keys.part('runtimeConfig', RUNTIME_CONFIG).parts('portMappings', 'main.PortMapEntry');
    for (let i = 0; i < entries.length; i++) this.mappings.push(mappingFrom(entries[i]));

    if (keys.problem.length > 0) this.problem = 'failed to parse network configuration: ' + keys.problem;
    else if (keys.has('markMasqBit') && keys.has('externalSetMarkChain')) this.problem = 'Cannot specify externalSetMarkChain and markMasqBit';
    else if (markBit < 0 || markBit > 31) this.problem = 'MasqMarkBit must be between 0 and 31';
    else if (keys.has('backend') && !BACKENDS.includes(this.backend)) this.problem = 'unrecognized backend ' + quote(this.backend);
    else if (this.backend.length > 0) this.problem = this.conditions.misfit(this.backend == 'nftables');
    if (this.problem.length == 0) this.problem = firstProblem(this.mappings);
  }
}

function firstProblem(mappings: PortMapping[]): string {
  for (let i = 0; i < mappings.length; i++) {
    const problem = mappings[i].problem;
    if (problem.length > 0) return problem;
  }
  return '';
}
