// One iptables table out of nf_tables: a chain is looked up when it is asked for, its rules are listed when somebody looks into it.
// SPDX-License-Identifier: Apache-2.0

import { once } from '../../../once.ts';
import { builtInChains } from '../../built-in-chains.ts';
import { sameHook } from '../../hook.ts';
import { KernelError } from '../../kernel-error.ts';
import type { IptablesChain, IptablesRule, IptablesTable } from '../../kernel.ts';
import { beOf, textOf, type Attributes } from '../attributes.ts';
import { hookOf } from '../nft-read.ts';
import { CHAIN } from '../nft-wire.ts';
import { builtInHook } from './built-in.ts';
import { LateRule } from './late-rule.ts';
import { chainNamed, chainsOf, isThere, rulesOf, type NftTableOfIptables } from './table.ts';
import { wordsOnce, type Ask } from './words.ts';

/** NF_ACCEPT */
const ACCEPT = 1;

/** `ask` is for rules that we cannot read. */
export function readIptablesTable(table: NftTableOfIptables, ask: Ask): IptablesTable {
  const { family, name, generation } = table;
  const order = builtInChains(name);
  const inWords = wordsOnce(table, ask);
  const known = new Map<string, IptablesChain | undefined>();
  const rulesIn = (chain: string): IptablesRule[] => {
    const reading = { table, inWords: (handle: number) => inWords(chain, handle) };
    return rulesOf(table, chain).map((rule) => new LateRule(reading, rule));
  };
  const chainOf = (chain: Attributes): IptablesChain => {
    const found = textOf(chain.get(CHAIN.NAME));
    checkHook(table.name, found, chain);
    const late = known.get(found) ?? lateChain(found, chain, once(() => rulesIn(found)));
    known.set(found, late);
    return late;
  };
  const exists = isThere(table);
  // One that was never used is made with its first rule; until then iptables-save shows it all the same.
  const unused = (chain: string): IptablesChain | undefined => (order.includes(chain) ? { name: chain, policy: 'ACCEPT', rules: [] } : undefined);
  const everyChain = (): IptablesChain[] => {
    const chains = chainsOf(table).map(chainOf);
    const others = chains.filter((chain) => !order.includes(chain.name)).sort((a, b) => (a.name < b.name ? -1 : 1));
    return [...order.map((builtIn) => chains.find((chain) => chain.name === builtIn) ?? unused(builtIn)!), ...others];
  };
  const all = once(() => (exists ? everyChain() : []));
  return {
    family, name, generation,
    get chains() { return all(); },
    chainNamed(chain) {
      if (!known.has(chain)) {
        const found = exists ? chainNamed(table, chain) : undefined;
        known.set(chain, found ? chainOf(found) : unused(chain));
      }
      return known.get(chain);
    },
  };
}

/** iptables would not take the table for its own. */
function checkHook(table: string, name: string, chain: Attributes): void {
  if (sameHook(hookOf(chain), builtInHook(table, name))) return;
  throw new KernelError('EIPTABLES', `read iptables table ${table}`, `chain ${name} is none that iptables makes; delete it with nft`);
}

function lateChain(name: string, chain: Attributes, rules: () => IptablesRule[]): IptablesChain {
  const [policy, uses] = [beOf(chain.get(CHAIN.POLICY), 4), beOf(chain.get(CHAIN.USE), 4)];
  return {
    name,
    ...(policy === undefined ? {} : { policy: policy === ACCEPT ? 'ACCEPT' : 'DROP' }),
    ...(uses === undefined ? {} : { uses }),
    // Each rule is a use of its chain.
    get rules() { return uses === 0 ? [] : rules(); },
  };
}
