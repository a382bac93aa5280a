// Which iptables the node has: whether its nf_tables variant, and of those that encode rules in a way we know, which.
// SPDX-License-Identifier: Apache-2.0

import { readFileSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { settledIdentityOf } from '../../../file-identity.ts';
import { isSystemError } from '../../../system-error.ts';
import type { Family } from '../../rule.ts';

/** In what the encodings of the versions differ. */
export interface Dialect {
  /** addresses stand before interfaces and protocol */
  addressesFirst: boolean;
  /** the protocol of IPv4 is compared in its header */
  protocolInHeader: boolean;
  /** its own chains are made so that they count what their policy decides */
  countedChains: boolean;
}

/** Those whose rules were compared with ours byte by byte. */
const DIALECTS: Readonly<Record<string, Dialect>> = {
  '1.8.9': { addressesFirst: false, protocolInHeader: false, countedChains: false },
  '1.8.10': { addressesFirst: true, protocolInHeader: true, countedChains: true },
  '1.8.11': { addressesFirst: true, protocolInHeader: true, countedChains: true },
};
const PROGRAM = 'xtables-nft-multi';
/** How the program says its version. */
const VERSION = /(\d+\.\d+\.\d+)$/;
const VARIANT = ' (nf_tables)\0';

/** Of programs by the identity of their files; a process that serves many calls reads each once. */
export type KnownDialects = Map<string, Dialect | undefined>;

/** Undefined: another variant, another version, a wrapper; then the programs must write. `pathsOf` gives those that would be started; they are looked at once. */
export function dialects(pathsOf: (family: Family) => readonly string[], known: KnownDialects = new Map()): (family: Family) => Dialect | undefined {
  const byFamily = new Map<Family, Dialect | undefined>();
  const dialectOf = (programs: readonly string[]): Dialect | undefined => {
    const [path, ...others] = new Set(programs.map((program) => realpathSync.native(program)));
    if (path === undefined || others.length > 0 || basename(path) !== PROGRAM) return undefined;
    const file = settledIdentityOf(path);
    if (file !== undefined && known.has(file)) return known.get(file);
    const dialect = dialectOfVersion(versionIn(readFileSync(path)));
    if (file !== undefined) known.set(file, dialect);
    return dialect;
  };
  return (family) => {
    if (!byFamily.has(family)) byFamily.set(family, ifReadable(() => dialectOf(pathsOf(family))));
    return byFamily.get(family);
  };
}

/** What cannot be looked at may be there all the same, and be started. */
function ifReadable<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
}

export const dialectOfVersion = (version: string): Dialect | undefined => (Object.hasOwn(DIALECTS, version) ? DIALECTS[version] : undefined);

/** To start it and ask takes 2 ms, to read it a tenth. */
function versionIn(program: Buffer): string {
  const at = program.indexOf(VARIANT);
  return VERSION.exec(program.toString('latin1', Math.max(0, at - 16), Math.max(0, at)))?.[1] ?? '';
}
