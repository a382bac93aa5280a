// Commands as the messages of one nfnetlink batch: the kernel makes all of them or none.
// SPDX-License-Identifier: Apache-2.0

import { KernelError, WrongValue } from '../kernel-error.ts';
import type { NftCommand, NftHook } from '../kernel.ts';
import { nameNftCommand } from '../nft-text.ts';
import { checkChainName } from '../normal-rule.ts';
import type { Body } from './attributes.ts';
import { NLM_F_APPEND, NLM_F_CREATE, type Part } from './netlink.ts';
import { batchOf, NLM_F_NONREC, partOf, type Batch } from './nft-batch.ts';
import { encodeRule, type PortSet } from './nft-encode.ts';
import { commentToUserdata } from './nft-userdata.ts';
import {
  CHAIN, DATA, ELEMENT_KEY, ELEMENTS, HOOK, HOOK_NUMBER, LIST_ELEMENT, MSG, RULE, SET, SET_FLAG, SET_SIZE, TABLE,
} from './nft-wire.ts';

/** nft's number for its data type inet_service, and the note that its keys are in network order, so that it lists ports as numbers. */
const PORT_TYPE = 13;
const PORT_USERDATA = Uint8Array.of(0, 4, 2, 0, 0, 0);

export function transactionOf(commands: readonly NftCommand[], generation?: number): Batch {
  let setId = 0;
  const nextSetId = (): number => ++setId;
  const named = commands.flatMap((command) => messagesFor(command, nextSetId).map((part) => ({ part, action: nameNftCommand(command) })));
  return batchOf(named, generation);
}

function messagesFor(command: NftCommand, nextSetId: () => number): Part[] {
  const { family, table } = command;
  const message = (type: number, flags: number, fill: (body: Body) => unknown): Part => partOf(family, type, flags, fill);
  switch (command.do) {
    case 'add table': return [message(MSG.NEWTABLE, NLM_F_CREATE, (body) => comment(body.text(TABLE.NAME, checkChainName(table)), TABLE.USERDATA, command.comment))];
    case 'delete table': return [message(MSG.DELTABLE, NLM_F_NONREC, (body) => body.text(TABLE.NAME, table))];
    case 'add chain': return [message(MSG.NEWCHAIN, NLM_F_CREATE, (body) => {
      body.text(CHAIN.TABLE, table).text(CHAIN.NAME, checkChainName(command.chain));
      if (command.hook) hook(body, command.hook, nameNftCommand(command));
      comment(body, CHAIN.USERDATA, command.comment);
    })];
    case 'delete chain': return [message(MSG.DELCHAIN, 0, (body) => body.text(CHAIN.TABLE, table).text(CHAIN.NAME, command.chain))];
    case 'flush chain': return [message(MSG.DELRULE, 0, (body) => body.text(RULE.TABLE, table).text(RULE.CHAIN, command.chain))];
    case 'delete rule': return [message(MSG.DELRULE, 0, (body) => {
      // A handle below zero is one that was never read from the kernel; none of its rules may go in its place.
      if (command.handle <= 0) throw new KernelError('ENOENT', nameNftCommand(command), 'its handle is not known, read the table again');
      body.text(RULE.TABLE, table).text(RULE.CHAIN, command.chain).be64(RULE.HANDLE, BigInt(command.handle));
    })];
    case 'add rule': {
      const { fill, sets } = encodeRule(family, command.rule, nextSetId);
      const flags = NLM_F_CREATE | (command.at === 'end' ? NLM_F_APPEND : 0);
      return [
        ...sets.flatMap((set) => [message(MSG.NEWSET, NLM_F_CREATE, (body) => newSet(body, table, set)), message(MSG.NEWSETELEM, NLM_F_CREATE, (body) => elements(body, table, set))]),
        message(MSG.NEWRULE, flags, (body) => {
          body.text(RULE.TABLE, table).text(RULE.CHAIN, command.chain).nest(RULE.EXPRESSIONS, fill);
          comment(body, RULE.USERDATA, command.rule.comment);
        }),
      ];
    }
    default: return command satisfies never;
  }
}

function comment(body: Body, type: number, text: string | undefined): void {
  if (text) body.attribute(type, commentToUserdata(text));
}

/** No policy: the kernel's default for a new chain is accept, and that of an existing one is not ours to change. */
function hook(body: Body, { type, hook: name, priority }: NftHook, action: string): void {
  const number = HOOK_NUMBER[name];
  if (number === undefined) throw new WrongValue(action, `there is no hook "${name}"`);
  body.nest(CHAIN.HOOK, (inner) => void inner.be32(HOOK.NUMBER, number).be32(HOOK.PRIORITY, priority)).text(CHAIN.TYPE, type);
}

function newSet(body: Body, table: string, { id, name, ports }: PortSet): void {
  body.text(SET.TABLE, table).text(SET.NAME, name).be32(SET.FLAGS, SET_FLAG.ANONYMOUS | SET_FLAG.CONSTANT)
    .be32(SET.KEY_TYPE, PORT_TYPE).be32(SET.KEY_LENGTH, 2).be32(SET.ID, id)
    .nest(SET.DESCRIPTION, (inner) => void inner.be32(SET_SIZE, ports.length)).attribute(SET.USERDATA, PORT_USERDATA);
}

function elements(body: Body, table: string, { id, name, ports }: PortSet): void {
  body.text(ELEMENTS.TABLE, table).text(ELEMENTS.SET, name).be32(ELEMENTS.SET_ID, id).nest(ELEMENTS.LIST, (list) => {
    for (const port of ports) {
      list.nest(LIST_ELEMENT, (element) => void element.nest(ELEMENT_KEY, (key) => void key.attribute(DATA.VALUE, Uint8Array.of(port >> 8, port & 0xff))));
    }
  });
}
