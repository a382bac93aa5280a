// Libraries that only some calls need: the build puts each into a file of its own beside the bundle, read when it is asked for.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** `host/side/<name>.ts` says what the library is. Unbundled code (tests) finds what the last build made of it. */
export function lazy<Library>(name: 'execa' | 'pino' | 'wasi'): Library {
  const file = `${name}.cjs`;
  const beside = typeof __dirname === 'string' ? join(__dirname, file) : '';
  const path = existsSync(beside) ? beside : join(process.cwd(), 'dist/lib', file);
  return createRequire(path)(path) as Library;
}
