// For tests: a copy of what the build works on, with one small plugin and a host that says how it was called.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PARTS = ['build.mjs', 'package.json', 'package-lock.json', 'abi', 'plugins-as/build.mjs', 'plugins-as/add-reset.mjs', 'plugins-as/sdk', 'host/build', 'host/open-file.ts', 'host/engine.ts', 'host/cni-error.ts', 'host/protocol/versions.ts', 'host/parts', 'host/start.ts', 'host/old-node.ts', 'host/cannot-start.ts', 'host/message-of.ts', 'host/launcher.sh', 'host/launcher.c', 'host/side',
  ...['meter.ts', 'instructions.ts', 'sections.ts', 'wasm-bytes.ts', 'machine-code.ts'].map((name) => `host/sandbox/${name}`)];

const HOST = `
declare const BUILTIN_DIGESTS: Readonly<Record<string, string>>;
const inherited = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS'].filter((key) => key in process.env);
console.log(JSON.stringify({ calledAs: process.argv.slice(2), inherited, digests: BUILTIN_DIGESTS }));
`;
const PLUGIN = `
import { Request } from '../sdk/request';
import { linkGet } from '../sdk/gen/ops';
import { Obj } from '../sdk/json';
export function cni_abi_1(): void {}
export function cni_add(len: i32): i32 {
  return linkGet(new Obj().str('name', Request.take(len).ifname)).ok ? 0 : 1;
}
`;

export interface Scratch {
  path(...parts: string[]): string;
  build(args?: readonly string[], env?: Record<string, string>): { status: number | null; said: string };
  remove(): void;
}

export function scratchRepository(name = 'repository'): Scratch {
  const around = mkdtempSync(join(tmpdir(), 'cni-wasm-build-'));
  const root = join(around, name);
  for (const part of PARTS) cpSync(part, join(root, part), { recursive: true });
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'host/main.ts'), HOST);
  for (const folder of ['_template', 'acme']) mkdirSync(join(root, 'plugins-as', folder));
  writeFileSync(join(root, 'plugins-as/_template/manifest.json'), 'not for the build');
  writeFileSync(join(root, 'plugins-as/acme/index.ts'), PLUGIN);
  writeFileSync(join(root, 'plugins-as/acme/manifest.json'), '{ "abi": 1, "name": "acme", "version": "1.0.0", "role": "main" }');
  return {
    path: (...parts) => join(root, ...parts),
    build(args = [], env = {}) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'build.mjs'), ...args], { encoding: 'utf8', env: { ...process.env, ...env } });
      return { status, said: stdout + stderr };
    },
    remove: () => rmSync(around, { recursive: true, force: true }),
  };
}
