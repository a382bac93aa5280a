// The build: what lies in dist/, and what is built again when something changes.
// SPDX-License-Identifier: Apache-2.0

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratchRepository, type Scratch } from './scratch-repository.ts';

const test = suite<{ repo: Scratch }>('build');

test.before((context) => {
  context.repo = scratchRepository();
  const { status, said } = context.repo.build();
  assert.is(status, 0, said);
});
test.after(({ repo }) => repo.remove());

const wasm = (repo: Scratch): Uint8Array<ArrayBuffer> => Uint8Array.from(readFileSync(repo.path('dist/plugins/acme.wasm')));

test('dist holds the modules, the host, what it loads late, and a launcher for each name', ({ repo }) => {
  assert.equal(readdirSync(repo.path('dist/plugins')), ['acme.wasm']);
  assert.equal(readdirSync(repo.path('dist/bin')).sort(), ['acme', 'cni-wasm']);
  assert.equal(readdirSync(repo.path('dist/lib')).map((name) => name.replace(/(?<=[-.])[0-9a-f]{16}(?=[-.])/g, '…')).sort(), ['acme-…-….code', 'call-….cjs', 'call-….cjs.map', 'call-….….code', 'execa.cjs', 'firewalld.cjs', 'host.cjs', 'koffi.node', 'pino.cjs', 'wasi.cjs']);
  assert.is(statSync(repo.path('dist/bin/acme')).mode & 0o777, 0o755);
});

test('a module carries its manifest, minified, and imports only what it calls, and what its count asks', ({ repo }) => {
  const module = new WebAssembly.Module(wasm(repo));
  const [section] = WebAssembly.Module.customSections(module, 'cni.manifest');
  assert.is(new TextDecoder().decode(section), '{"abi":1,"name":"acme","version":"1.0.0","role":"main"}');
  const imports = WebAssembly.Module.imports(module).map((one) => `${one.module}.${one.name}`).sort();
  assert.equal(imports, ['cni:abi/1.log', 'cni:abi/1.take', 'cni:abi/1.tick', 'cni:link/1.get']);
});

test('the host knows the digests of the modules it was built with', ({ repo }) => {
  const said = JSON.parse(execFileSync(repo.path('dist/bin/acme'), { encoding: 'utf8' })) as { digests: object };
  assert.equal(said.digests, { acme: `sha256:${createHash('sha256').update(wasm(repo)).digest('hex')}` });
});

test('what is up to date is left alone', ({ repo }) => {
  const outputs = ['dist/plugins/acme.wasm', 'dist/lib/host.cjs', 'dist/lib/koffi.node', 'dist/bin/acme'];
  const times = (): number[] => outputs.map((path) => statSync(repo.path(path)).mtimeMs);
  const before = times();
  const { said } = repo.build();
  assert.not.match(said, 'compiled');
  assert.equal(times(), before);
});

test('a changed source, manifest or damaged output makes the module anew', ({ repo }) => {
  const manifest = repo.path('plugins-as/acme/manifest.json');
  const changes: [string, () => void][] = [
    ['its own source', () => writeFileSync(repo.path('plugins-as/acme/index.ts'), `${readFileSync(repo.path('plugins-as/acme/index.ts'), 'utf8')}\n// later\n`)],
    ['the SDK', () => writeFileSync(repo.path('plugins-as/sdk/request.ts'), `${readFileSync(repo.path('plugins-as/sdk/request.ts'), 'utf8')}\n// later\n`)],
    ['the count that is put into it', () => writeFileSync(repo.path('host/sandbox/meter.ts'), `${readFileSync(repo.path('host/sandbox/meter.ts'), 'utf8')}\n// later\n`)],
    ['the manifest', () => writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('1.0.0', '1.0.1'))],
    ['the output', () => writeFileSync(repo.path('dist/plugins/acme.wasm'), 'half a file')],
  ];
  for (const [what, change] of changes) {
    change();
    assert.match(repo.build().said, 'compiled dist/plugins/acme.wasm', what);
  }
  writeFileSync(repo.path('plugins-as/acme/unused.ts'), '// later');
  assert.not.match(repo.build().said, 'compiled', 'a file the plugin does not import');
});

test('what belongs to no plugin any more goes', ({ repo }) => {
  for (const path of ['dist/plugins/gone.wasm', 'dist/bin/gone']) writeFileSync(repo.path(path), '');
  repo.build();
  assert.equal(readdirSync(repo.path('dist/plugins')), ['acme.wasm']);
  assert.equal(readdirSync(repo.path('dist/bin')).sort(), ['acme', 'cni-wasm']);
});

test('a plugin that does not compile, or has no sound manifest, fails the build and says where', ({ repo }) => {
  const source = readFileSync(repo.path('plugins-as/acme/index.ts'), 'utf8');
  writeFileSync(repo.path('plugins-as/acme/index.ts'), 'export function cni_add(len: i32): i32 { return nothing; }');
  const broken = repo.build();
  assert.is(broken.status, 1);
  assert.match(broken.said, "Cannot find name 'nothing'");
  assert.match(broken.said, 'acme/index.ts');
  writeFileSync(repo.path('plugins-as/acme/index.ts'), source);
  writeFileSync(repo.path('plugins-as/acme/manifest.json'), '{ "abi": 2 }');
  const unsound = repo.build();
  assert.is(unsound.status, 1);
  assert.match(unsound.said, 'manifest: "abi" is 2: write 1');
});

test('words that mean nothing are told, by the build and by the runner of tests', ({ repo }) => {
  for (const [word, says] of [['--bogus', 'Unknown option \'--bogus\''], ['bogus', 'Unexpected argument \'bogus\'']] as const) {
    const { status, said } = repo.build([word]);
    assert.is(status, 2);
    assert.ok(said.startsWith(`build: ${says}`), said);
    assert.match(said, '\n\nnode build.mjs ');
    assert.not.match(said, /^ +at /m);
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, ['test/run.mjs', 'test/no/such', 'no-such-word'], { encoding: 'utf8', env: { ...process.env, CNI_WASM_TEST_MODE: '' } });
  assert.equal([status, stdout, stderr], [1, '', 'test: no test file\'s path contains "test/no/such" or "no-such-word"\n']);
});

test.run();
