// What `run` and `plan` are given: a conflist, and what a runtime would say with it.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { messageOf } from '../message-of.ts';
import { parseObject } from '../protocol/go-json.ts';
import { readNamed } from './named-file.ts';
import { parseConflist, type Conflist, type Target } from './run-conflist.ts';
import { programs } from '#parts';

export const OPTIONS = {
  'container-id': { type: 'string', default: 'cni-wasm-run' },
  ifname: { type: 'string', default: 'eth0' },
  bin: { type: 'string' },
  args: { type: 'string', default: '' },
  'capability-args': { type: 'string', default: '{}' },
  result: { type: 'string' },
} as const;

interface Values { 'container-id': string; ifname: string; bin?: string | undefined; args: string; 'capability-args': string; result?: string | undefined }

/** Throws codes 5 and 6 for what cannot be read. */
export function byHand(file: string, netns: string, values: Values): { list: Conflist; target: Target; prevResult: unknown } {
  return {
    list: readConflist(file),
    target: {
      containerId: values['container-id'], ifname: values.ifname, netns, args: values.args,
      path: (values.bin ?? process.env['CNI_PATH'] ?? programs).split(':'),
      capabilityArgs: parsed('--capability-args', objectIn, values['capability-args']),
    },
    prevResult: values.result === undefined ? undefined : parsed<unknown>(values.result, objectIn),
  };
}

export const readConflist = (file: string): Conflist => parsed(file, parseConflist);

/** What is nested without a bottom nobody could hand on to a plugin. */
const objectIn = (text: string): Record<string, unknown> => parseObject(Buffer.from(text)).value;

function parsed<T>(file: string, parse: (text: string) => T, text = readNamed(file).toString('utf8')): T {
  try {
    return parse(text);
  } catch (cause) {
    throw new CniError(CODE.decode, `"${file}" is not what it should be: ${messageOf(cause)}`, { kind: 'invalid', cause });
  }
}
