// The modules that ship with the host: their digests are part of the bundle, so a fresh installation needs no lock file.
// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import type { Builtins } from './find-module.ts';

/** Defined by esbuild when it bundles. */
declare const BUILTIN_DIGESTS: Readonly<Record<string, string>>;

/** `home` is the folder of the bundle. */
export const builtins = (home: string): Builtins => ({ folder: join(home, '..', 'plugins'), digests: BUILTIN_DIGESTS });
