// The SDK as others get it: packed, installed into a folder outside of the repository, and used there to build a plugin.
// SPDX-License-Identifier: Apache-2.0

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite<{ root: string; tool: string }>('pack');

const PLUGIN = `
import { fail, failWith } from '@cni-wasm/sdk/fail';
import { routeAdd } from '@cni-wasm/sdk/gen/ops';
import { Obj } from '@cni-wasm/sdk/json';
import { Request } from '@cni-wasm/sdk/request';
import { Result } from '@cni-wasm/sdk/result';

export function cni_abi_1(): void {}

export function cni_add(len: i32): i32 {
  const request = Request.take(len);
  if (!request.prevResult.exists) return fail('acme runs behind another plugin');
  const added = routeAdd(new Obj().str('dst', request.config.get('dst').str()));
  if (!added.ok) return failWith(added.error, 'acme');
  return Result.from(request.prevResult).set();
}
`;
const MANIFEST = { abi: 1, name: 'acme', version: '1.2.3', role: 'chained', wants: { route: ['container'] } };

test.before((context) => {
  const root = mkdtempSync(join(tmpdir(), 'cni-wasm-pack-'));
  const npm = (...args: string[]): string => execFileSync('npm', [...args, '--offline', '--silent'], { cwd: root, encoding: 'utf8' });
  const tarball = npm('pack', resolve('plugins-as/sdk')).trim();
  writeFileSync(join(root, 'package.json'), '{ "private": true }');
  // The compiler is a peer: the author of a plugin chooses it. Offline, the repository's has to do.
  npm('install', '--legacy-peer-deps', '--no-audit', join(root, tarball));
  symlinkSync(resolve('node_modules/assemblyscript'), join(root, 'node_modules/assemblyscript'));
  mkdirSync(join(root, 'acme'));
  writeFileSync(join(root, 'acme/index.ts'), PLUGIN);
  writeFileSync(join(root, 'acme/manifest.json'), JSON.stringify(MANIFEST, null, 2));
  Object.assign(context, { root, tool: join(root, 'node_modules/.bin/cni-wasm-sdk') });
});
test.after(({ root }) => rmSync(root, { recursive: true, force: true }));

test('its page is packed, and names each file', ({ root }) => {
  const sdk = join(root, 'node_modules/@cni-wasm/sdk');
  const page = readFileSync(join(sdk, 'README.md'), 'utf8');
  for (const file of [...readdirSync(sdk).filter((name) => name.endsWith('.ts')), 'gen/ops.ts', 'tool/']) assert.ok(page.includes(`\`${file}\``), file);
});

const moduleAt = (path: string): WebAssembly.Module => new WebAssembly.Module(Uint8Array.from(readFileSync(path)));
const manifestOf = (module: WebAssembly.Module): unknown => JSON.parse(new TextDecoder().decode(WebAssembly.Module.customSections(module, 'cni.manifest')[0]));

test('a plugin outside of the repository becomes a module', ({ root, tool }) => {
  const { status, stderr } = spawnSync(tool, ['build', 'acme', '-o', 'out/acme.wasm'], { cwd: root, encoding: 'utf8' });
  assert.is(status, 0, stderr);
  const module = moduleAt(join(root, 'out/acme.wasm'));
  assert.equal(manifestOf(module), MANIFEST);
  assert.equal(
    WebAssembly.Module.imports(module).map((one) => `${one.module} ${one.name}`).sort(),
    ['cni:abi/1 fail', 'cni:abi/1 log', 'cni:abi/1 result', 'cni:abi/1 take', 'cni:route/1 add'],
  );
  const exported = WebAssembly.Module.exports(module).map(({ name }) => name);
  for (const name of ['cni_abi_1', 'cni_add', 'memory']) assert.ok(exported.includes(name), name);
});

test('a module of any other compiler is stamped', ({ root, tool }) => {
  writeFileSync(join(root, 'bare.wasm'), Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const stamp = (from: string): { status: number | null; stderr: string } =>
    spawnSync(tool, ['stamp', from, 'acme/manifest.json', '-o', 'stamped.wasm'], { cwd: root, encoding: 'utf8' });
  assert.is(stamp('bare.wasm').status, 0);
  assert.equal(manifestOf(moduleAt(join(root, 'stamped.wasm'))), MANIFEST);
  assert.match(stamp('stamped.wasm').stderr, 'carries a cni.manifest section already');
});

test('mistakes are said in one line and with the place', ({ root, tool }) => {
  const said = (...args: string[]): string => {
    const { status, stderr } = spawnSync(tool, args, { cwd: root, encoding: 'utf8' });
    assert.is(status, 1);
    return stderr;
  };
  assert.match(said('build', 'nowhere'), /nowhere\/manifest\.json/);
  assert.match(said('biuld', 'acme'), 'cannot make sense of "biuld acme"');
  writeFileSync(join(root, 'acme/index.ts'), 'export function cni_add(len: i32): i32 { return nothing; }');
  assert.match(said('build', 'acme'), "Cannot find name 'nothing'");
});

test.run();
