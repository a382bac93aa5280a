// Versions of the CNI specification, and which verb needs which.
// SPDX-License-Identifier: Apache-2.0

import { CniError, CODE } from '../cni-error.ts';
import type { Verb } from './request.ts';

export const VERSIONS = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
type CniVersion = (typeof VERSIONS)[number];

const CURRENT = '1.1.0';
const NEEDS: Partial<Record<Verb, CniVersion>> = { CHECK: '0.4.0', GC: '1.1.0', STATUS: '1.1.0' };

/** Versions a plugin speaks; an empty list in its manifest stands for all. */
export const versionsOf = (manifestVersions: readonly string[]): readonly string[] => (manifestVersions.length > 0 ? manifestVersions : VERSIONS);

/** The answer to VERSION: one line, and the newest version of the library rather than the caller's, as runtimes are used to. */
export const versionAnswer = (versions: readonly string[]): string => `${JSON.stringify({ cniVersion: CURRENT, supportedVersions: versions })}\n`;

/** Throws code 1 when the configuration's version is not one of the plugin's or does not know the verb. */
export function checkVersion(verb: Verb, configured: string, versions: readonly string[]): void {
  const needed = NEEDS[verb];
  if (needed) checkVerb(verb, needed, configured, versions);
  if (!versions.includes(configured)) {
    throw new CniError(CODE.incompatibleVersion, 'incompatible CNI versions', {
      details: `config is "${configured}", plugin supports [${versions.map((version) => `"${version}"`).join(' ')}]`,
    });
  }
}

/** Only these verbs compare versions; the others look for an exact member, so that there any text is merely incompatible. */
function checkVerb(verb: Verb, needed: CniVersion, configured: string, versions: readonly string[]): void {
  if (!/^\d+(\.\d+){0,2}$/.test(configured)) {
    throw new CniError(CODE.decode, `failed to parse config version "${configured}"`, { details: 'cniVersion is like "1.0.0"' });
  }
  if (isOlder(configured, needed)) throw new CniError(CODE.incompatibleVersion, `config version does not allow ${verb}`);
  if (versions.every((version) => isOlder(version, configured))) throw new CniError(CODE.incompatibleVersion, `plugin version does not allow ${verb}`);
}

export function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a![i] ?? 0) - (b![i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
