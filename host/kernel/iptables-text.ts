// Rules as iptables-save prints them after they have been loaded, the form in which both of iptables' variants are compared; and lines of iptables-restore.
// SPDX-License-Identifier: Apache-2.0

import { withPort } from './address.ts';
import { checkIptablesWords } from './iptables-raw.ts';
import { WrongValue } from './kernel-error.ts';
import { normalRule } from './normal-rule.ts';
import type { IptablesCommand } from './kernel.ts';
import { chainCalled, type Action, type CtState, type Family, type Mark, type Match, type Rule } from './rule.ts';

/** XT_EXTENSION_MAXNAMELEN - 1 and XT_MAX_COMMENT_LEN - 1 of linux/netfilter/x_tables.h, in bytes */
const MAX_CHAIN = 28;
const MAX_COMMENT = 255;
/** Words that after -j would be a verdict or a target of our grammar and no chain. */
const TARGETS = ['ACCEPT', 'DROP', 'RETURN', 'QUEUE', 'MASQUERADE', 'DNAT', 'MARK'];
/** The order in which iptables-save lists them. */
const CT_STATES: readonly CtState[] = ['invalid', 'new', 'related', 'established', 'untracked'];
const CHAIN = /^[^\u0000-\u0020\u007f-\uffff"'`\\!-][^\u0000-\u0020\u007f-\uffff"'`\\]*$/;
const BARE = /^[A-Za-z0-9_-]+$/;

/** As a line of iptables-restore. A rule that goes is told as iptables itself printed it: that is the one spelling which is sure to match. */
export function renderIptablesCommand(family: Family, command: IptablesCommand): string {
  const { chain } = command;
  switch (command.do) {
    // -N and not `:NAME - [0:0]`, which would empty a chain that somebody else has made since we looked.
    case 'add chain': return `-N ${chain}`;
    case 'flush chain': return `-F ${chain}`;
    case 'delete chain': return `-X ${chain}`;
    case 'add rule': return `${command.at === 'start' ? '-I' : '-A'} ${chain} ${renderRule(family, command.rule)}`;
    case 'delete rule': return `-D ${chain} ${command.rule.text}`;
    default: return command satisfies never;
  }
}

/** Rules in their normal form. Throws EINVAL for what iptables cannot say. */
export function checkIptablesCommand(command: IptablesCommand): void {
  checkIptablesChain(command.chain);
  if (command.do === 'add rule') checkRule(command.rule);
}

function checkRule(rule: Rule): void {
  const { match, comment } = rule;
  const called = chainCalled(rule);
  if (called !== undefined) checkIptablesChain(called);
  for (const { raw } of match) if (raw) checkIptablesWords(raw);
  if (comment !== undefined && Buffer.byteLength(comment) > MAX_COMMENT) {
    throw new WrongValue('write an iptables rule', `comment ${JSON.stringify(comment)} is longer than ${MAX_COMMENT} bytes`);
  }
}

/** Without `-A CHAIN `. Throws EINVAL for what iptables cannot say. */
export function renderRule(family: Family, rule: Rule): string {
  const normal = normalRule(family, rule);
  checkRule(normal);
  const { match, action, comment } = normal;
  const word = (option: string, key: 'saddr' | 'daddr' | 'iif' | 'oif'): string[] =>
    match.flatMap((one) => (one[key] === undefined ? [] : [`${inverted(one)}${option} ${one[key]}`]));
  return [
    ...word('-s', 'saddr'),
    ...word('-d', 'daddr'),
    ...word('-i', 'iif'),
    ...word('-o', 'oif'),
    ...protocolOf(match),
    ...(comment === undefined ? [] : [`-m comment --comment ${quoted(comment)}`]),
    ...match.flatMap(renderMatch),
    renderAction(action),
  ].join(' ');
}

/** For names in `-A CHAIN` and `-j CHAIN`: what iptables takes (assert_valid_chain_name() in its xshared.c) and a line of iptables-restore can say. */
export function checkIptablesChain(name: string): string {
  if (!CHAIN.test(name) || name.length > MAX_CHAIN || TARGETS.includes(name)) {
    throw new WrongValue(`use iptables chain ${JSON.stringify(name)}`, `must be 1 to ${MAX_CHAIN} signs of ASCII, without blanks, quotes and backslashes, not begin with - or !, and be no target`);
  }
  return name;
}

const inverted = ({ not }: Match): string => (not ? '! ' : '');

function protocolOf(match: readonly Match[]): string[] {
  const first = match.find(({ proto }) => proto !== undefined);
  if (!first) return [];
  const portsInverted = first.dport !== undefined || first.dports !== undefined;
  return [`${portsInverted ? '' : inverted(first)}-p ${first.proto}`];
}

function renderMatch(match: Match): string[] {
  const not = inverted(match);
  if (match.dport !== undefined) return [`-m ${match.proto} ${not}--dport ${match.dport}`];
  if (match.dports) return [`-m multiport ${not}--dports ${match.dports.join(',')}`];
  if (match.dstType) return [`-m addrtype ${not}--dst-type LOCAL`];
  if (match.mark) return [`-m mark ${not}--mark ${hex(match.mark.value)}${match.mark.mask === 0xffffffff ? '' : `/${hex(match.mark.mask)}`}`];
  if (match.ctState) return [`-m conntrack ${not}--ctstate ${CT_STATES.filter((state) => match.ctState!.includes(state)).join(',').toUpperCase()}`];
  if (match.raw) return match.raw.map(quoted);
  return [];
}

function renderAction({ verdict, jump, goto: go, masquerade, dnat, setMark }: Action): string {
  if (verdict) return `-j ${verdict.toUpperCase()}`;
  if (jump !== undefined) return `-j ${jump}`;
  if (go !== undefined) return `-g ${go}`;
  if (masquerade) return '-j MASQUERADE';
  if (dnat) return `-j DNAT --to-destination ${withPort(dnat.to, dnat.port)}`;
  return `-j MARK --set-xmark ${markText(setMark!)}`;
}

const hex = (value: number): string => `0x${value.toString(16)}`;
const markText = ({ value, mask }: Mark): string => `${hex(value)}/${hex(mask)}`;

const quoted = (word: string): string => (BARE.test(word) ? word : `"${word.replace(/["\\']/g, '\\$&')}"`);
