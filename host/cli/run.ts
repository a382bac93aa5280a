// `cni-wasm run`: a conflist by hand, as cnitool does for the reference.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CniError, CODE } from '../cni-error.ts';
import { addAll, checkAll, delAll, parseConflist, type Target } from './run-conflist.ts';

const OPTIONS = {
  'container-id': { type: 'string', default: 'cni-wasm-run' },
  ifname: { type: 'string', default: 'eth0' },
  bin: { type: 'string' },
  'capability-args': { type: 'string', default: '{}' },
  result: { type: 'string' },
} as const;

export function run(words: readonly string[]): string {
  const { values, positionals: [verb, file, netns] } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true });
  if (verb === undefined || file === undefined || netns === undefined) throw new CniError(CODE.invalidConfig, 'run: give add, check or del, a conflist and a network namespace');
  const list = parseConflist(readFileSync(file, 'utf8'));
  const target: Target = {
    containerId: values['container-id'], ifname: values.ifname, netns: resolve(netns),
    path: (values.bin ?? process.env['CNI_PATH'] ?? resolve(dirname(__dirname), 'bin')).split(':'),
    capabilityArgs: JSON.parse(values['capability-args']) as Record<string, unknown>,
    env: Object.fromEntries(Object.entries(process.env).filter(([key, value]) => key.startsWith('CNI_WASM_') && value !== undefined)) as Record<string, string>,
  };
  const prevResult = values.result === undefined ? undefined : (JSON.parse(readFileSync(values.result, 'utf8')) as unknown);
  switch (verb) {
    case 'add': return `${JSON.stringify(addAll(list, target), null, 4)}\n`;
    case 'check': checkAll(list, target, prevResult); return 'as it should be\n';
    case 'del': delAll(list, target, prevResult); return 'detached\n';
    default: throw new CniError(CODE.invalidConfig, `run: "${verb}" is not add, check or del`);
  }
}
