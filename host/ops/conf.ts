// Reading the one file whose path the operator wrote into the configuration; the module never sees or gives a path.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, statSync } from 'node:fs';
import type { Answers, Requests } from '../../abi/gen/types.ts';
import { CniError, CODE } from '../cni-error.ts';
import { field } from '../protocol/go-json.ts';
import type { Call } from './call.ts';
import { denied } from './scope.ts';

export const confOps = { 'conf.file': file };

const MAX_BYTES = 64 * 1024;

function file(call: Call, { key }: Requests['conf.file']): Answers['conf.file'] {
  const op = 'conf.file';
  if (!call.grants.conf.includes(key)) throw denied(call, op, `of "${key}"`, { conf: [key] });
  const path = key.split('.').reduce<unknown>((value, part) => field(value, part), call.request.netconf.value);
  if (typeof path !== 'string' || path === '') throw new CniError(CODE.invalidConfig, `${op}: the configuration has no "${key}"`, { kind: 'not-found', op });
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > MAX_BYTES) {
      throw new CniError(CODE.io, `open ${path}: must be a plain file of at most ${MAX_BYTES} bytes`, { kind: 'invalid', op, at: key });
    }
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    if (error instanceof CniError) throw error;
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CniError(CODE.io, `open ${path}: ${missing ? 'no such file or directory' : (error as NodeJS.ErrnoException).code}`, { kind: missing ? 'not-found' : 'io', op, at: key });
  }
}
