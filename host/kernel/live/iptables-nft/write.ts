// Changes of an iptables table as one nf_tables transaction.
// SPDX-License-Identifier: Apache-2.0

import type { IptablesCommand } from '../../kernel.ts';
import { chainCalled, type Rule } from '../../rule.ts';
import type { Body } from '../attributes.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, type Part } from '../netlink.ts';
import { batchOf, NLM_F_NONREC, partOf } from '../nft-batch.ts';
import { CHAIN, COUNTER, HOOK, HOOK_NUMBER, MSG, RULE, TABLE } from '../nft-wire.ts';
import { builtInHook } from './built-in.ts';
import { encodeIptablesRule, type EncodedIptablesRule } from './encode.ts';
import { chainNamed, type NftTableOfIptables } from './table.ts';

/** Names that iptables would take for a target before it looks for a chain. */
const TARGET = /^[A-Z0-9]+$/;

/** False: nothing is done, and iptables itself must be asked, since we do not know how it writes this, or it would refuse where nf_tables does not. */
export function restoreThroughNetlink(table: NftTableOfIptables, commands: readonly IptablesCommand[]): boolean {
  const { toMakeTable, toMakeBuiltIn, toCarryOut } = messages(table);
  const changes = commands.map(toCarryOut);
  if (!changes.every((change) => change !== undefined)) return false;
  const parts = [toMakeTable(), ...missingBuiltIn(table, commands).map(toMakeBuiltIn), ...changes];
  // Only what was found by looking can be outdated: in a table that was made anew a handle is another rule's.
  const wasFound = commands.some(({ do: what }) => what === 'flush chain' || what === 'delete rule');
  table.socket.commit(batchOf(parts.map((part) => ({ part, action: `change iptables table ${table.name}` })), wasFound ? table.generation : undefined));
  return true;
}

/** iptables makes its own chains with their first rule. One that is there must not be made again: that would be an update, which waits. */
function missingBuiltIn(table: NftTableOfIptables, commands: readonly IptablesCommand[]): string[] {
  const written = new Set(commands.flatMap(({ do: what, chain }) => (what === 'add rule' ? chain : [])));
  return [...written].filter((chain) => builtInHook(table.name, chain) && !chainNamed(table, chain));
}

function messages(table: NftTableOfIptables) {
  const { family, name, dialect } = table;
  const message = (type: number, flags: number, fill: (body: Body) => unknown): Part => partOf(family, type, flags, fill);
  const aboutChain = (body: Body, chain: string): Body => body.text(CHAIN.TABLE, name).text(CHAIN.NAME, chain);
  const aboutRules = (body: Body, chain: string): Body => body.text(RULE.TABLE, name).text(RULE.CHAIN, chain);
  return {
    toMakeTable: () => message(MSG.NEWTABLE, NLM_F_CREATE, (body) => body.text(TABLE.NAME, name)),
    /** No policy: the kernel's default is accept, as iptables has it. */
    toMakeBuiltIn(chain: string) {
      const { type, hook, priority } = builtInHook(name, chain)!;
      return message(MSG.NEWCHAIN, NLM_F_CREATE, (body) => {
        aboutChain(body, chain).nest(CHAIN.HOOK, (inner) => void inner.be32(HOOK.NUMBER, HOOK_NUMBER[hook]!).be32(HOOK.PRIORITY, priority)).text(CHAIN.TYPE, type);
        if (dialect.countedChains) body.nest(CHAIN.COUNTERS, (inner) => void inner.be64(COUNTER.BYTES, 0n).be64(COUNTER.PACKETS, 0n));
      });
    },
    toCarryOut(command: IptablesCommand): Part | undefined {
      const { chain } = command;
      const isBuiltIn = builtInHook(name, chain) !== undefined;
      switch (command.do) {
        case 'add chain': return isBuiltIn ? undefined : message(MSG.NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, (body) => aboutChain(body, chain));
        case 'delete chain': return isBuiltIn ? undefined : message(MSG.DELCHAIN, NLM_F_NONREC, (body) => aboutChain(body, chain));
        case 'flush chain': return message(MSG.DELRULE, 0, (body) => aboutRules(body, chain));
        case 'delete rule': {
          const { handle } = command.rule;
          return handle === undefined ? undefined : message(MSG.DELRULE, 0, (body) => aboutRules(body, chain).be64(RULE.HANDLE, BigInt(handle)));
        }
        case 'add rule': {
          const encoded = encodedFor(table, command.rule);
          return encoded && message(MSG.NEWRULE, NLM_F_CREATE | (command.at === 'end' ? NLM_F_APPEND : 0), (body) =>
            aboutRules(body, chain).nest(RULE.EXPRESSIONS, encoded.fill).nest(RULE.COMPAT, encoded.compat));
        }
        default: return command satisfies never;
      }
    },
  };
}

/** Undefined for a rule that iptables must be asked to write. */
export function encodedFor({ family, name, dialect }: NftTableOfIptables, rule: Rule): EncodedIptablesRule | undefined {
  if (TARGET.test(chainCalled(rule) ?? '') || (name === 'nat' && rule.action.verdict === 'drop')) return undefined;
  return encodeIptablesRule(family, rule, dialect);
}
