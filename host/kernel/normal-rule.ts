// Checks a rule against the grammar and gives its normal form, so that equal rules are equal values whoever wrote them.
// SPDX-License-Identifier: Apache-2.0

import { canonicalAddress, formatPrefix, isIpv6 } from './address.ts';
import { KernelError, WrongValue } from './kernel-error.ts';
import { readPrefix } from './prefix.ts';
import { canonicalProtocol, hasPorts, isProtocol } from './protocols.ts';
import { chainCalled, isFamily, type Action, type CtState, type Family, type Mark, type Match, type Rule, type RuleFamily } from './rule.ts';

const CRITERIA = ['saddr', 'daddr', 'dport', 'dports', 'dstType', 'mark', 'iif', 'oif', 'ctState', 'ethSaddr', 'raw'] as const;
/** All that a frame between ports of a bridge is matched by; the rest would need to look into packets of many protocols. */
const OF_BRIDGE: readonly string[] = ['iif', 'oif', 'mark', 'ethSaddr'];
const CT_STATES: readonly CtState[] = ['invalid', 'established', 'related', 'new', 'untracked'];
/** What a device can be called, less what one of the backends would take for a pattern, an option or the end of a word. */
const DEVICE = /^[A-Za-z0-9_.@][^\u0000-\u0020\u007f-\uffff/:"'\\*]{0,14}$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
/** What nft reads back from its own listing, as long as the kernel lets it be (NFT_NAME_MAXLEN in linux/netfilter/nf_tables.h, less the NUL). */
const CHAIN = /^[A-Za-z_][A-Za-z0-9_./-]{0,254}$/;
/** Of either backend; which of these it takes is for each to say (checkChainName, and checkIptablesChain in iptables-text.ts). */
const ANY_CHAIN = /^[^\u0000-\u0020\u007f-\uffff"'`\\]{1,255}$/;
const CONTROL = /[\u0000-\u001f\u007f]/;

/** On a rule in its normal form: for which family. Whoever copies a rule to change it leaves this behind. */
const NORMAL = Symbol('normal');

/** Prefixes without host bits, one spelling for each protocol. Throws EINVAL for what is not of the grammar or could not be written safely. */
export function normalRule(family: RuleFamily, rule: Rule & { readonly [NORMAL]?: RuleFamily }): Rule {
  if (rule[NORMAL] === family) return rule;
  const matches = rule.match.map((match) => normalMatch(family, match));
  const action = normalAction(rule.action);
  checkTogether(family, matches, action);
  if (rule.comment !== undefined && CONTROL.test(rule.comment)) throw invalid(`comment ${JSON.stringify(rule.comment)} has control characters`);
  const normal = {
    match: matches.filter((match) => !isEverything(family, match) && !isImplied(match, matches)),
    action,
    ...(rule.comment ? { comment: rule.comment } : {}),
  };
  return Object.defineProperty(normal, NORMAL, { value: family });
}

/** The same of a rule that is there, by whoever: undefined for what the grammar refuses, such as chains and comments with signs that a module could not use. */
export function inGrammar(family: RuleFamily, rule: Rule): Rule | undefined {
  try {
    return normalRule(family, rule);
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

/**
 * Equal for equal rules. The order of matches means nothing, they have no side effects; nor does that of ports. But ports are written
 * as they were given, since the reference's `iptables -C` compares them so.
 */
export function ruleKey(family: RuleFamily, rule: Rule): string {
  const { match, action, comment } = normalRule(family, rule);
  const words = match.map((one) => JSON.stringify(one.dports ? { ...one, dports: one.dports.toSorted((a, b) => a - b) } : one));
  return JSON.stringify([words.sort(), action, comment]);
}

/** ruleKey for whoever asks for the same rules again and again, as long as nobody changes them. */
export function ruleKeys(family: RuleFamily): (rule: Rule) => string {
  const keys = new Map<Rule, string>();
  return (rule) => {
    const key = keys.get(rule) ?? ruleKey(family, rule);
    keys.set(rule, key);
    return key;
  };
}

/** Throws for a name of an nft chain, or table, that a listing could not be read back with. */
export function checkChainName(name: string): string {
  if (!CHAIN.test(name)) throw invalid(`chain name ${JSON.stringify(name)} must be 1 to 255 letters, digits, or . _ - / and begin with a letter or _`);
  return name;
}

/** The same of the chain that a rule calls. */
export function checkChainCalled(rule: Rule): void {
  const called = chainCalled(rule);
  if (called !== undefined) checkChainName(called);
}

function calledChain(name: string): string {
  if (!ANY_CHAIN.test(name)) throw invalid(`chain name ${JSON.stringify(name)} must be 1 to 255 signs of ASCII, without blanks, quotes and backslashes`);
  return name;
}

export const familyOfPrefix = (prefix: string): Family => (isIpv6(prefix) ? 'ip6' : 'ip');

const invalid = (what: string): KernelError => new WrongValue('write a packet-filter rule', what);

function normalMatch(family: RuleFamily, match: Match): Match {
  const criteria = CRITERIA.filter((key) => match[key] !== undefined);
  if (criteria.length > 1 || (criteria.length === 0 && match.proto === undefined)) {
    throw invalid(`match ${JSON.stringify(match)} must have exactly one criterion`);
  }
  if (family === 'bridge' ? !OF_BRIDGE.includes(criteria[0] ?? 'proto') : criteria[0] === 'ethSaddr') {
    throw invalid(`match ${JSON.stringify(match)} in a rule of family ${family}`);
  }
  const not = match.not ? { not: true } : {};
  const proto = match.proto === undefined ? undefined : normalProtocol(match.proto);
  switch (criteria[0]) {
    case 'saddr': return alone(match, { saddr: normalPrefix(family, match.saddr!), ...not });
    case 'daddr': return alone(match, { daddr: normalPrefix(family, match.daddr!), ...not });
    case 'dstType': return alone(match, { dstType: 'local', ...not });
    case 'mark': return alone(match, { mark: normalMark(match.mark!), ...not });
    case 'iif': return alone(match, { iif: deviceName(match.iif!), ...not });
    case 'oif': return alone(match, { oif: deviceName(match.oif!), ...not });
    case 'ctState': return alone(match, { ctState: normalStates(match.ctState!), ...not });
    case 'ethSaddr': return alone(match, { ethSaddr: hardwareAddress(match.ethSaddr!), ...not });
    case 'raw': return alone(match, { raw: words(match) });
    case 'dport': return { proto: withPorts(proto), dport: port(match.dport!), ...not };
    case 'dports':
      if (match.dports!.length === 0) throw invalid('dports must have at least one port');
      return { proto: withPorts(proto), dports: [...new Set(match.dports!.map(port))], ...not };
    default: return { proto: proto!, ...not };
  }
}

/** What the words mean is for the backend to say; see iptables-raw.ts and nft-raw.ts for what they must not be. */
function words({ raw, not }: Match): string[] {
  if (not || raw!.length === 0 || raw!.some((word) => word === '' || CONTROL.test(word))) {
    throw invalid(`raw match ${JSON.stringify(raw)} must have words, without control characters, and say "not" itself`);
  }
  return raw!;
}

function alone(match: Match, normal: Match): Match {
  if (match.proto !== undefined) throw invalid(`match ${JSON.stringify(match)} must have exactly one criterion`);
  return normal;
}

function normalProtocol(name: string): string {
  if (!isProtocol(name)) throw invalid(`protocol "${name}" is not known; give tcp, udp, sctp, icmp, …`);
  return canonicalProtocol(name);
}

function withPorts(proto: string | undefined): string {
  if (proto === undefined || !hasPorts(proto)) throw invalid('a port needs proto beside it: tcp, udp, sctp, or dccp');
  return proto;
}

function port(number: number): number {
  if (!Number.isInteger(number) || number < 1 || number > 0xffff) throw invalid(`port ${number} must be 1 to 65535`);
  return number;
}

function normalMark({ value, mask }: Mark): Mark {
  if (![value, mask].every((word) => Number.isInteger(word) && word >= 0 && word <= 0xffffffff)) throw invalid(`mark ${value}/${mask} must be two 32-bit numbers`);
  return { value, mask };
}

function deviceName(name: string): string {
  if (!DEVICE.test(name) || name.endsWith('+')) throw invalid(`interface name ${JSON.stringify(name)} cannot be matched exactly`);
  return name;
}

function normalStates(states: readonly CtState[]): CtState[] {
  const unknown = states.find((state) => !CT_STATES.includes(state));
  if (states.length === 0 || unknown !== undefined) throw invalid(`connection states ${JSON.stringify(states)} must be some of ${CT_STATES.join(', ')}`);
  return CT_STATES.filter((state) => states.includes(state));
}

function hardwareAddress(text: string): string {
  if (!MAC.test(text.toLowerCase())) throw invalid(`hardware address "${text}" must be six bytes in hex with colons`);
  return text.toLowerCase();
}

function normalPrefix(family: RuleFamily, text: string): string {
  const { bytes, length } = readPrefix(text);
  if (family !== 'inet' && (family === 'ip') !== (bytes.length === 4)) throw invalid(`${text} in a rule of family ${family}`);
  return formatPrefix(bytes, length);
}

function normalAction(action: Action): Action {
  const { verdict, jump, goto: go, masquerade, dnat, setMark } = action;
  const given: Action[] = [];
  if (verdict !== undefined) given.push({ verdict });
  if (jump !== undefined) given.push({ jump: calledChain(jump) });
  if (go !== undefined) given.push({ goto: calledChain(go) });
  if (masquerade) given.push({ masquerade });
  if (dnat) given.push({ dnat: { to: canonicalAddress(dnat.to), ...(dnat.port === undefined ? {} : { port: port(dnat.port) }) } });
  if (setMark) given.push({ setMark: normalMark(setMark) });
  if (given.length !== 1) throw invalid(`action ${JSON.stringify(action)} must be exactly one`);
  return given[0]!;
}

/** Neither backend can say an address, an interface or a protocol twice in one rule. */
function checkTogether(family: RuleFamily, matches: readonly Match[], { dnat, masquerade }: Action): void {
  if (family === 'bridge' && (dnat || masquerade)) throw invalid('there is no address translation in family bridge');
  for (const key of ['saddr', 'daddr', 'iif', 'oif'] as const) {
    if (matches.filter((match) => match[key] !== undefined).length > 1) throw invalid(`${key} stands twice in one rule`);
  }
  const protocols = new Set(matches.flatMap(({ proto }) => proto ?? []));
  const inverted = matches.some(({ proto, dport, dports, not }) => not && proto !== undefined && dport === undefined && dports === undefined);
  if (protocols.size > 1 || (inverted && matches.filter(({ proto }) => proto !== undefined).length > 1)) {
    throw invalid(`protocols ${[...protocols].join(', ')} contradict each other in one rule`);
  }
  if (dnat?.port !== undefined && (inverted || ![...protocols].some(hasPorts))) throw invalid('dnat to a port needs a match of the protocol');
  if (matches.slice(0, -1).some(({ raw }) => raw)) throw invalid('a raw match must be the last of its rule');
  const addresses = [...matches.flatMap(({ saddr, daddr }) => saddr ?? daddr ?? []), ...(dnat ? [dnat.to] : [])];
  const families = new Set(addresses.map(familyOfPrefix));
  if (families.size > 1) throw invalid(`${addresses.join(', ')} of two families in one rule`);
  if (isFamily(family) && families.size === 1 && !families.has(family)) throw invalid(`${addresses.join(', ')} in a rule of family ${family}`);
}

/** In a table of one family every packet is from 0.0.0.0/0, and iptables-save leaves it out; in inet it still tells the families apart. */
const isEverything = (family: RuleFamily, { saddr, daddr, not }: Match): boolean => family !== 'inet' && !not && /\/0$/.test(saddr ?? daddr ?? '');

/** `-p tcp` says nothing new beside `-p tcp --dport 80`. */
const isImplied = ({ proto, dport, dports, not }: Match, matches: readonly Match[]): boolean =>
  proto !== undefined && dport === undefined && dports === undefined && !not && matches.some((other) => other.dport !== undefined || other.dports !== undefined);
