// The configuration, read as the reference reads it; what cannot be done is refused before anything is changed.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';
import { Json } from '../sdk/json';
import { quote } from '../sdk/quote';
import { mappingFrom, PortMapping } from './port-mapping';

/** SPEC §Error */
export const UNSUPPORTED_FIELD: i32 = 2;
/** Kubernetes uses bits 14 and 15, Calico 20 to 31. */
const DEFAULT_MARK_BIT: i64 = 13;
/** Without a word the plugin chooses. */
const BACKENDS: string[] = ['', 'iptables', 'nftables'];

export class PortmapConfig {
  /** '' when everything is as it should be. */
  problem: string = '';
  /** Asks for something that exists, but not here. */
  unsupported: string = '';
  mappings: PortMapping[] = [];
  /** `iptables`, `nftables`, or '' for what the node can do. */
  readonly backend: string;
  readonly snat: bool;
  readonly masqAll: bool;
  /** The mark of what must be masqueraded: one bit. */
  readonly mark: u32;
  /** Somebody else's chain that marks; '' for our own. */
  readonly setMarkChain: string;

  constructor(json: Json) {
    const keys = new Config(json, 'PortMapConf');
    const markBit = keys.int('markMasqBit', DEFAULT_MARK_BIT);
    this.backend = keys.str('backend');
    this.snat = keys.has('snat') ? keys.bool('snat') : true;
    this.masqAll = keys.bool('masqAll');
    this.mark = <u32>1 << <u32>markBit;
    this.setMarkChain = keys.str('externalSetMarkChain');
    const conditions = keys.strings('conditionsV4').length + keys.strings('conditionsV6').length;
    const entries = keys.part('runtimeConfig', 'RuntimeConfig').parts('portMappings', 'PortMapEntry');
    for (let i = 0; i < entries.length; i++) this.mappings.push(mappingFrom(entries[i]));

    if (keys.problem.length > 0) this.problem = 'failed to parse network configuration: ' + keys.problem;
    else if (keys.has('markMasqBit') && keys.has('externalSetMarkChain')) this.problem = 'Cannot specify externalSetMarkChain and markMasqBit';
    else if (markBit < 0 || markBit > 31) this.problem = 'MasqMarkBit must be between 0 and 31';
    else if (!BACKENDS.includes(this.backend)) this.problem = 'unrecognized backend ' + quote(this.backend);
    else this.problem = firstProblem(this.mappings);
    if (conditions > 0) this.unsupported = 'conditionsV4 and conditionsV6 are not supported; take them out of the configuration of portmap';
  }
}

function firstProblem(mappings: PortMapping[]): string {
  for (let i = 0; i < mappings.length; i++) {
    const problem = mappings[i].problem;
    if (problem.length > 0) return problem;
  }
  return '';
}
