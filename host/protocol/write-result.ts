// The way out: documents as the reference prints them, and the one write to stdout of a call.
// SPDX-License-Identifier: Apache-2.0

import { writeSync } from 'node:fs';
import type { CniError } from '../cni-error.ts';
import { convertResult } from './convert-result.ts';
import type { Result } from './result.ts';
import { sleep } from '../sleep.ts';
import { errnoOf } from '../system-error.ts';

export const formatResult = (result: Result, cniVersion: string): string => goJson(convertResult(result, cniVersion));

/** No cniVersion, as the reference; the specification has one. */
export function formatError(error: CniError): string {
  const details = detailsOf(error);
  return goJson({ code: error.code, msg: error.message, ...(details ? { details } : {}) });
}

/** What more is known, and what can be done. */
export const detailsOf = ({ facts: { details, hint } }: CniError): string => [details, hint].filter(Boolean).join('; ');

/** Four spaces, no newline at the end, and HTML's special characters escaped, as Go's encoder does. */
const goJson = (value: object): string =>
  JSON.stringify(value, null, 4).replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

const STDOUT = 1;

/** stdout is the protocol's. A pipe may take it in parts, or be full for a moment. Throws what the system says of a closed pipe or a full disk. */
export function writeOut(text: string, fd = STDOUT): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      sleep(1);
    }
  }
}
