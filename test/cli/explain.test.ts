// `cni-wasm explain`: what ships with the host gets all that it wants, whatever the policy says; of others' modules what they get, line by line.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Told } from '../../host/cli/answer-people.ts';
import { explain } from '../../host/cli/explain.ts';
import { rootsFrom } from '../../host/roots.ts';
import { blobPath, digestOf } from '../../host/selection/find-module.ts';
import { moduleDigests } from '../../plugins-as/build.mjs';
import { stamp } from '../../plugins-as/sdk/tool/stamp.mjs';
import { bytesOf } from '../sandbox/wat.ts';

const folder = mkdtempSync(join(tmpdir(), 'cni-wasm-explain-'));
test.after(() => rmSync(folder, { recursive: true }));

for (const type of Object.keys(moduleDigests())) {
  test(type, () => {
    const file = join(folder, `${type}.conflist`);
    writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins: [{ type }] }));
    const { text, failure } = explain([file], rootsFrom({}));
    assert.match(text, `plugin "${type}"`);
    assert.match(text, type === 'static' ? '\n  within     nothing\n  gets       nothing\n' : '\n  gets       all of it\n');
    assert.not.match(text, /not whole|refused/);
    assert.is(failure, undefined);
  });
}

test('a wrong policy, which is not read to run a module of ours', () => {
  const file = join(folder, 'wrong-policy.conflist');
  writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins: [{ type: 'loopback' }] }));
  writeFileSync(join(folder, 'policy.json'), '{"version":2}');
  const { text, failure } = explain([file], rootsFrom({ CNI_WASM_ETC: folder }));
  assert.match(text, 'it ships with this host');
  assert.is(failure, undefined);
});

// --- a module of somebody else ---

const roots = rootsFrom({ CNI_WASM_ETC: join(folder, 'etc'), CNI_WASM_STATE: join(folder, 'state') });
const WAT = (memory: string): string => `(module (import "cni:route/1" "add" (func (param i32 i32) (result i32))) (import "cni:addr/1" "add" (func (param i32 i32) (result i32)))
  (import "cni:conntrack/1" "flush" (func (param i32 i32) (result i32))) (memory (export "memory") ${memory}) (func (export "cni_abi_1")))`;
const WANTS = { route: ['container', 'host'], link: { container: ['veth'], host: ['bridge'] }, addr: ['container'], conntrack: true };

/** In place, with this policy for it; what is explained of the entries. */
function explained(plugins: readonly object[], { grants, policy, memory = '1 1' }: { grants?: object; policy?: string; memory?: string }): Told {
  const bytes = stamp(bytesOf(WAT(memory)), JSON.stringify({ abi: 1, name: 'acme', version: '1.0.0', role: 'main', wants: WANTS, optional: ['conntrack.flush'] }));
  const digest = digestOf(bytes);
  for (const path of [blobPath(roots.state, digest), join(roots.etc, 'modules.lock')]) mkdirSync(dirname(path), { recursive: true });
  writeFileSync(blobPath(roots.state, digest), bytes);
  writeFileSync(join(roots.etc, 'modules.lock'), JSON.stringify({ acme: { digest } }), { mode: 0o644 });
  writeFileSync(join(roots.etc, 'policy.json'), policy ?? JSON.stringify({ version: 1, modules: { [digest]: { grants: grants ?? {} } } }), { mode: 0o644 });
  const file = join(folder, 'acme.conflist');
  writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins }));
  const { text, ...more } = explain([file], roots);
  return { text: text.replaceAll(digest, 'sha256:…').replaceAll(roots.etc, '/etc/cni/wasm'), ...more };
}
const ACME = { type: 'cni-wasm', module: 'acme' };

test('what it lacks: a line for each grant, of which nothing is invented', () => {
  assert.equal(explained([ACME], { grants: { route: ['container'], addr: ['container'], link: { container: ['veth'] } } }), { text: `network "blue"

plugin "acme" 1.0.0, sha256:…
  asks for   addr.add conntrack.flush route.add
  within     route ["container","host"]
  within     link {"container":["veth"],"host":["bridge"]}
  within     addr ["container"]
  within     conntrack true
  gets       route ["container"]
  gets       link {"container":["veth"]}
  gets       addr ["container"]
  because    its entry in the policy (/etc/cni/wasm/policy.json)
  not whole  route: policy grants none; to allow it, in /etc/cni/wasm/policy.json: modules["sha256:…"].grants += {"route":["container","host"]}
  not whole  link: policy grants none; to allow it, in /etc/cni/wasm/policy.json: modules["sha256:…"].grants += {"link":{"container":["veth"],"host":["bridge"]}}
  not whole  conntrack: policy grants none; to allow it, in /etc/cni/wasm/policy.json: modules["sha256:…"].grants += {"conntrack":true}
  without    conntrack.flush, which it can do without: it is answered "denied"
` });
});

