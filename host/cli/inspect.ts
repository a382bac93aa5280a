// `cni-wasm inspect`: what a module is and asks for, before anybody runs it.
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync } from 'node:fs';
import { CniError, CODE } from '../cni-error.ts';
import { readManifest } from '../grant/manifest.ts';
import { readImports } from '../grant/read-imports.ts';
import type { Roots } from '../roots.ts';
import { builtins } from '../selection/builtins.ts';
import { digestOf, findModule } from '../selection/find-module.ts';
import { compile } from '../selection/load-plugin.ts';

export function inspect([which]: readonly string[], roots: Roots): string {
  if (which === undefined) throw new CniError(CODE.invalidConfig, 'inspect: give a module name or a .wasm file');
  const isFile = which.endsWith('.wasm') || existsSync(which);
  const { bytes, digest } = isFile ? fromFile(which) : findModule(which, builtins(__dirname), roots);
  const module = compile(bytes, which);
  const manifest = readManifest(module, which);
  const { operations } = readImports(module, which);
  return [
    `${manifest.name} ${manifest.version} (${manifest.role}${manifest.license ? `, ${manifest.license}` : ''}), ${bytes.length} bytes`,
    `digest   ${digest}`,
    `imports  ${operations.join(' ') || 'nothing beyond cni:abi/1'}`,
    `optional ${manifest.optional.join(' ') || 'none'}`,
    `wants    ${JSON.stringify(manifest.wants)}`,
    `limits   ${JSON.stringify(manifest.limits)}`,
    '',
  ].join('\n');
}

function fromFile(path: string): { bytes: Buffer; digest: string } {
  const bytes = readFileSync(path);
  return { bytes, digest: digestOf(bytes) };
}
