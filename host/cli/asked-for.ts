// What a question of `cni-wasm why` means: a link, an address, a port, a chain, a comment or a line of a rule listing.
// SPDX-License-Identifier: Apache-2.0

import { canonicalAddress, isAddress } from '../kernel/address.ts';
import { wordsOf } from '../kernel/iptables-parse.ts';
import type { Rule } from '../kernel/rule.ts';
import { hashesOf } from '../ledger/attachment-id.ts';
import { ruleText, type OwnedObject } from '../ledger/objects.ts';
import type { Owned } from '../ledger/owned.ts';

/** One word can mean several things (8080 is a port and an interface index): all of them are answered. Of a line, the most exact meaning. */
export function ownersOf(question: string, owned: readonly Owned[]): Owned[] {
  if (!/\s/.test(question)) return owned.filter((one) => isMeant(question, one));
  return firstOf(
    () => owned.filter(({ object }) => object.kind === 'rule' && isLineOf(question, object)),
    () => wordsOf(question).flatMap((word) => owned.filter((one) => isChain(word, one))),
    () => owned.filter(({ object }) => object.kind === 'rule' && object.comment !== undefined && [question.trim(), ...commentIn(question)].map(plain).includes(plain(object.comment))),
  );
}

function isMeant(word: string, one: Owned): boolean {
  const { object } = one;
  if (isChain(word, one)) return true;
  switch (object.kind) {
    case 'link': return object.name === word || (object.ns === 'host' && String(object.index) === word);
    case 'lease': return isSameAddress(word, object.ip);
    case 'rule': return object.comment === word || speaksOf(word, object.rule);
    case 'other': return isSameAddress(word, object.ip);
    case 'chain': return false;
    default: return object satisfies never;
  }
}

/** A lease says whose it is, and so under which names the chains of that container are, whoever made them. */
function isChain(word: string, { object, attachment, from }: Owned): boolean {
  if (object.kind === 'chain') return object.chain === word;
  if (from !== 'lease' || !word.startsWith('CNI-')) return false;
  const { attachment: hash } = hashesOf(attachment);
  return [`CNI-${hash.slice(0, 24)}`, `CNI-DN-${hash.slice(0, 21)}`].includes(word);
}

function speaksOf(word: string, rule: Rule | undefined): boolean {
  const { number, proto } = /^(?<number>\d{1,5})(?:\/(?<proto>[a-z]+))?$/.exec(word)?.groups ?? {};
  if (!rule) return false;
  if (number !== undefined) {
    return rule.match.some((match) => (match.dport === Number(number) || match.dports?.includes(Number(number))) && (proto === undefined || match.proto === proto));
  }
  return [...rule.match.flatMap(({ saddr, daddr, not }) => (not ? [] : [saddr, daddr])), rule.action.dnat?.to].some((one) => isSameAddress(word, one?.replace(/\/(32|128)$/, '')));
}

export const isSameAddress = (word: string, ip: string | undefined): boolean =>
  ip !== undefined && isAddress(word) && isAddress(ip) && canonicalAddress(word) === canonicalAddress(ip);

function isLineOf(line: string, object: Extract<OwnedObject, { kind: 'rule' }>): boolean {
  const text = ruleText(object);
  return text !== undefined && [text, `-A ${object.chain} ${text}`].map(plain).includes(plain(line.replace(/^(\s*\[\d+:\d+\])?\s*(-t \S+\s)?/, '')));
}

/** Without what listings add, and without quotes, which a shell may have taken away. */
const plain = (text: string): string => text.replace(/counter packets \d+ bytes \d+|# handle \d+|-c \d+ \d+/g, '').replace(/["\\]/g, '').replace(/\s+/g, ' ').trim();

function commentIn(line: string): string[] {
  const words = wordsOf(line);
  const at = words.findIndex((word) => word === '--comment' || word === 'comment' && words.indexOf('--comment') < 0);
  return at < 0 || words[at + 1] === undefined ? [] : [words[at + 1]!];
}

function firstOf<T>(...ways: (() => T[])[]): T[] {
  for (const way of ways) {
    const found = way();
    if (found.length > 0) return found;
  }
  return [];
}