test('all of it', () => {
  const { text, failure } = explained([ACME], { grants: WANTS });
  assert.match(text, '\n  gets       all of it\n  because    its entry in the policy');
  assert.is(failure, undefined);
});

for (const [what, plugins, given, line, who] of [
  ['that gets nothing', [ACME], { grants: {} }, /^ {2}gets {7}nothing\n[^]*^ {2}refused {4}route\.add is not granted, so that the module is not run$/m, 'plugin "acme"'],
  ['under a broken policy', [ACME], { policy: '{"version":2}' }, /^plugin "acme": refused: "\/etc\/cni\/wasm\/policy\.json": "version" must be 1, got 2$/m, 'plugin "acme"'],
  ['that wants more memory than there is', [ACME], { grants: WANTS, memory: '1 65' }, /^ {2}refused {4}module "acme" .*65/m, 'plugin "acme"'],
  ['that is not installed', [{ ...ACME, module: 'other' }, { type: 'cni-wasm', plugins: [{ type: 'third' }] }], {}, /^plugin "other": refused: no module "other"; install it .*\n\nplugin "third": refused: no module "third"/m, 'plugin "other", plugin "third"'],
] as const) {
  test(`a module ${what} is refused, which is a failure`, () => {
    const { text, failure } = explained(plugins, given);
    assert.match(text, line);
    assert.is(failure?.message, `refused on network "blue": ${who}`);
  });
}

for (const [what, plugin, unknown] of [
  ['of a plugin', { type: 'bridge', isGatway: true, IPMASQ: true, 'vlan ': 5, vlanTrunk: [{ id: 7 }, { minId: 10, max: 19 }] }, ['bridge: isGatway, vlan , vlanTrunk.max']],
  ['of its IPAM plugin', { type: 'bridge', subnet: '192.0.2.0/24', ipam: { type: 'host-local', range: [], ranges: [[{ subnet: '192.0.2.0/24', rangestart: '192.0.2.9', end: '192.0.2.99' }]] } },
    ['bridge: subnet', 'host-local: ipam.range, ipam.ranges.end']],
  ['that belong elsewhere', { type: 'portmap', portMappings: [], ipam: {} }, ['portmap: portMappings, ipam']],
  ['in a chain', { type: 'cni-wasm', plugins: [{ type: 'loopback', mtu: 1400 }] }, ['loopback: mtu']],
  ['none', { type: 'tuning', name: 'blue', cniVersion: '1.0.0', capabilities: { mac: true }, args: {}, runtimeConfig: {}, sysctl: { 'net.core.somaxconn': '5' } }, []],
  ['of a module that names none', { type: 'cni-wasm', module: 'acme', anything: true }, []],
] as const) {
  test(`keys that nobody reads: ${what}`, () => {
    const lines = [...explained([plugin], { grants: WANTS }).text.matchAll(/^ {2}unknown {4}(.*): its manifest has no such key, .*`cni-wasm inspect (\S+)`/gm)];
    assert.equal(lines.map(([, keys, name]) => `${name}: ${keys}`), [...unknown]);
  });
}

test('keys that nobody reads: of the list, and of an entry that holds a chain', () => {
  const file = join(folder, 'misplaced.conflist');
  writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', cniVersions: [], Name: 'x', name: 'blue', disableChek: true, disableGC: true, plugins: [{ type: 'cni-wasm', ipMasq: true, Plugins: [{ type: 'loopback' }] }, { type: 'loopback' }] }));
  const { text } = explain([file], rootsFrom({}));
  assert.equal(text.split('\n').slice(0, 4), [
    'network "blue"',
    '  unknown    Name: a list has no such key, and nothing comes of it',
    '  unknown    disableChek: a list has no such key, and nothing comes of it',
    '  unknown    ipMasq: an entry with "plugins" has no such key, and nothing comes of it; one of its plugins may',
  ]);
});

test('the name of a network, which is shown and not obeyed', () => {
  const file = join(folder, 'named.conflist');
  writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', name: 'blue\u001b[31m\n', type: 'loopback' }));
  assert.match(explain([file], rootsFrom({})).text, /^network "blue\\u\{1b\}\[31m\\u\{a\}"\n/);
});

test('keys that nobody reads: none of a plugin that stands alone', () => {
  const file = join(folder, 'alone.conf');
  writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', type: 'loopback' }));
  assert.not.match(explain([file], rootsFrom({})).text, 'unknown');
});

test('a program may be there, of which there is nothing to say', () => {
  const { text, failure } = explained([{ type: 'ptp', ipam: { type: 'dhcp' } }], {});
  assert.match(text, /^plugin "ptp": no module of this host's; a program on CNI_PATH, or not installed\n\nIPAM plugin "dhcp": no module/m);
  assert.is(failure, undefined);
});

test.run();
