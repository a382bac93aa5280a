// Why the host cannot even begin: a call by a runtime is answered with a document, people get a sentence.
// SPDX-License-Identifier: Apache-2.0

import { writeSync } from 'node:fs';
import { CODE } from './cni-error.ts';

export function cannotStart(words: readonly string[], why: string): never {
  const msg = `cni-wasm: ${why}`;
  if (words.length > 0) writeSync(2, `${msg}\n`);
  else writeSync(1, `${JSON.stringify({ cniVersion: '1.1.0', code: process.env['CNI_COMMAND'] === 'STATUS' ? CODE.notAvailable : CODE.hostInternal, msg })}\n`);
  process.exit(1);
}
