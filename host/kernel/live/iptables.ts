// iptables through its own programs: one iptables-save to read a table, one iptables-restore to change it. They know which of the two
// kernel interfaces, and which encoding of it, the node uses.
// SPDX-License-Identifier: Apache-2.0

import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../exec.ts';
import { KernelError } from '../kernel-error.ts';
import type { IptablesKernel, Ns } from '../kernel.ts';
import type { Family } from '../rule.ts';
import type { LiveContext } from './context.ts';
import { readSavedTable } from './iptables-saved.ts';

const PREFIX: Readonly<Record<Family, string>> = { ip: 'iptables', ip6: 'ip6tables' };
/** A runtime's environment may lack the folders of system programs. */
const FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin', '/bin', '/usr/local/bin'];
/** seconds to wait for the lock of the legacy variant */
const LOCK_WAIT = '5';
const TIMEOUT = 8000;

export function iptablesKernel(context: LiveContext, path = process.env['PATH'] ?? ''): IptablesKernel {
  const folders = [...new Set([...path.split(':').filter((folder) => folder.startsWith('/')), ...FOLDERS])];
  const env = { PATH: folders.join(':'), LANG: 'C' };
  const find = (family: Family, verb: 'save' | 'restore'): string | undefined =>
    folders.map((folder) => join(folder, `${PREFIX[family]}-${verb}`)).find(isProgram);

  const run = (ns: Ns, family: Family, verb: 'save' | 'restore', args: readonly string[], action: string, input = ''): string => {
    const program = find(family, verb);
    if (!program) throw new KernelError('EIPTABLES', action, notFound(family, verb));
    const { stdout, stderr, exitCode, failure } = context.within(ns, () => runProgram(program, args, { input, timeoutMs: TIMEOUT, env }));
    if (exitCode !== 0) throw new KernelError('EIPTABLES', action, [failure, wordsOf(stderr)].filter(Boolean).join(': ') || `exit code ${exitCode}`);
    return stdout;
  };
  const notFound = (family: Family, verb: string): string => `${PREFIX[family]}-${verb} not found in ${folders.join(':')}`;
  return {
    unusable(_ns, family) {
      const missing = (['restore', 'save'] as const).find((verb) => !find(family, verb));
      return missing && notFound(family, missing);
    },
    read(ns, family, table) {
      checkTable(table);
      return { family, name: table, chains: readSavedTable(run(ns, family, 'save', ['-t', table], `read ${PREFIX[family]} table ${table}`), table) };
    },
    restore(ns, family, table, lines) {
      checkTable(table);
      const broken = lines.find((line) => /[\u0000-\u001f\u007f]/.test(line));
      if (broken !== undefined) throw new KernelError('EINVAL', `change ${PREFIX[family]} table ${table}`, `${JSON.stringify(broken)} has control characters`);
      run(ns, family, 'restore', ['--noflush', '-w', LOCK_WAIT], `change ${PREFIX[family]} table ${table}`, `*${table}\n${lines.join('\n')}\nCOMMIT\n`);
    },
  };
}

/** It stands on a line of its own in the input. */
function checkTable(table: string): void {
  if (!/^[a-z]{1,31}$/.test(table)) throw new KernelError('EINVAL', `use iptables table ${JSON.stringify(table)}`, 'must be nat, filter, mangle, raw or security');
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Without the hint that the manual exists, and warnings that are about other tables. */
const wordsOf = (stderr: string): string =>
  stderr.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^(#|Try `|Error occurred)/.test(line)).join(' ');
