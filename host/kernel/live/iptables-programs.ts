// iptables through its own programs: one iptables-save to read a table, one iptables-restore to change it. They know which of the two
// kernel interfaces, and which encoding of it, the node uses.
// SPDX-License-Identifier: Apache-2.0

import type { ProgramOutcome } from '../../exec.ts';
import { wordsOf } from '../iptables-parse.ts';
import { renderIptablesCommand } from '../iptables-text.ts';
import { KernelError, WrongValue } from '../kernel-error.ts';
import type { IptablesKernel, Ns } from '../kernel.ts';
import type { Family } from '../rule.ts';
import type { LiveContext } from './context.ts';
import { readSavedTable } from './iptables-saved.ts';
import { failureOf, runRuleProgram } from './rule-program.ts';

const PREFIX: Readonly<Record<Family, string>> = { ip: 'iptables', ip6: 'ip6tables' };
type Verb = '' | '-save' | '-restore';
/** seconds to wait for the lock of the legacy variant; kube-proxy can have it for as long on a large node, and the reference waits for ever */
const LOCK_WAIT = '30';
/** exit code of iptables -C */
const NO_SUCH_RULE = 1;
/** The hint that the manual exists, and warnings that are about other tables. */
const NOISE = /^(#|Try `|Error occurred)/;

export interface IptablesPrograms extends IptablesKernel {
  /** those that would be started, as far as they are there */
  paths(family: Family): string[];
}

export function iptablesPrograms(context: LiveContext): IptablesPrograms {
  const { programs } = context;
  const find = (family: Family, verb: Verb): string | undefined => programs.find(`${PREFIX[family]}${verb}`);

  const run = (ns: Ns, family: Family, verb: Verb, args: readonly string[], action: string, input = ''): ProgramOutcome => {
    const program = find(family, verb);
    if (!program) throw new KernelError('EIPTABLES', action, notFound(family, verb));
    return runRuleProgram(context, ns, program, args, input);
  };
  const need = (ns: Ns, family: Family, verb: Verb, args: readonly string[], action: string, input?: string): string => {
    const outcome = run(ns, family, verb, args, action, input);
    if (outcome.exitCode !== 0) throw failure(outcome, action);
    return outcome.stdout;
  };
  const notFound = (family: Family, verb: Verb): string => `${PREFIX[family]}${verb} not found in ${programs.path}`;
  return {
    paths: (family) => (['-restore', '-save'] as const).flatMap((verb) => find(family, verb) ?? []),
    unusable(_ns, family) {
      const missing = (['-restore', '-save'] as const).find((verb) => !find(family, verb));
      return missing && notFound(family, missing);
    },
    read(ns, family, table) {
      checkTable(table);
      return { family, name: table, chains: readSavedTable(need(ns, family, '-save', ['-t', table], `read ${PREFIX[family]} table ${table}`), family, table) };
    },
    restore(ns, family, table, commands) {
      checkTable(table);
      const lines = commands.map((command) => renderIptablesCommand(family, command));
      need(ns, family, '-restore', ['--noflush', '-w', LOCK_WAIT], `change ${PREFIX[family]} table ${table}`, `*${table}\n${lines.join('\n')}\nCOMMIT\n`);
    },
    has(ns, family, table, chain, rule) {
      const action = `look for a rule in ${PREFIX[family]} table ${table}`;
      const outcome = run(ns, family, '', ['-w', LOCK_WAIT, '-t', table, '-C', chain, ...wordsOf(rule)], action);
      if (outcome.exitCode !== 0 && outcome.exitCode !== NO_SUCH_RULE) throw failure(outcome, action);
      return outcome.exitCode === 0;
    },
  };
}

const failure = (outcome: ProgramOutcome, action: string): KernelError => failureOf(outcome, 'EIPTABLES', action, NOISE);

/** It stands on a line of its own in the input. */
function checkTable(table: string): void {
  if (!/^[a-z]{1,31}$/.test(table)) throw new WrongValue(`use iptables table ${JSON.stringify(table)}`, 'must be nat, filter, mangle, raw or security');
}
