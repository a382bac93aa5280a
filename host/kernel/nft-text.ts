// Rules as `nft list` prints them and commands as one would type them, for listings and messages.
// SPDX-License-Identifier: Apache-2.0

import { withPort } from './address.ts';
import { WrongValue } from './kernel-error.ts';
import type { NftCommand } from './kernel.ts';
import { checkNftWords } from './nft-raw.ts';
import { familyOfPrefix, normalRule } from './normal-rule.ts';
import type { Action, Mark, Match, Rule, RuleFamily } from './rule.ts';

export function renderNftRule(family: RuleFamily, rule: Rule): string {
  const { match, action, comment } = normalRule(family, rule);
  return [...match.map(renderMatch), renderAction(family, action), ...(comment === undefined ? [] : [`comment "${comment}"`])].join(' ');
}

export function nameNftCommand(command: NftCommand): string {
  const chain = 'chain' in command ? ` ${command.chain}` : '';
  return `nft ${command.do} ${command.family} ${command.table}${chain}${command.do === 'delete rule' ? ` handle ${command.handle}` : ''}`;
}

/** The most that nft reads back from its own listing, in bytes. */
const MAX_COMMENT = 128;

export function checkNftComment(comment: string): string {
  // nft prints comments between quotes and has no escape for one inside.
  if (Buffer.byteLength(comment) > MAX_COMMENT || /["\u0000-\u001f\u007f]/.test(comment)) {
    throw new WrongValue('write an nft comment', `${JSON.stringify(comment)} must be at most ${MAX_COMMENT} bytes, without quotes and control characters`);
  }
  return comment;
}

function renderMatch({ saddr, daddr, proto, dport, dports, dstType, mark, iif, oif, ctState, ethSaddr, raw, not }: Match): string {
  const is = not ? '!= ' : '';
  if (saddr !== undefined) return `${familyOfPrefix(saddr)} saddr ${is}${shortest(saddr)}`;
  if (daddr !== undefined) return `${familyOfPrefix(daddr)} daddr ${is}${shortest(daddr)}`;
  if (dport !== undefined) return `${proto} dport ${is}${dport}`;
  if (dports !== undefined) return `${proto} dport ${is}{ ${dports.toSorted((a, b) => a - b).join(', ')} }`;
  if (iif !== undefined) return `iifname ${is}"${iif}"`;
  if (oif !== undefined) return `oifname ${is}"${oif}"`;
  if (ethSaddr !== undefined) return `ether saddr ${is}${ethSaddr}`;
  // `!=` would ask for a state that is not this set of bits.
  if (ctState) return `ct state ${not ? '! ' : ''}${ctState.join(',')}`;
  if (dstType !== undefined) return `fib daddr type ${is}${dstType}`;
  if (mark) return mark.mask === 0xffffffff ? `meta mark ${is}${hex(mark.value)}` : `meta mark & ${hex(mark.mask)} ${not ? '!=' : '=='} ${hex(mark.value)}`;
  if (raw) return checkNftWords(raw).join(' ');
  return `meta l4proto ${is}${proto}`;
}

function renderAction(family: RuleFamily, { verdict, jump, goto: go, masquerade, dnat, setMark }: Action): string {
  if (verdict) return verdict;
  if (jump !== undefined) return `jump ${jump}`;
  if (go !== undefined) return `goto ${go}`;
  if (masquerade) return 'masquerade';
  if (setMark) return renderSetMark(setMark);
  const { to, port } = dnat!;
  return `dnat ${family === 'inet' ? `${familyOfPrefix(to)} ` : ''}to ${withPort(to, port)}`;
}

/** nft takes the bits apart into those it keeps, inverts and sets. */
function renderSetMark({ value, mask }: Mark): string {
  if (mask === 0xffffffff) return `meta mark set ${hex(value)}`;
  const [set, flip] = [(value & mask) >>> 0, (value & ~mask) >>> 0];
  const keep = (~mask | set) >>> 0;
  const and = keep === 0xffffffff ? '' : ` & ${hex(keep)}`;
  return `meta mark set meta mark${and}${flip === 0 ? '' : ` ^ ${hex(flip)}`}${set === 0 ? '' : ` | ${hex(set)}`}`;
}

/** nft leaves out the length of a whole address. */
const shortest = (prefix: string): string => prefix.replace(familyOfPrefix(prefix) === 'ip' ? /\/32$/ : /\/128$/, '');
const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
