// CNI_ARGS, "KEY=value;KEY=value": the words a plugin knows; others are an error unless IgnoreUnknown says so.
// SPDX-License-Identifier: Apache-2.0

import { quote, quoteAll } from './quote';

export class Args {
  /** What is wrong with them, '' when nothing. */
  problem: string = '';
  private keys: string[] = [];
  private values: string[] = [];

  /** `known`: the keys of this plugin beside IgnoreUnknown, in exactly this spelling. */
  static parse(text: string, known: string[]): Args {
    const args = new Args();
    if (text.length == 0) return args;
    const unknown: string[] = [];
    const pairs = text.split(';');
    for (let i = 0; i < pairs.length; i++) {
      const parts = pairs[i].split('=');
      if (parts.length != 2) return args.wrong('ARGS: invalid pair ' + quote(pairs[i]));
      if (parts[0] == 'IgnoreUnknown' && !isBool(parts[1])) {
        return args.wrong('ARGS: error parsing value of pair ' + quote(pairs[i]) + ': boolean unmarshal error: invalid input ' + parts[1]);
      }
      if (parts[0] != 'IgnoreUnknown' && !known.includes(parts[0])) unknown.push(pairs[i]);
      args.keys.push(parts[0]);
      args.values.push(parts[1]);
    }
    if (unknown.length > 0 && !isTrue(args.get('IgnoreUnknown'))) args.wrong('ARGS: unknown args ' + quoteAll(unknown));
    return args;
  }

  /** The last value of this key, '' when there is none. */
  get(key: string): string {
    const at = this.keys.lastIndexOf(key);
    return at < 0 ? '' : this.values[at];
  }

  private wrong(problem: string): Args {
    this.problem = problem;
    return this;
  }
}

function isTrue(text: string): bool {
  return text == '1' || text.toLowerCase() == 'true';
}

function isBool(text: string): bool {
  return isTrue(text) || text == '0' || text.toLowerCase() == 'false';
}
