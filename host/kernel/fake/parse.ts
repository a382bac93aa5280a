// Reads the text that dump.ts writes: a test states the kernel it starts from in a few lines.
// SPDX-License-Identifier: Apache-2.0

import { messageOf } from '../../message-of.ts';
import type { Family } from '../rule.ts';
import { LINE_READERS, type Devices } from './parse-lines.ts';
import { readRule } from './rule-text.ts';
import { newNamespace, type FakeChain, type FakeNamespace, type FakeState, type FakeTable } from './state.ts';
import { Fields, splitWords, toNumber } from './words.ts';

/** What the line before has opened. */
interface Place { devices: Devices[]; ns?: FakeNamespace; table?: FakeTable; chain?: FakeChain; iptables?: FakeNamespace['iptables'][number] }

export function parse(text: string): FakeState {
  const state: Partial<FakeState> = {};
  const place: Place = { devices: deviceNames(text) };
  text.split('\n').forEach((line, at) => {
    try {
      if (line.trim() !== '' && !line.startsWith('#')) readLine(state, place, line);
    } catch (error) {
      throw new Error(`fake kernel text, line ${at + 1}: ${messageOf(error)}`, { cause: error });
    }
  });
  if (!state.host) throw new Error('fake kernel text: there is no line "namespace host ID"');
  return { host: finish(state.host), ...(state.container ? { container: finish(state.container) } : {}) };
}

function readLine(state: Partial<FakeState>, place: Place, line: string): void {
  const [first = '', ...words] = splitWords(line);
  if (first === 'namespace') openNamespace(state, place, words);
  else if (!place.ns) throw new Error('a line "namespace host ID" must come first');
  else if (line.startsWith('  ')) readIndented(place, place.ns, line.trim());
  else if (first === 'table') openTable(place, place.ns, words);
  else if (first === 'iptables') openIptables(place, place.ns, words);
  else {
    const reader = LINE_READERS[first];
    if (!reader) throw new Error(`a line cannot begin with "${first}"`);
    reader(place.ns, words, place.devices[0]!);
  }
}

function openNamespace(state: Partial<FakeState>, place: Place, [name, id = '']: string[]): void {
  if (name !== 'host' && name !== 'container') throw new Error(`"${name ?? ''}" is no namespace; host and container are`);
  if (place.ns) place.devices.shift();
  place.ns = { ...newNamespace(id), links: [], rules: [] };
  state[name] = place.ns;
}

/** Read ahead, for each namespace of the text in turn: a port may stand before its bridge. */
function deviceNames(text: string): Devices[] {
  return text.split(/^namespace /m).slice(1).map((section) => {
    const links = section.split('\n').map(splitWords).filter(([first]) => first === 'link');
    const indexes = new Map(links.map(([, index, name]) => [name, toNumber(index)]));
    return (name) => {
      const found = /^\/\d+$/.test(name) ? Number(name.slice(1)) : indexes.get(name);
      if (found === undefined) throw new Error(`there is no link "${name}" in this namespace`);
      return found;
    };
  });
}

function openTable(place: Place, ns: FakeNamespace, [family, name, ...rest]: string[]): void {
  if ((family !== 'ip' && family !== 'ip6' && family !== 'inet' && family !== 'bridge') || name === undefined) throw new Error('a table needs a family and a name');
  const comment = new Fields(rest, ['comment']).text('comment');
  place.table = { family, name, chains: [], ...(comment === undefined ? {} : { comment }) };
  delete place.chain;
  delete place.iptables;
  ns.nft.push(place.table);
}

function openIptables(place: Place, ns: FakeNamespace, [family, name]: string[]): void {
  if ((family !== 'ip' && family !== 'ip6') || name === undefined) throw new Error('iptables needs ip or ip6 and a table');
  place.iptables = { family: family satisfies Family, name, chains: [] };
  delete place.table;
  ns.iptables.push(place.iptables);
}

function readIndented(place: Place, ns: FakeNamespace, line: string): void {
  if (place.iptables) readIptablesLine(place.iptables, line);
  else if (place.table && /^chain\s/.test(line)) place.table.chains.push((place.chain = readChain(splitWords(line).slice(1))));
  else if (place.chain) place.chain.rules.push({ handle: ns.nextHandle++, ...readRule(line) });
  else throw new Error('an indented line belongs to a table');
}

function readChain([name = '', ...rest]: string[]): FakeChain {
  const fields = new Fields(rest, ['type', 'hook', 'priority', 'comment']);
  const comment = fields.text('comment');
  const type = fields.text('type');
  if (type !== undefined && type !== 'nat' && type !== 'filter' && type !== 'route') throw new Error(`"${type}" is no chain type`);
  return {
    name,
    ...(type === undefined ? {} : { hook: { type, hook: fields.need('hook'), priority: toNumber(fields.need('priority')) } }),
    ...(comment === undefined ? {} : { comment }),
    rules: [],
  };
}

function readIptablesLine({ chains }: FakeNamespace['iptables'][number], line: string): void {
  const [, declared, policy] = /^:(\S+) (\S+)$/.exec(line) ?? [];
  const [, name, rule = ''] = /^-A (\S+)(?: (.*))?$/.exec(line) ?? [];
  if (declared !== undefined && policy !== undefined) chains.push({ name: declared, ...(policy === '-' ? {} : { policy }), rules: [] });
  else if (name !== undefined) {
    const chain = chains.find((each) => each.name === name);
    if (!chain) throw new Error(`chain ${name} is not declared`);
    chain.rules.push(rule);
  } else throw new Error('an iptables line is ":CHAIN POLICY" or "-A CHAIN rule"');
}

function finish(ns: FakeNamespace): FakeNamespace {
  ns.nextIndex = Math.max(1, ...ns.links.map(({ index }) => index)) + 1;
  return ns;
}
