// A package of npm for another processor than this one, which `npm ci` leaves out: unpacked below .cache/, once for each version.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const CACHE = '.cache/packages';

/**
 * The folder it lies in. npm compares what comes with what the registry says of it; `integrity`, from our lock file, is compared as well.
 * @param {string} name
 * @param {string} version
 * @param {string} [integrity] "sha512-…"
 */
export function fetchPackage(name, version, integrity) {
  const folder = join(CACHE, `${name.replace('/', '-')}-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const temporary = mkdtempSync(join(CACHE, '.fetch-'));
  try {
    const [{ filename }] = JSON.parse(execFileSync('npm', ['pack', `${name}@${version}`, '--json', '--pack-destination', temporary], { stdio: ['ignore', 'pipe', 2] }));
    const archive = join(temporary, filename.replace('@', '').replace('/', '-'));
    const actual = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (integrity !== undefined && actual !== integrity) throw new Error(`${name}@${version} is ${actual}, package-lock.json wants ${integrity}`);
    execFileSync('tar', ['-xzf', archive, '-C', temporary, '--no-same-owner']);
    renameSync(join(temporary, 'package'), folder);
    return folder;
  } finally {
    rmSync(temporary, { recursive: true });
  }
}
