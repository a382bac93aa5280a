// What a guest said in the end, read with suspicion: its result, or its error.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE, isErrorCode } from '../cni-error.ts';
import { field, parseObject, reason } from '../protocol/go-json.ts';
import { parseResult } from '../protocol/prev-result.ts';
import type { Result } from '../protocol/result.ts';
import type { Guest } from './guest.ts';

/** Undefined when it set none. Throws when it is none. */
export function resultOf({ result, call }: Guest): Result | undefined {
  if (!result) return undefined;
  try {
    const { value } = parseObject(result);
    const odd = textsIn(value).find((text) => CONTROL.test(text));
    if (odd !== undefined) throw new Error(`a control character in ${JSON.stringify(odd.slice(0, 64))}`);
    const version = field(value, 'cniVersion');
    return { ...parseResult(value, '1.1.0', true), ...(typeof version === 'string' ? { cniVersion: version } : {}) };
  } catch (error) {
    const failure = new CniError(CODE.plugin, `plugin "${call.name}" set a result that is none: ${reason(error)}`, { cause: error });
    call.audit(failure, 'abi.result', new TextDecoder().decode(result.subarray(0, 1024)));
    throw failure;
  }
}

/** Runtimes write names, search domains and options into lines of files and logs. */
const CONTROL = /[\0-\x1f\x7f]/;

const textsIn = (value: unknown): string[] =>
  (typeof value === 'string' ? [value] : typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []);

export function ownError({ error, call, lastErrorLog, exited }: Guest): CniError {
  const said = lastErrorLog === undefined ? {} : { details: lastErrorLog };
  if (!error && exited !== undefined) return new CniError(CODE.plugin, `plugin "${call.name}" exited with status ${exited}`, said);
  if (!error) return new CniError(CODE.plugin, `plugin "${call.name}" failed and did not say why; ${call.entry} must call cni:abi/1.fail before it returns non-zero`, said);
  const { code, msg, details } = readError(error);
  if (!isErrorCode(code) || typeof msg !== 'string') {
    const text = new TextDecoder().decode(error.subarray(0, 1024));
    const failure = new CniError(CODE.plugin, `plugin "${call.name}" failed, and its error is none: it must be {"code": number, "msg": text}`, { details: text });
    call.audit(failure, 'abi.fail', text);
    return failure;
  }
  return new CniError(code, msg, typeof details === 'string' && details !== '' ? { details } : {});
}

function readError(bytes: Uint8Array): Record<string, unknown> {
  try {
    return parseObject(bytes).value;
  } catch {
    return {};
  }
}
