// The launchers: what a runtime executes, in the bare surroundings in which runtimes execute it.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compileLauncher } from '../../host/build/launcher.mjs';
import { scratchRepository, type Scratch } from './scratch-repository.ts';

/** The static program where the machine has a C compiler, and the script for those that have none. */
for (const [kind, env] of [['program', {}], ['script', { PATH: '/nowhere', CC: '' }]] as const) launcherTests(kind, env);

interface Said { calledAs: string[]; inherited: string[]; code: number; msg: string }

function run(program: string, env: Record<string, string> = {}, ...args: string[]): { status: number | null; said: Said; stderr: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { env, encoding: 'utf8' });
  assert.match(stdout, /^\{.*\}\n$/, `${program} said "${stdout}" and "${stderr}"`);
  return { status, said: JSON.parse(stdout) as Said, stderr };
}

/** A launcher as a build on a machine with another node would have written it. */
function launcherWith(repo: Scratch, launcher: string, node: string, host?: string): string {
  const path = repo.path('opt/elsewhere');
  const bytes = readFileSync(launcher);
  const withNode = withPath(bytes, 'node', process.execPath, node);
  writeFileSync(path, host === undefined ? withNode : withPath(withNode, 'host', repo.path('dist/lib/host.cjs'), host), { mode: 0o755 });
  return path;
}

/** In the program a path stands alone and ends with NUL, in the script in an assignment. */
function withPath(launcher: Buffer, name: string, from: string, to: string): Buffer {
  if (launcher.subarray(0, 2).toString() === '#!') return Buffer.from(launcher.toString().replace(new RegExp(`^${name}=.*$`, 'm'), `${name}='${to}'`));
  // Not the first: it knows /usr/bin/node as a place to look in, too, and constants come before variables.
  const at = launcher.lastIndexOf(`${from}\0`);
  assert.ok(at > 0, `${from} is not in the launcher`);
  const changed = Buffer.from(launcher);
  changed.fill(0, at, at + Buffer.byteLength(from));
  changed.write(to, at);
  return changed;
}

function launcherTests(kind: 'program' | 'script', env: Record<string, string>): void {
  const test = suite<{ repo: Scratch; launcher: string }>(`launcher, as a ${kind}`);

  test.before((context) => {
    // Quotes and blanks in the name of the folder must not matter to the shell.
    context.repo = scratchRepository("it's an odd $HOME");
    const { status, said } = context.repo.build([], env);
    assert.is(status, 0, said);
    context.launcher = context.repo.path('dist/bin/acme');
    mkdirSync(context.repo.path('opt'));
  });
  test.after(({ repo }) => repo.remove());

  test('runs without any environment and passes its name and arguments on', ({ launcher }) => {
    const { status, said } = run(launcher, {}, 'one', 'two words');
    assert.is(status, 0);
    assert.equal(said.calledAs, ['acme', 'one', 'two words']);
  });

  test('linked or copied, it is the plugin of the name it has there', ({ repo, launcher }) => {
    symlinkSync(launcher, repo.path('opt/linked'));
    copyFileSync(launcher, repo.path('opt/copied'));
    assert.equal(run(repo.path('opt/linked')).said.calledAs, ['linked']);
    assert.equal(run(repo.path('opt/copied')).said.calledAs, ['copied']);
  });

  test('what the runtime\'s environment holds for node does not reach the host', ({ launcher }) => {
    const env = { NODE_OPTIONS: '--require /nowhere.cjs', NODE_EXTRA_CA_CERTS: '/nowhere.pem' };
    const { status, said, stderr } = run(launcher, env);
    assert.is(status, 0);
    assert.equal(said.inherited, []);
    assert.is(stderr, '');
  });

  test('node has moved: it is found in PATH', ({ repo, launcher }) => {
    const moved = launcherWith(repo, launcher, '/nowhere/node');
    symlinkSync(process.execPath, repo.path('opt/node'));
    assert.equal(run(moved, { PATH: repo.path('opt') }).said.calledAs, ['elsewhere']);
    // A folder may be entered, which is asked for with the same bit.
    mkdirSync(repo.path('opt/first/node'), { recursive: true });
    assert.equal(run(moved, { PATH: `${repo.path('opt/first')}:${repo.path('opt')}` }).said.calledAs, ['elsewhere']);
  });

  test('an installation moved as a whole finds its host beside it', ({ repo }) => {
    renameSync(repo.path('dist'), repo.path('moved'));
    try {
      assert.equal(run(repo.path('moved/bin/acme')).said.calledAs, ['acme']);
    } finally {
      renameSync(repo.path('moved'), repo.path('dist'));
    }
  });

  test('answers VERSION of what was built with it, and nothing else, and only where host and node are', ({ repo, launcher }) => {
    const spoken = { cniVersion: '1.1.0', supportedVersions: ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] };
    for (const name of ['acme', 'cni-wasm']) assert.equal(run(repo.path('dist/bin', name), { CNI_COMMAND: 'VERSION' }), { status: 0, said: spoken as unknown as Said, stderr: '' });
    assert.equal(run(launcher, { CNI_COMMAND: 'VERSION' }, 'word').said.calledAs, ['acme', 'word']);
    assert.equal(run(launcher, { CNI_COMMAND: 'VERSIONS' }).said.calledAs, ['acme']);
    for (const name of ['acm', 'acme-2', 'elsewhere']) {
      copyFileSync(launcher, repo.path('opt', name));
      assert.equal(run(repo.path('opt', name), { CNI_COMMAND: 'VERSION' }).said.calledAs, [name]);
    }
    mkdirSync(repo.path('opt/bin'));
    const lost = repo.path('opt/bin/acme');
    renameSync(launcherWith(repo, launcher, process.execPath, '/nowhere/host.cjs'), lost);
    assert.is(run(lost, { CNI_COMMAND: 'VERSION' }).said.code, 107);
  });

  test('the host is gone: one CNI error on stdout', ({ repo, launcher }) => {
    const lost = launcherWith(repo, launcher, process.execPath, '/nowhere/host.cjs');
    const add = run(lost, { CNI_COMMAND: 'ADD' });
    assert.is(add.status, 1);
    assert.is(add.said.code, 107);
    assert.match(add.said.msg, 'build or install it again');
    assert.is(run(lost, { CNI_COMMAND: 'STATUS' }).said.code, 50);
  });

  test('no node at all: one CNI error on stdout', ({ repo, launcher }) => {
    const lost = launcherWith(repo, launcher, '/nowhere/node');
    writeFileSync(lost, Buffer.from(readFileSync(lost).toString('latin1').replaceAll('/usr/', '/nil/'), 'latin1'));
    const { status, said, stderr } = run(lost, { PATH: '/nowhere' });
    assert.is(status, 1);
    assert.is(said.code, 107);
    assert.match(said.msg, 'install Node.js 20 or later');
    assert.is(stderr, '');
  });

  test('is what it is said to be', ({ launcher }) => {
    const magic = readFileSync(launcher).subarray(0, 4).toString('latin1');
    assert.is(magic, kind === 'program' && compileLauncher(process.arch) ? '\x7fELF' : '#!/b');
  });

  test.run();
}
