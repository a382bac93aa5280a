// docs/third-party.md, followed to the letter: its files, its commands, in a folder outside the repository.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN, inNetns, picture } from '../support/node.ts';

const page = readFileSync('docs/third-party.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-third-party-'));
const blocks = (kind: string): string[] => [...page.matchAll(new RegExp(`\`\`\`${kind}\\n(.*?)\`\`\``, 'gs'))].map(([, text]) => text!);
const [setUp] = blocks('sh setup') as [string];
const commands = blocks('sh');
const [build, putInPlace, run] = commands as [string, string, string];
const [refusal] = blocks('text') as [string];
const POLICY = '/etc/cni/wasm/policy.json';

/** Offline, the compiler cannot be fetched: npm takes the SDK alone, and the repository's compiler is put beside it. */
const ENVIRONMENT = {
  ...process.env, PATH: `${BIN}:${process.env['PATH']}`, CNI_WASM: process.cwd(), npm_config_offline: 'true', npm_config_legacy_peer_deps: 'true',
};

function sh(script: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('sh', ['-ec', script], { cwd: folder, encoding: 'utf8', env: ENVIRONMENT });
  return { status, output: stdout + stderr };
}

function succeed(script: string): string {
  const { status, output } = sh(script);
  assert.is(status, 0, output);
  return output;
}

test('the packed SDK is set up in a folder outside the repository', () => {
  assert.match(setUp, / assemblyscript@0\.28$/m);
  succeed(setUp.replace(/ assemblyscript@\S+/, ''));
  symlinkSync(resolve('node_modules/assemblyscript'), join(folder, 'node_modules/assemblyscript'));
  for (const [, path, text] of page.matchAll(/`([\w./-]+)`:\n\n```\w+\n(.*?)```/gs)) {
    mkdirSync(join(folder, dirname(path!)), { recursive: true });
    writeFileSync(join(folder, path!), text!);
  }
  addNetns('c1');
});
test.after(() => rmSync(folder, { recursive: true, force: true }));

test('a module built against the packed SDK is put in place, granted, selected by a conflist, and runs', () => {
  assert.is(commands.length, 3);
  succeed(build);
  const said = succeed(putInPlace);
  assert.match(said, /imports +route\.add/);
  const [, digest, entry] = /^ {2}("sha256:[0-9a-f]{64}"): (\{.*\})$/m.exec(said) ?? assert.unreachable(said) as never;

  // What the network keeps is made by the first attachment.
  const onlyBridge = JSON.parse(readFileSync(join(folder, 'blue.conflist'), 'utf8')) as { plugins: unknown[] };
  writeFileSync(join(folder, 'bridge.conflist'), JSON.stringify({ ...onlyBridge, plugins: onlyBridge.plugins.slice(0, 1) }));
  succeed('cni-wasm run add bridge.conflist /run/netns/c1 > first.json; cni-wasm run del bridge.conflist /run/netns/c1 --result first.json');
  const before = picture(['c1']);

  const { status, output } = sh('cni-wasm run add blue.conflist /run/netns/c1');
  assert.is(status, 1);
  assert.match(output, `failed (add): ${refusal.trim()} (code 101)\n`);
  assert.match(output, /policy\.json: modules\["sha256:[0-9a-f]{64}"\]\.grants \+= \{"route":\["container"\]\}\n/);
  assert.not.match(inNetns('c1', 'ip', 'route'), '203.0.113.0/24');
  succeed('cni-wasm run del blue.conflist /run/netns/c1');
  assert.is(picture(['c1']), before);

  const policy = readFileSync(join(folder, POLICY), 'utf8').replace('"sha256:…"', digest!);
  assert.equal((JSON.parse(policy) as { modules: unknown }).modules, JSON.parse(`{ ${digest}: ${entry} }`));
  writeFileSync(POLICY, policy);
  const [add, ...others] = run.trim().split('\n');
  succeed(add!);
  assert.match(inNetns('c1', 'ip', 'route'), /203\.0\.113\.0\/24 via 192\.0\.2\.1 dev eth0/);
  for (const command of others) succeed(command);
  assert.is(picture(['c1']), before);
});

test.run();
