// Reading the few files a plugin may need: the module names what it wants, and never sees or gives a path.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { parsePrefix } from '../kernel/address.ts';
import { withFile } from '../open-file.ts';
import { field } from '../protocol/go-json.ts';
import type { Call } from './call.ts';
import { denied } from './scope.ts';
import { errnoOf } from '../system-error.ts';

export const confOps = { 'conf.file': file };

type Key = Requests['conf.file']['key'];

const OP = 'conf.file';
const MAX_BYTES = 64 * 1024;
const WRITE_POD_CIDR = "kubectl get node NAME -o jsonpath='{.spec.podCIDRs[*]}' | tr ' ' '\\n'";

function file(call: Call, { key }: Requests['conf.file']): Answers['conf.file'] {
  if (!call.grants.conf.includes(key)) throw denied(call, OP, `of "${key}"`, { conf: [key] }, key);
  return { text: key === 'node.podCidr' ? podCidr(call.nodeFiles.podCidr) : read(configured(call, key), key) };
}

function configured(call: Call, key: Key): string {
  const path = key.split('.').reduce<unknown>((value, part) => field(value, part), call.request.netconf.value);
  if (typeof path !== 'string' || path === '') throw new CniError(CODE.invalidConfig, `${OP}: the configuration has no "${key}"`, { kind: 'not-found', op: OP });
  return path;
}

/** Written by whoever sets the node up; nothing this host talks to could say it instead. */
export function podCidr(path: string): string {
  try {
    const lines = read(path, 'node.podCidr').split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    const wrong = lines.find((line) => !isSubnet(line));
    if (wrong !== undefined || lines.length === 0) {
      throw new CniError(CODE.io, wrong === undefined ? `${path} is empty` : `invalid CIDR address in ${path}: ${wrong}`, { kind: 'invalid' });
    }
    return lines.join('\n');
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    throw new CniError(CODE.invalidConfig, `the pod subnets of this node are not known: ${error.message}`, {
      kind: error.facts.kind ?? 'io', op: OP, at: 'node.podCidr', hint: `write them to "${path}", one on each line: ${WRITE_POD_CIDR} > ${path}`, cause: error,
    });
  }
}

function isSubnet(text: string): boolean {
  try {
    parsePrefix(text);
    return text.includes('/');
  } catch {
    return false;
  }
}

function read(path: string, key: Key): string {
  try {
    return withFile(path, (fd, stat) => {
      if (stat.isDirectory()) throw new CniError(CODE.io, `read ${path}: is a directory`, { kind: 'invalid', op: OP, at: key });
      if (!stat.isFile() || stat.size > MAX_BYTES) {
        throw new CniError(CODE.io, `open ${path}: must be a plain file of at most ${MAX_BYTES} bytes`, { kind: 'invalid', op: OP, at: key });
      }
      return readFileSync(fd, 'utf8');
    });
  } catch (error) {
    if (error instanceof CniError) throw error;
    const missing = errnoOf(error) === 'ENOENT';
    throw new CniError(CODE.io, `open ${path}: ${missing ? 'no such file or directory' : errnoOf(error)}`, { kind: missing ? 'not-found' : 'io', op: OP, at: key });
  }
}
