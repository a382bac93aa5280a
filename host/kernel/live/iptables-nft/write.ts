// Lines of iptables-restore as one nf_tables transaction.
// SPDX-License-Identifier: Apache-2.0

import { isOvertaken, isRefusal } from '../../kernel-error.ts';
import type { Rule } from '../../rule.ts';
import { Body } from '../attributes.ts';
import { NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, type Part } from '../netlink.ts';
import type { KernelRule } from '../kernel-rule.ts';
import { batchOf, NLM_F_NONREC } from '../nft-batch.ts';
import { CHAIN, FAMILY, HOOK, HOOK_NUMBER, MSG, nfgenmsg, RULE, SUBSYSTEM, TABLE } from '../nft-wire.ts';
import { builtInHook } from './built-in.ts';
import { commandOf, type Command } from './commands.ts';
import { commentIn, isListedAs, listedForm } from './decode.ts';
import { encodeIptablesRule } from './encode.ts';
import { chainNamed, lookedAt, rulesOf, type NftTableOfIptables } from './table.ts';

/** Others change rules between our look and our transaction; then it is looked again. */
const TRIES = 5;

/** False: nothing is done, and iptables itself must be asked, since we do not know how it writes this or the kernel refused it. */
export function restoreThroughNetlink(before: NftTableOfIptables, lines: readonly string[]): boolean {
  let table = before;
  const commands = lines.map((line) => commandOf(table, line));
  if (!commands.every((command) => command !== undefined)) return false;
  const empties = commands.some((command) => command.do === 'empty');
  for (let tries = 1; tries <= TRIES; tries++) {
    // Only what was found by looking can be outdated.
    const generation = empties || commands.some((command) => command.do === 'take away') ? table.generation : undefined;
    const parts = partsFor(table, commands);
    if (!parts) return false;
    try {
      table.socket.commit(batchOf(parts.map((part) => ({ part, action: `change iptables table ${table.name}` })), generation));
      return true;
    } catch (error) {
      // Without an answer it may have been done.
      if (!isRefusal(error)) throw error;
      if (!isOvertaken(error)) return false;
      // What others have put into a chain meanwhile must not go: whoever decided to empty it has to look again.
      if (empties) throw error;
      table = lookedAt(table);
    }
  }
  return false;
}

/** Undefined when a rule to take away is not found. */
function partsFor(table: NftTableOfIptables, commands: readonly Command[]): Part[] | undefined {
  const message = messagesTo(table);
  const take = rulesToTake(table);
  const parts = [message.table(), ...missingBuiltIn(table, commands).map((chain) => message.builtIn(chain))];
  for (const command of commands) {
    const { chain } = command;
    switch (command.do) {
      case 'make': parts.push(message.make(chain)); break;
      case 'empty': parts.push(message.empty(chain)); break;
      case 'delete': parts.push(message.delete(chain)); break;
      case 'put first': parts.push(message.put(chain, command.rule, 0)); break;
      case 'put last': parts.push(message.put(chain, command.rule, NLM_F_APPEND)); break;
      case 'take away': {
        const rule = take(chain, command.rule);
        if (!rule) return undefined;
        parts.push(message.takeAway(chain, rule.handle));
        break;
      }
      default: return command satisfies never;
    }
  }
  return parts;
}

/** iptables makes its own chains with their first rule. One that is there must not be made again: that would be an update, which waits. */
function missingBuiltIn(table: NftTableOfIptables, commands: readonly Command[]): string[] {
  const written = new Set(commands.flatMap(({ do: what, chain }) => (what.startsWith('put') ? chain : [])));
  return [...written].filter((chain) => builtInHook(table.name, chain) && !chainNamed(table, chain));
}

/** The first rule of a chain that says the same, as iptables -D finds it; each is found once. */
function rulesToTake(table: NftTableOfIptables): (chain: string, rule: Rule) => KernelRule | undefined {
  const left = new Map<string, readonly KernelRule[]>();
  return (chain, rule) => {
    const rules = left.get(chain) ?? rulesOf(table, chain);
    const form = listedForm(table.family, rule, table.dialect)!;
    const [comment, isIt] = [commentIn(form), isListedAs(form)];
    const at = rules.findIndex((one) => one.iptablesComment === comment && isIt(one.expressions));
    left.set(chain, at < 0 ? rules : rules.toSpliced(at, 1));
    return rules[at];
  };
}

function messagesTo({ family, name, dialect }: NftTableOfIptables) {
  const message = (type: number, flags: number, fill: (body: Body) => unknown): Part => {
    const body = new Body(nfgenmsg(FAMILY[family]));
    fill(body);
    return { type: (SUBSYSTEM << 8) | type, flags, body: body.done() };
  };
  const aboutChain = (body: Body, chain: string): Body => body.text(CHAIN.TABLE, name).text(CHAIN.NAME, chain);
  const aboutRules = (body: Body, chain: string): Body => body.text(RULE.TABLE, name).text(RULE.CHAIN, chain);
  return {
    table: () => message(MSG.NEWTABLE, NLM_F_CREATE, (body) => body.text(TABLE.NAME, name)),
    /** No policy: the kernel's default is accept, as iptables has it. */
    builtIn(chain: string) {
      const { type, hook, priority } = builtInHook(name, chain)!;
      return message(MSG.NEWCHAIN, NLM_F_CREATE, (body) => aboutChain(body, chain)
        .nest(CHAIN.HOOK, (inner) => void inner.be32(HOOK.NUMBER, HOOK_NUMBER[hook]!).be32(HOOK.PRIORITY, priority)).text(CHAIN.TYPE, type));
    },
    make: (chain: string) => message(MSG.NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, (body) => aboutChain(body, chain)),
    empty: (chain: string) => message(MSG.DELRULE, 0, (body) => aboutRules(body, chain)),
    delete: (chain: string) => message(MSG.DELCHAIN, NLM_F_NONREC, (body) => aboutChain(body, chain)),
    put: (chain: string, rule: Rule, flags: number) => message(MSG.NEWRULE, NLM_F_CREATE | flags, (body) => {
      const { fill, compat } = encodeIptablesRule(family, rule, dialect)!;
      aboutRules(body, chain).nest(RULE.EXPRESSIONS, fill).nest(RULE.COMPAT, compat);
    }),
    takeAway: (chain: string, handle: number) => message(MSG.DELRULE, 0, (body) => aboutRules(body, chain).be64(RULE.HANDLE, BigInt(handle))),
  };
}
