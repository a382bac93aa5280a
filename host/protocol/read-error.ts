// What a plugin that failed has said: its error document, in the words of the reference's library where there is none.
// SPDX-License-Identifier: Apache-2.0

import { CniError, isErrorCode } from '../cni-error.ts';
import { messageOf } from '../message-of.ts';
import { field, parseObject } from './go-json.ts';

export interface Failed { stdout: string; stderr: string; /** undefined when it was killed, or could not be started */ exitCode: number | undefined; /** why */ failure?: string | undefined }

/** Its own error as it is; code 0 is what the reference gives the other three. */
export function readError({ stdout, stderr, exitCode, failure = 'no exit status' }: Failed): CniError {
  const status = exitCode === undefined ? failure : `exit status ${exitCode}`;
  if (stdout.trim() === '') {
    return new CniError(0, stderr.trim() === '' ? `netplugin failed with no error message: ${status}` : `netplugin failed: ${JSON.stringify(stderr)}`);
  }
  try {
    const { value } = parseObject(Buffer.from(stdout));
    const [code = 0, msg = '', details = ''] = ['code', 'msg', 'details'].map((key) => field(value, key));
    if (!isErrorCode(code) || typeof msg !== 'string' || typeof details !== 'string') throw new Error('it must be {"code": number, "msg": text}');
    return new CniError(code, msg, details === '' ? {} : { details });
  } catch (error) {
    return new CniError(0, `netplugin failed but error parsing its diagnostic message ${JSON.stringify(stdout)}: ${messageOf(error)}`);
  }
}
