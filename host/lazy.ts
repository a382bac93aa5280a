// Libraries that only some calls need: the build puts each into a file of its own beside the bundle, read when it is asked for.
// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** `host/side/<name>.ts` says what the library is. Unbundled code (tests) finds what the last build made of it. */
export function lazy<Library>(name: 'execa' | 'pino' | 'wasi' | 'serve' | 'plan'): Library {
  const path = besides(name);
  return createRequire(path)(path) as Library;
}

/** Where the build has put it; `firewalld` is a program. */
export function besides(name: 'execa' | 'pino' | 'wasi' | 'serve' | 'plan' | 'firewalld'): string {
  const file = `${name}.cjs`;
  const beside = typeof __dirname === 'string' ? join(__dirname, file) : '';
  return existsSync(beside) ? beside : join(process.cwd(), 'dist/lib', file);
}
