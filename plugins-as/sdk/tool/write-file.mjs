// Writes a file so that a reader finds either the old one or the new one, never a half.
// SPDX-License-Identifier: Apache-2.0

import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Leaves a file that is as asked alone, so that its time keeps saying when it changed. Returns whether it wrote.
 * @param {string} path
 * @param {string | Uint8Array} content
 * @param {number} [mode]
 */
export function writeFile(path, content, mode = 0o644) {
  const bytes = Buffer.from(content);
  if (isAsAsked(path, bytes, mode)) return false;
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, bytes);
    chmodSync(temporary, mode);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return true;
}

function isAsAsked(path, bytes, mode) {
  try {
    return (statSync(path).mode & 0o777) === mode && readFileSync(path).equals(bytes);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}
