// One table with its chains and rules, all of the same generation of the rule set.
// SPDX-License-Identifier: Apache-2.0

import { unlessGone } from '../kernel-error.ts';
import type { NftChain, NftHook, NftRule, NftTable } from '../kernel.ts';
import type { RuleFamily } from '../rule.ts';
import { attributesOf, beOf, Body, listAttributes, textOf, type Attributes } from './attributes.ts';
import type { NetlinkSocket } from './netlink.ts';
import { decodeRule, jumpOf, knownOf, type PortsOf } from './nft-decode.ts';
import { Answer } from './nft-answer.ts';
import { questionsAbout, READ_TRIES } from './nft-questions.ts';
import { commentOf } from './nft-userdata.ts';
import { CHAIN, DATA, ELEMENT_KEY, ELEMENTS, FAMILY, HOOK, HOOK_NUMBER, MSG, nfgenmsg, RULE, SUBSYSTEM } from './nft-wire.ts';

type ReadRule = (family: RuleFamily, attributes: Attributes, portsOf: PortsOf) => NftRule;

/** Undefined when there is no such table. */
export function readTable(socket: NetlinkSocket, family: RuleFamily, table: string, readRule: ReadRule): NftTable | undefined {
  for (let tries = 1; ; tries++) {
    const answers = tableAnswers(socket, family, table);
    if (!answers) return undefined;
    const generations = new Set<number | undefined>([answers.table, ...answers.chains, ...answers.rules].map(({ generation }) => generation));
    const portsOf = portsIn(socket, family, table, (answer) => void generations.add(answer?.generation));
    const found = tableOf(family, table, answers, (rule) => readRule(family, rule, portsOf));
    if (generations.size === 1 || tries === READ_TRIES) return found;
  }
}

interface TableAnswers { table: Answer; chains: Answer[]; rules: Answer[] }

function tableAnswers(socket: NetlinkSocket, family: RuleFamily, name: string): TableAnswers | undefined {
  const ask = questionsAbout(socket, family, name, `read nft table ${family} ${name}`);
  const table = ask.table();
  return table && { table, chains: ask.chains(), rules: ask.rules() };
}

function tableOf(family: RuleFamily, name: string, { chains: found, rules }: TableAnswers, readRule: (attributes: Attributes) => NftRule): NftTable {
  const chains = new Map<string, NftChain>();
  for (const chain of found.map(({ content }) => chainOf(content))) chains.set(chain.name, chain);
  for (const { content } of rules) chains.get(textOf(content.get(RULE.CHAIN)))?.rules.push(readRule(content));
  return { family, name, chains: [...chains.values()] };
}

export function chainOf(chain: Attributes): NftChain {
  const hook = hookOf(chain);
  return { name: textOf(chain.get(CHAIN.NAME)), ...(hook ? { hook } : {}), rules: [] };
}

export function hookOf(chain: Attributes): NftHook | undefined {
  const hook = attributesOf(chain.get(CHAIN.HOOK));
  const number = beOf(hook.get(HOOK.NUMBER), 4);
  if (number === undefined) return undefined;
  return {
    type: textOf(chain.get(CHAIN.TYPE)) as NftHook['type'],
    hook: Object.keys(HOOK_NUMBER).find((name) => HOOK_NUMBER[name] === number) ?? String(number),
    priority: (beOf(hook.get(HOOK.PRIORITY), 4) ?? 0) | 0,
  };
}

export const ruleOf: ReadRule = (family, attributes, portsOf) => {
  const expressions = attributes.get(RULE.EXPRESSIONS) ?? Buffer.alloc(0);
  const comment = commentOf(attributes.get(RULE.USERDATA));
  const rule = decodeRule(family, expressions, comment, portsOf);
  const jump = jumpOf(expressions);
  const known = rule ? undefined : knownOf(family, expressions, portsOf);
  return {
    handle: beOf(attributes.get(RULE.HANDLE), 8) ?? 0,
    ...(rule ? { rule } : {}),
    ...(known ? { known } : {}),
    ...(comment === undefined ? {} : { comment }),
    ...(jump === undefined ? {} : { jump }),
  };
};

/** Its handle and comment are known; what else it says is decoded when somebody looks. An anonymous set lives no longer than its rule. */
export const lateRuleOf: ReadRule = (family, attributes, portsOf) => {
  const expressions = attributes.get(RULE.EXPRESSIONS) ?? Buffer.alloc(0);
  if (expressions.includes('__set')) return ruleOf(family, attributes, portsOf);
  const comment = commentOf(attributes.get(RULE.USERDATA));
  let decoded: NftRule | undefined;
  const whole = (): NftRule => (decoded ??= ruleOf(family, attributes, portsOf));
  return {
    handle: beOf(attributes.get(RULE.HANDLE), 8) ?? 0,
    ...(comment === undefined ? {} : { comment }),
    get rule() { return whole().rule; },
    get known() { return whole().known; },
    get jump() { return decoded ? decoded.jump : jumpOf(expressions); },
  };
};

/**
 * Asked only for rules that look up an anonymous set; a set with intervals or anything but ports has keys of another form. `note` is told what was
 * answered, undefined for a set that has gone with its rule: another rule's may have its name by then.
 */
export function portsIn(socket: NetlinkSocket, family: RuleFamily, table: string, note: (answer: Answer | undefined) => void): PortsOf {
  return (set) => {
    if (!/^__set\d+$/.test(set)) return undefined;
    const question = new Body(nfgenmsg(FAMILY[family])).text(ELEMENTS.TABLE, table).text(ELEMENTS.SET, set).done();
    const answers = unlessGone(() => socket.dump((SUBSYSTEM << 8) | MSG.GETSETELEM, question, `read nft set ${family} ${table} ${set}`))?.map((message) => new Answer(message));
    if (!answers) return void note(undefined);
    answers.forEach(note);
    const keys = answers.flatMap((answer) => listAttributes(answer.part(ELEMENTS.LIST) ?? Buffer.alloc(0)))
      .map(({ payload }) => attributesOf(payload))
      .map((element) => (element.size === 1 ? attributesOf(element.get(ELEMENT_KEY)).get(DATA.VALUE) : undefined));
    return keys.every((key) => key?.length === 2) ? keys.map((key) => key!.readUInt16BE(0)) : undefined;
  };
}
