// The node's allow-list for tuning: a file of Go regular expressions, one on each line. A module has none, so the host looks.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';
import { messageOf } from '../message-of.ts';
import { withFile } from '../open-file.ts';
import { errnoOf } from '../system-error.ts';

/** A file that is there and empty allows nothing. Unanchored, as Go's MatchString. */
export function checkAllowlist(path: string, keys: readonly string[]): { refused?: string; patterns: string[] } {
  const patterns = readLines(path);
  if (!patterns) return { patterns: [] };
  const refused = keys.find((key) => !patterns.some((pattern) => compiled(pattern).test(key)));
  return { ...(refused === undefined ? {} : { refused }), patterns };
}

function readLines(path: string): string[] | undefined {
  try {
    return withFile(path, (fd) => readFileSync(fd, 'utf8')).split('\n').map((line) => line.trim()).filter(Boolean);
  } catch (error) {
    const errno = errnoOf(error) ?? 'EIO';
    if (errno === 'ENOENT') return undefined;
    throw new CniError(CODE.plugin, errno === 'EISDIR' ? `read ${path}: is a directory` : `open ${path}: ${errno}`, { kind: 'io', errno, op: 'sysctl.allowed', cause: error });
  }
}

const POSIX: ReadonlyMap<string, string> = new Map(Object.entries({
  alnum: '0-9A-Za-z', alpha: 'A-Za-z', blank: '\\t ', digit: '0-9', lower: 'a-z', punct: '!-\\/:-@[-`{-~', space: '\\s', upper: 'A-Z', word: '\\w', xdigit: '0-9A-Fa-f',
}));

/** RE2 and ours agree on nearly everything; what is spelt differently is respelt, what Go lacks is not looked for. */
function compiled(pattern: string): RegExp {
  const [, flags = ''] = /^\(\?([ims]+)\)/.exec(pattern) ?? [];
  const source = pattern.slice(flags === '' ? 0 : flags.length + 3)
    .replace(/\[:(\w+):\]/g, (whole, name: string) => POSIX.get(name) ?? whole)
    .replace(/\\([Az])/g, (_, edge: string) => (edge === 'A' ? '(?<![^])' : '(?![^])'))
    .replace(/\(\?P</g, '(?<');
  try {
    return new RegExp(source, flags);
  } catch (error) {
    throw new CniError(CODE.plugin, `error parsing regexp: ${messageOf(error)}: \`${pattern}\``, { kind: 'invalid', op: 'sysctl.allowed', cause: error });
  }
}
