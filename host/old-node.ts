// A Node that is too old for the host, said before anything is begun. Debian 12 has 18, which loads all of it and misses a function half way through an
// ADD, and then the one that would take it back.
// SPDX-License-Identifier: Apache-2.0

/** `engines` in package.json */
const OLDEST = 20;

/** Undefined for one that will do. */
export function whyOldNode({ version, execPath }: Pick<typeof process, 'version' | 'execPath'> = process): string | undefined {
  if (Number.parseInt(version.slice(1), 10) >= OLDEST) return undefined;
  return `"${execPath}" is Node.js ${version}: install ${OLDEST} or later, or the single-file executable, which needs none`;
}
