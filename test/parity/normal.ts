// A dump without what is random or passes: names and hardware addresses that the kernel or the plugin picks become placeholders,
// the same one wherever they occur, so that it still shows whether two of them are equal.
// SPDX-License-Identifier: Apache-2.0

import type { Picture } from './compare.ts';
import type { Json } from './case.ts';

const MAC = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g;
const VETH = /\bveth[0-9a-f]{8}\b/g;
const LINK_LOCAL = /\bfe80::[0-9a-f:]+/g;
/** The multicast group of a link-local address, which ends in three bytes of a random one. */
const SOLICITED = /\b33:33:ff:[0-9a-f:]{8}\b/g;
/** Counters, timers, numbers of objects, and hardware addresses written once more in another form; of the keys of `ip -d -j link`. */
const PASSING = /^(ifindex|link_index|.*_timer|ageing_time_left|bridge_id|root_id|designated_(bridge|root)|topology_change.*)$/;
/** Of the sysctls a count and a random key; of neighbours and of a bridge's ports what packets that passed have taught the kernel. */
const PASSING_LINE = /nf_conntrack_count|tcp_fastopen_key| dev .* (INCOMPLETE|REACHABLE|STALE|DELAY|PROBE|FAILED)$|^\S+ dev \S+ master \S+$/;

export class Normal {
  private readonly veths = new Map<string, string>();
  private readonly macs = new Map<string, string>();
  private readonly locals = new Map<string, string>();

  /** @param given what the case itself writes: those addresses stay */
  constructor(private readonly given: string) {}

  picture(answer: string, dump: string): Picture {
    const sections = sectionsOf(dump);
    // In an order that is the same on both sides: as the result names them, then as they were made.
    this.learn(answer);
    for (const [name, text] of sections) if (name.endsWith('links')) for (const link of parse(text)) this.learn(JSON.stringify(link));
    // Of one that was changed since only these know.
    for (const [name, text] of sections) if (/(files|fdb)$/.test(name)) this.learn(text);
    const picture: Picture = new Map([['answer', this.plain(answer).split('\n')]]);
    for (const [name, text] of sections) picture.set(this.plain(name), this.lines(name.split(' ')[1]!, text));
    return picture;
  }

  private learn(text: string): void {
    for (const [name] of text.matchAll(VETH)) number(this.veths, name, 'veth');
    for (const [mac] of text.matchAll(MAC)) {
      if (this.given.includes(mac) || /^(00:){5}00$|^(ff:){5}ff$|^33:33:/.test(mac)) continue;
      this.locals.set(localOf(mac), `fe80(${number(this.macs, mac, 'mac')})`);
    }
  }

  private plain(text: string): string {
    return text.replace(VETH, (name) => this.veths.get(name) ?? name).replace(MAC, (mac) => this.macs.get(mac) ?? mac)
      .replace(LINK_LOCAL, (local) => this.locals.get(local) ?? 'fe80(earlier)').replace(SOLICITED, '33:33:ff:*');
  }

  private lines(kind: string, text: string): string[] {
    switch (kind) {
      case 'links': case 'ports': return parse(text).flatMap((link) => flat(String(link['ifname']), link)).map((line) => this.plain(line)).sort();
      case 'routes': case 'fdb': case 'sysctls': case 'qdiscs': return this.trimmed(text.replace(/ refcnt \d+/g, '')).filter((line) => !PASSING_LINE.test(line)).sort();
      case 'tc': return this.trimmed(text.replace(/\bindex \d+/g, 'index *'));
      case 'iptables': case 'ip6tables': return this.trimmed(text.replace(/^#.*$/gm, '').replace(/ \[\d+:\d+\]$/gm, ''));
      case 'nft': return chains(this.trimmed(text.replace(/ # handle \d+/g, '').replace(/counter packets \d+ bytes \d+/g, 'counter')));
      case 'files': return this.plain(text).split(/(?:^|\n)==> (.*) <==\n/).flatMap((part, i, parts) => (i === 0 ? part.split('\n').filter(Boolean) : i % 2 === 1 ? [`${part} ${JSON.stringify(parts[i + 1])}`] : []));
      default: return this.trimmed(text);
    }
  }

  private trimmed(text: string): string[] {
    return this.plain(text).split('\n').map((line) => line.trimEnd()).filter(Boolean);
  }
}

function sectionsOf(dump: string): [name: string, text: string][] {
  return dump.split(/^### /m).slice(1).map((part) => {
    const end = part.indexOf('\n');
    return [part.slice(0, end), part.slice(end + 1)];
  });
}

const parse = (text: string): Json[] => (text.trim() ? JSON.parse(text) as Json[] : []);

function number(known: Map<string, string>, name: string, word: string): string {
  const placeholder = known.get(name) ?? `${word}${known.size + 1}`;
  known.set(name, placeholder);
  return placeholder;
}

/** One line for each value: the path to it, then the value. */
function flat(path: string, value: unknown): string[] {
  if (path.endsWith(' addr_info')) return (value as Json[]).map((address) => `${path} ${JSON.stringify(address)}`);
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) return [`${path} ${value.join(',')}`];
  if (typeof value !== 'object' || value === null) return [`${path} ${String(value)}`];
  return Object.entries(value).filter(([key]) => !PASSING.test(key)).flatMap(([key, item]) => flat(`${path} ${key}`, item));
}

/** Rules in their order, each with its table and chain before it; the order of tables and of chains means nothing. */
function chains(lines: readonly string[]): string[] {
  const blocks: string[][] = [];
  let table = '';
  for (const line of lines.map((text) => text.trim()).filter((text) => text !== '}')) {
    if (line.startsWith('table ')) blocks.push([table = line.slice(0, -2)]);
    else if (/^(chain|set|map) /.test(line)) blocks.push([`${table} ${line.slice(0, -2)}`]);
    else blocks.at(-1)!.push(`${blocks.at(-1)![0]}: ${line}`);
  }
  return blocks.sort(([a], [b]) => (a! < b! ? -1 : 1)).flat();
}

/** The link-local address that the kernel makes of a hardware address. */
function localOf(mac: string): string {
  const bytes = mac.split(':').map((byte) => parseInt(byte, 16));
  const [a, b, c, d, e, f] = bytes as [number, number, number, number, number, number];
  const groups = [(a ^ 2) << 8 | b, c << 8 | 0xff, 0xfe00 | d, e << 8 | f];
  return `fe80::${groups.map((group) => group.toString(16)).join(':')}`.replace(/^fe80::0:/, 'fe80::');
}
