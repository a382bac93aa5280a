// A packet-filter rule of the fake kernel as one line that reads like nft, and back.
// SPDX-License-Identifier: Apache-2.0

import type { NftRule } from '../kernel.ts';
import type { Action, CtState, Mark, Match } from '../rule.ts';
import { familyOf } from './prefix.ts';
import { splitWords, toNumber, word } from './words.ts';

const FOREIGN = 'foreign';

/** Someone else's rule is `foreign`, perhaps with its jump and comment; what else it says is not known. */
export function writeRule({ rule, comment = rule?.comment, jump }: NftRule): string {
  const parts = rule ? [...rule.match.map(writeMatch), writeAction(rule.action)] : [FOREIGN, ...(jump === undefined ? [] : [`jump ${word(jump)}`])];
  if (comment !== undefined) parts.push(`comment ${JSON.stringify(comment)}`);
  return parts.join(' ');
}

export function readRule(line: string): Omit<NftRule, 'handle'> {
  const words = splitWords(line);
  if (words[0] === FOREIGN) {
    const jump = words[1] === 'jump' ? { jump: words.splice(1, 2)[1]! } : {};
    return { ...jump, ...readComment(words.slice(1)) };
  }
  const match: Match[] = [];
  for (let next = readMatch(words); next; next = readMatch(words)) match.push(next);
  const action = readAction(words);
  const comment = readComment(words);
  return { rule: { match, action, ...comment }, ...comment };
}

function readComment(words: readonly string[]): { comment?: string } {
  const [key, comment, ...rest] = words;
  if (key === undefined) return {};
  if (key !== 'comment' || comment === undefined || rest.length > 0) throw new Error(`"${words.join(' ')}" is not expected at the end of a rule`);
  return { comment };
}

function writeMatch(match: Match): string {
  const { saddr, daddr, proto, dport, dports, dstType, mark, iif, oif, ctState, ethSaddr } = match;
  const not = match.not ? ' !=' : '';
  if (saddr !== undefined) return `${familyOf(saddr)} saddr${not} ${saddr}`;
  if (daddr !== undefined) return `${familyOf(daddr)} daddr${not} ${daddr}`;
  if (dport !== undefined) return `${proto ?? 'th'} dport${not} ${dport}`;
  if (dports !== undefined) return `${proto ?? 'th'} dports${not} ${dports.join(',')}`;
  if (dstType !== undefined) return `fib daddr${not} ${dstType}`;
  if (iif !== undefined) return `meta iifname${not} ${iif}`;
  if (oif !== undefined) return `meta oifname${not} ${oif}`;
  if (ctState !== undefined) return `ct state${not} ${ctState.join(',')}`;
  if (ethSaddr !== undefined) return `ether saddr${not} ${ethSaddr}`;
  if (mark !== undefined) return `meta mark${not} ${writeMark(mark)}`;
  return `meta l4proto${not} ${proto}`;
}

/** Every match is two words, perhaps `!=`, and a value; undefined when the action comes. */
function readMatch(words: string[]): Match | undefined {
  const [first, second] = words;
  if (second === undefined || !['saddr', 'daddr', 'dport', 'dports', 'l4proto', 'mark', 'iifname', 'oifname', 'state'].includes(second)) return undefined;
  if (first === 'mark' || first === 'jump' || first === 'goto') return undefined;
  words.splice(0, 2);
  const not = words[0] === '!=' ? { not: !!words.shift() } : {};
  const value = words.shift() ?? '';
  const proto = first === 'th' ? {} : { proto: first! };
  switch (second) {
    case 'saddr': return first === 'ether' ? { ethSaddr: value, ...not } : { saddr: value, ...not };
    case 'daddr': return first === 'fib' ? { dstType: 'local', ...not } : { daddr: value, ...not };
    case 'dport': return { ...proto, dport: toNumber(value), ...not };
    case 'dports': return { ...proto, dports: value.split(',').map(toNumber), ...not };
    case 'iifname': return { iif: value, ...not };
    case 'oifname': return { oif: value, ...not };
    case 'state': return { ctState: value.split(',') as CtState[], ...not };
    case 'mark': return { mark: readMark(value), ...not };
    default: return { proto: value, ...not };
  }
}

function writeAction({ verdict, jump, goto, masquerade, dnat, setMark }: Action): string {
  if (verdict !== undefined) return verdict;
  if (jump !== undefined) return `jump ${word(jump)}`;
  if (goto !== undefined) return `goto ${word(goto)}`;
  if (dnat !== undefined) return `dnat ${dnat.to}${dnat.port === undefined ? '' : ` port ${dnat.port}`}`;
  if (setMark !== undefined) return `set-mark ${writeMark(setMark)}`;
  return masquerade ? 'masquerade' : '';
}

function readAction(words: string[]): Action {
  const first = words.shift();
  switch (first) {
    case 'accept': case 'drop': case 'return': return { verdict: first };
    case 'masquerade': return { masquerade: true };
    case 'jump': return { jump: words.shift() ?? '' };
    case 'goto': return { goto: words.shift() ?? '' };
    case 'set-mark': return { setMark: readMark(words.shift() ?? '') };
    case 'dnat': {
      const to = words.shift() ?? '';
      return { dnat: words[0] === 'port' ? { to, port: toNumber(words.splice(0, 2)[1]) } : { to } };
    }
    default: throw new Error(`"${first ?? ''}" is no action`);
  }
}

const writeMark = ({ value, mask }: Mark): string => `0x${value.toString(16)}/0x${mask.toString(16)}`;
function readMark(text: string): Mark {
  const [value, mask] = text.split('/');
  return { value: toNumber(value), mask: toNumber(mask) };
}
