// Reads one line of iptables-save: its comment and jump whatever else it says, and the whole rule when it is of our grammar.
// SPDX-License-Identifier: Apache-2.0

import { once } from '../once.ts';
import type { IptablesRule } from './kernel.ts';
import { inGrammar, ruleKey } from './normal-rule.ts';
import type { Action, CtState, Family, Mark, Match, Rule } from './rule.ts';

/** `text` is a line without "-A CHAIN ". */
export function readSavedRule(family: Family, text: string): IptablesRule {
  const words = once(() => wordsOf(text));
  const rule = once(() => {
    // iptables prints what it was given by newer kernels too.
    const parsed = parseRule(words());
    return parsed && inGrammar(family, parsed);
  });
  const key = once(() => (rule() ? ruleKey(family, rule()!) : text));
  return {
    text,
    get comment() { return text.includes('--comment') ? after(words(), ['--comment']) : undefined; },
    get jump() { return after(words(), ['-j', '-g']); },
    get rule() { return rule(); },
    get key() { return key(); },
    mayCall: (chain) => text.includes(chain),
  };
}

const FREE_TEXT = ['--comment', '--string', '--hex-string'];
/** Others have options of the same names with another meaning, like connmark's --mark. */
const MODULES = ['comment', 'tcp', 'udp', 'sctp', 'dccp', 'multiport', 'addrtype', 'mark', 'conntrack'];

/** Splits at blanks; in double quotes a backslash protects the next character. */
export function wordsOf(line: string): string[] {
  const words = line.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/g) ?? [];
  return words.map((word) => (word.startsWith('"') ? word.slice(1, -1).replace(/\\(.)/g, '$1') : word));
}

/** A comment can be the word "-j" itself, so the values of free text are stepped over. */
function after(words: readonly string[], options: readonly string[]): string | undefined {
  for (let i = 0; i < words.length; i++) {
    if (options.includes(words[i]!)) return words[i + 1];
    if (FREE_TEXT.includes(words[i]!)) i++;
  }
  return undefined;
}

function parseRule(words: readonly string[]): Rule | undefined {
  const match: Match[] = [];
  let proto: Match | undefined;
  let action: Action | undefined;
  let comment: string | undefined;
  let i = 0;
  const next = (): string => words[i++] ?? '';
  while (i < words.length) {
    const not = words[i] === '!' ? { not: true } : {};
    if (words[i] === '!') i++;
    const option = next();
    switch (option) {
      case '-s': match.push({ saddr: next(), ...not }); break;
      case '-d': match.push({ daddr: next(), ...not }); break;
      case '-i': match.push({ iif: next(), ...not }); break;
      case '-o': match.push({ oif: next(), ...not }); break;
      case '-p': match.push((proto = { proto: next(), ...not })); break;
      case '-m': if (!MODULES.includes(next())) return undefined; break;
      case '--comment': comment = next(); break;
      case '--dport': match.push({ ...nameOf(proto), dport: port(next()), ...not }); break;
      case '--dports': match.push({ ...nameOf(proto), dports: next().split(',').map(port), ...not }); break;
      case '--dst-type': if (next() !== 'LOCAL') return undefined; match.push({ dstType: 'local', ...not }); break;
      // Others than ours, like SNAT, are refused with the whole rule.
      case '--ctstate': match.push({ ctState: next().toLowerCase().split(',') as CtState[], ...not }); break;
      case '--mark': match.push({ mark: readMark(next()), ...not }); break;
      case '-j': case '-g': {
        action = readAction(option, next(), words.slice(i));
        i = words.length;
        break;
      }
      default: return undefined;
    }
  }
  return action && { match, action, ...(comment ? { comment } : {}) };
}

const nameOf = (proto: Match | undefined): Match => (proto?.proto === undefined ? {} : { proto: proto.proto });

/** NaN, for a range or a name, is no port of the grammar and fails its check. */
const port = (text: string): number => (/^\d+$/.test(text) ? Number(text) : NaN);

function readMark(text: string): Mark {
  const [value, mask = '0xffffffff'] = text.split('/');
  return { value: Number(value), mask: Number(mask) };
}

function readAction(option: string, target: string, options: readonly string[]): Action | undefined {
  const [name, value = '', ...more] = options;
  if (more.length > 0) return undefined;
  if (target === 'DNAT') return name === '--to-destination' ? readDestination(value) : undefined;
  if (target === 'MARK') return name === '--set-xmark' ? { setMark: readMark(value) } : undefined;
  if (name !== undefined) return undefined;
  if (option === '-g') return { goto: target };
  switch (target) {
    case 'ACCEPT': return { verdict: 'accept' };
    case 'DROP': return { verdict: 'drop' };
    case 'RETURN': return { verdict: 'return' };
    case 'MASQUERADE': return { masquerade: true };
    default: return { jump: target };
  }
}

/** 10.1.0.5, 10.1.0.5:80, fd00::5, [fd00::5]:80; ranges have a dash and are not ours. */
function readDestination(text: string): Action | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]:(\d+)|([0-9.]+):(\d+)|([0-9a-fA-F:.]+))$/.exec(text);
  if (!parts) return undefined;
  const to = parts[1] ?? parts[3] ?? parts[5]!;
  const number = parts[2] ?? parts[4];
  return { dnat: { to, ...(number === undefined ? {} : { port: Number(number) }) } };
}
