// The lines of a resolv.conf that a result can carry.
// SPDX-License-Identifier: Apache-2.0

import { Dns } from '../sdk/dns';

export function resolvConf(text: string): Dns {
  const dns = new Dns();
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].trim();
    if (line.startsWith('#') || line.startsWith(';')) continue;
    const words = fields(line);
    if (words.length < 2) continue;
    const rest = words.slice(1);
    if (words[0] == 'nameserver') dns.nameservers.push(words[1]);
    else if (words[0] == 'domain') dns.domain = words[1];
    else if (words[0] == 'search') dns.search = dns.search.concat(rest);
    else if (words[0] == 'options') dns.options = dns.options.concat(rest);
  }
  return dns;
}

/** The words of a line, whatever blanks are between them. */
function fields(line: string): string[] {
  const words: string[] = [];
  let start = -1;
  for (let i = 0; i <= line.length; i++) {
    const blank = i == line.length || line.charCodeAt(i) <= 0x20;
    if (!blank && start < 0) start = i;
    if (blank && start >= 0) {
      words.push(line.substring(start, i));
      start = -1;
    }
  }
  return words;
}
