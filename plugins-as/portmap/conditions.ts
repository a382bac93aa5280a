// Conditions for forwarding, in the words of one of the backends; which of them shows the first word, as in the reference.
// SPDX-License-Identifier: Apache-2.0

import { Config } from '../sdk/config';

export class Conditions {
  v4: string[] = [];
  v6: string[] = [];
  /** the keys that only one of the backends understands */
  readonly iptablesOnly: string[] = [];
  readonly nftOnly: string[] = [];

  constructor(keys: Config) {
    if (keys.has('externalSetMarkChain')) this.iptablesOnly.push('externalSetMarkChain');
    this.v4 = this.read(keys, 'conditionsV4');
    this.v6 = this.read(keys, 'conditionsV6');
  }

  /** Why this backend cannot be used, '' when it can. */
  misfit(nft: bool): string {
    const foreign = nft ? this.iptablesOnly : this.nftOnly;
    if (foreign.length == 0) return '';
    const asked = nft ? 'nftables' : 'iptables';
    return asked + ' backend was requested but configuration contains ' + (nft ? 'iptables' : 'nftables') + '-specific options [' + foreign.join(' ') + ']';
  }

  private read(keys: Config, key: string): string[] {
    const given = keys.strings(key);
    if (given.length > 0 && given[0].length > 0) {
      if (given[0].startsWith('-') || given[0].startsWith('!')) this.iptablesOnly.push(key);
      else this.nftOnly.push(key);
    }
    const words: string[] = [];
    for (let i = 0; i < given.length; i++) if (given[i].length > 0) words.push(given[i]);
    return words;
  }
}
