// The modules that ship with the host: their digests are part of the bundle, so a fresh installation needs no lock file.
// SPDX-License-Identifier: Apache-2.0

import type { Builtins } from './find-module.ts';
import { moduleSource } from '#parts';

/** Defined by esbuild when it bundles. */
declare const BUILTIN_DIGESTS: Readonly<Record<string, string>>;

export const builtins = (): Builtins => ({ source: moduleSource, digests: BUILTIN_DIGESTS });
