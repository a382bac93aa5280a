// What a call pays for in Node itself: modules of Node that only other calls need are not loaded (RATIONALE, "What does a call not load?").
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN } from '../support/node.ts';

const HOST = `${BIN}/../lib/host.cjs`;
const SPY = '/run/spy.cjs';
const LIST = '/run/loaded';
const COSTLY = ['net', 'child_process', 'perf_hooks', 'module'];
writeFileSync(SPY, `process.on('exit', () => require('node:fs').writeFileSync('${LIST}', process.moduleLoadList.join('\\n')));`);

const RULES = { ipMasq: true, ipMasqBackend: 'nftables' };
const CHAIN = {
  cniVersion: '1.0.0', name: 'blue', type: 'cni-wasm', runtimeConfig: { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] },
  plugins: [
    { type: 'bridge', bridge: 'cni0', isGateway: true, ...RULES, ipam: { type: 'host-local', subnet: '192.0.2.0/24' } },
    { type: 'portmap', backend: 'nftables' },
  ],
};

const list = (): string[] => readFileSync(LIST, 'utf8').split('\n').map((line) => line.replace('NativeModule ', ''));

/** What this Node loads for an empty program is nobody's doing. */
spawnSync(process.execPath, [SPY]);
const bare = list();

/** The one-shot host itself, whoever answers the plugins' calls. */
function loadedBy(verb: string, calledAs: string, conf: object): { stdout: string; loaded: string[] } {
  const env = { PATH: process.env['PATH']!, CNI_COMMAND: verb, CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/c1', CNI_IFNAME: 'eth0', CNI_PATH: BIN };
  const { status, stdout } = spawnSync(process.execPath, ['--require', SPY, HOST, calledAs], { input: JSON.stringify(conf), env, encoding: 'utf8' });
  assert.is(status, 0, stdout);
  const loaded = list();
  assert.ok(loaded.includes('crypto'), 'a list of what was loaded');
  return { stdout, loaded };
}

const costly = (loaded: readonly string[]): string[] => COSTLY.filter((name) => loaded.includes(name) && !bare.includes(name));

test('VERSION', () => assert.equal(costly(loadedBy('VERSION', 'bridge', {}).loaded), []));

test('ADD, CHECK and DEL of a chain with nftables', () => {
  addNetns('c1');
  const added = loadedBy('ADD', 'cni-wasm', CHAIN);
  assert.equal(costly(added.loaded), []);
  const after = { ...CHAIN, prevResult: JSON.parse(added.stdout) as object };
  for (const verb of ['CHECK', 'DEL']) assert.equal(costly(loadedBy(verb, 'cni-wasm', after).loaded), [], verb);
});

test.run();
