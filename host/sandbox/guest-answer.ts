// What a guest said in the end, read with suspicion: its result, or its error.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import { parseObject, reason } from '../protocol/go-json.ts';
import { parseResult } from '../protocol/prev-result.ts';
import type { Result } from '../protocol/result.ts';
import type { Guest } from './guest.ts';

/** Undefined when it set none. Throws when it is none. */
export function resultOf({ result, call }: Guest): Result | undefined {
  if (!result) return undefined;
  try {
    return parseResult(parseObject(result).value, '1.1.0', true);
  } catch (error) {
    throw new CniError(CODE.plugin, `plugin "${call.name}" set a result that is none: ${reason(error)}`, { cause: error });
  }
}

export function ownError({ error, call, lastErrorLog }: Guest): CniError {
  const said = lastErrorLog === undefined ? {} : { details: lastErrorLog };
  if (!error) return new CniError(CODE.plugin, `plugin "${call.name}" failed and did not say why; ${call.entry} must call cni:abi/1.fail before it returns non-zero`, said);
  const { code, msg, details } = readError(error);
  if (!Number.isSafeInteger(code) || typeof msg !== 'string') {
    const text = new TextDecoder().decode(error.subarray(0, 1024));
    return new CniError(CODE.plugin, `plugin "${call.name}" failed, and its error is none: it must be {"code": number, "msg": text}`, { details: text });
  }
  return new CniError(code as number, msg, typeof details === 'string' && details !== '' ? { details } : {});
}

function readError(bytes: Uint8Array): Record<string, unknown> {
  try {
    return parseObject(bytes).value;
  } catch {
    return {};
  }
}
