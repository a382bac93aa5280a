// One table with its chains and rules, all of the same generation of the rule set.
// SPDX-License-Identifier: Apache-2.0

import { isNotFound } from '../kernel-error.ts';
import type { NftChain, NftHook, NftRule, NftTable } from '../kernel.ts';
import type { RuleFamily } from '../rule.ts';
import { attributesOf, Body, listAttributes, textOf, type Attributes } from './attributes.ts';
import type { Message, NetlinkSocket } from './netlink.ts';
import { decodeRule, jumpOf, type PortsOf } from './nft-decode.ts';
import { commentOf } from './nft-userdata.ts';
import { CHAIN, DATA, ELEMENT_KEY, ELEMENTS, FAMILY, HOOK, HOOK_NUMBER, MSG, nfgenmsg, RULE, SUBSYSTEM, TABLE } from './nft-wire.ts';

/** Someone who changes rules all the time must not keep us from reading for ever. */
const READ_TRIES = 5;

/** Undefined when there is no such table. */
export function readTable(socket: NetlinkSocket, family: RuleFamily, table: string): NftTable | undefined {
  for (let tries = 1; ; tries++) {
    const messages = tableMessages(socket, family, table);
    if (!messages) return undefined;
    const generations = new Set([messages.table, ...messages.chains, ...messages.rules].map(({ body }) => body.readUInt16BE(2)));
    if (generations.size === 1 || tries === READ_TRIES) return tableOf(family, table, messages, portsIn(socket, family, table));
  }
}

interface TableMessages { table: Message; chains: Message[]; rules: Message[] }

function tableMessages(socket: NetlinkSocket, family: RuleFamily, table: string): TableMessages | undefined {
  const action = `read nft table ${family} ${table}`;
  const about = (type: number): Buffer => new Body(nfgenmsg(FAMILY[family])).text(type, table).done();
  try {
    const [found] = socket.request((SUBSYSTEM << 8) | MSG.GETTABLE, 0, about(TABLE.NAME), action);
    return found && {
      table: found,
      chains: socket.dump((SUBSYSTEM << 8) | MSG.GETCHAIN, nfgenmsg(FAMILY[family]), action),
      rules: socket.dump((SUBSYSTEM << 8) | MSG.GETRULE, about(RULE.TABLE), action),
    };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function tableOf(family: RuleFamily, name: string, messages: TableMessages, portsOf: PortsOf): NftTable {
  const chains = new Map<string, NftChain>();
  // The kernel cannot list the chains of one table alone, and before 4.5 not the rules either.
  for (const chain of messages.chains.map(contentOf).filter((one) => textOf(one.get(CHAIN.TABLE)) === name)) {
    const found = chainOf(chain);
    chains.set(found.name, found);
  }
  for (const rule of messages.rules.map(contentOf).filter((one) => textOf(one.get(RULE.TABLE)) === name)) {
    chains.get(textOf(rule.get(RULE.CHAIN)))?.rules.push(ruleOf(family, rule, portsOf));
  }
  return { family, name, chains: [...chains.values()] };
}

const contentOf = ({ body }: Message): Attributes => attributesOf(body.subarray(4));

function chainOf(chain: Attributes): NftChain {
  const hook = hookOf(chain);
  return { name: textOf(chain.get(CHAIN.NAME)), ...(hook ? { hook } : {}), rules: [] };
}

function hookOf(chain: Attributes): NftHook | undefined {
  const hook = attributesOf(chain.get(CHAIN.HOOK));
  const number = hook.get(HOOK.NUMBER)?.readUInt32BE(0);
  if (number === undefined) return undefined;
  return {
    type: textOf(chain.get(CHAIN.TYPE)) as NftHook['type'],
    hook: Object.keys(HOOK_NUMBER).find((name) => HOOK_NUMBER[name] === number) ?? String(number),
    priority: hook.get(HOOK.PRIORITY)?.readInt32BE(0) ?? 0,
  };
}

function ruleOf(family: RuleFamily, attributes: Attributes, portsOf: PortsOf): NftRule {
  const expressions = attributes.get(RULE.EXPRESSIONS) ?? Buffer.alloc(0);
  const comment = commentOf(attributes.get(RULE.USERDATA));
  const rule = decodeRule(family, expressions, comment, portsOf);
  const jump = jumpOf(expressions);
  return {
    handle: Number(attributes.get(RULE.HANDLE)?.readBigUInt64BE(0) ?? 0n),
    ...(rule ? { rule } : {}),
    ...(comment === undefined ? {} : { comment }),
    ...(jump === undefined ? {} : { jump }),
  };
}

/** Asked only for rules that look up an anonymous set; a set with intervals or anything but ports has keys of another form. */
function portsIn(socket: NetlinkSocket, family: RuleFamily, table: string): PortsOf {
  return (set) => {
    if (!set.startsWith('__set')) return undefined;
    const question = new Body(nfgenmsg(FAMILY[family])).text(ELEMENTS.TABLE, table).text(ELEMENTS.SET, set).done();
    const keys = socket.dump((SUBSYSTEM << 8) | MSG.GETSETELEM, question, `read nft set ${family} ${table} ${set}`)
      .flatMap((message) => listAttributes(contentOf(message).get(ELEMENTS.LIST) ?? Buffer.alloc(0)))
      .map(({ payload }) => attributesOf(payload))
      .map((element) => (element.size === 1 ? attributesOf(element.get(ELEMENT_KEY)).get(DATA.VALUE) : undefined));
    return keys.every((key) => key?.length === 2) ? keys.map((key) => key!.readUInt16BE(0)) : undefined;
  };
}
