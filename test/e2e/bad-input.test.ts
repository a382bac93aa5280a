// Whatever stands on stdin or in the environment: the right CNI code, exactly one document on stdout, exit 1, and the node as it was.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute, type Target } from '../../host/cli/run-conflist.ts';
import { addNetns, BIN, picture, sh } from '../support/node.ts';

const PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap', 'bandwidth', 'cni-wasm'];
const CHAINED = ['portmap', 'bandwidth'];

const netns = addNetns('c1');
// The kernel gives lo its address when it first comes up, and does not take it back.
for (const state of ['up', 'down']) sh('ip', '-n', 'c1', 'link', 'set', 'lo', state);
mkdirSync('/run/a-folder');
writeFileSync('/run/a-file', '');

const conf = (plugin: string, more: object = {}): string => JSON.stringify({
  cniVersion: '1.0.0', name: 'blue', type: plugin, module: 'loopback', ipam: { type: 'host-local', subnet: '192.0.2.0/24' },
  ...(CHAINED.includes(plugin) ? { prevResult: { cniVersion: '1.0.0', ips: [{ address: '192.0.2.2/24' }] } } : {}), ...more,
});

interface Case { verb?: string; stdin?: string | Uint8Array; with?: Partial<Target>; env?: Record<string, string>; code: number | readonly number[]; says?: RegExp }

/** Runs one call that must fail, and looks at all that a runtime or an operator sees of it. */
function fails(plugin: string, { verb = 'ADD', stdin = conf(plugin), with: over = {}, env = {}, code, says = /./ }: Case): void {
  const before = picture(['c1']);
  const answer = execute(plugin, verb, { containerId: 'c1', netns, ifname: 'eth0', path: [BIN], ...over, env }, stdin);
  assert.is(answer.exitCode, 1, answer.stdout + answer.stderr);
  const document = JSON.parse(answer.stdout) as { code: number; msg: string; details?: string };
  assert.ok([code].flat().includes(document.code), answer.stdout);
  assert.match(`${document.msg} ${document.details ?? ''}`, says);
  assert.not.match(answer.stdout + answer.stderr, /\n\s+at .*[:(]\d+/);
  assert.is(picture(['c1']), before);
}

const STDIN: Record<string, Case> = {
  'empty stdin': { stdin: '', code: 6 },
  'no JSON': { stdin: 'name: blue', code: 6, says: /^error unmarshall network config/ },
  'half a document': { stdin: conf('bridge').slice(0, -9), code: 6 },
  'an array': { stdin: '[]', code: 6 },
  null: { stdin: 'null', code: 6 },
  'invalid UTF-8': { stdin: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), code: 6 },
  'a byte order mark': { stdin: `\ufeff${conf('bridge')}`, code: 6 },
  '100,000 levels': { stdin: '{"a":'.repeat(100_000), code: 6 },
  '4 MB of it': { stdin: `{"a":"${'x'.repeat(4_000_000)}"}`, code: 7, says: /missing network name/ },
  'no name': { stdin: '{"cniVersion":"1.0.0"}', code: 7, says: /^missing network name/ },
  'a name with a slash': { stdin: conf('bridge', { name: '../etc' }), code: 7, says: /invalid characters found in network name/ },
  'a name that is a number': { stdin: conf('bridge', { name: 5 }), code: 6 },
  'an unknown version': { stdin: conf('bridge', { cniVersion: '9.0.0' }), code: 1, says: /incompatible CNI versions/ },
};

const ENVIRONMENT: Record<string, Case> = {
  'an unknown command': { verb: 'FLY', code: 4, says: /unknown CNI_COMMAND: FLY/ },
  'no container id': { with: { containerId: '' }, code: 4, says: /CNI_CONTAINERID.* missing/ },
  'nothing but the command': { env: { CNI_CONTAINERID: '', CNI_NETNS: '', CNI_IFNAME: '', CNI_PATH: '' }, code: 4, says: /\[CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH\] missing/ },
  'a container id with a slash': { with: { containerId: '../../etc' }, code: 4, says: /invalid characters in containerID/ },
  'a long interface name': { with: { ifname: 'abcdefghijklmnop' }, code: 4, says: /interface name is too long/ },
  'an interface name with a space': { with: { ifname: 'e 0' }, code: 4 },
  'CHECK at 0.3.1': { verb: 'CHECK', stdin: conf('bridge', { cniVersion: '0.3.1' }), code: 1, says: /does not allow CHECK/ },
  'GC at 1.0.0': { verb: 'GC', code: 1, says: /does not allow GC/ },
  'STATUS at 1.0.0': { verb: 'STATUS', code: 1, says: /does not allow STATUS/ },
};

for (const [what, wrong] of Object.entries({ ...STDIN, ...ENVIRONMENT })) {
  test(what, () => { for (const plugin of PLUGINS) fails(plugin, wrong); });
}

/** host-local and the chained plugins need no namespace of their own, but what is no namespace is an error for all. */
const NETNS: Record<string, string> = { 'a missing namespace': '/run/netns/nobody', 'a plain file': '/run/a-file', 'a folder': '/run/a-folder', 'the host\'s own': '/proc/self/ns/net' };
for (const [what, path] of Object.entries(NETNS)) {
  test(`${what} as CNI_NETNS`, () => { for (const plugin of ['bridge', 'loopback']) fails(plugin, { with: { netns: path }, code: [999, 8] }); });
  if (path !== '/proc/self/ns/net') {
    test(`DEL with ${what} as CNI_NETNS succeeds`, () => {
      for (const plugin of PLUGINS) assert.is(execute(plugin, 'DEL', { containerId: 'c1', netns: path, ifname: 'eth0', path: [BIN] }, conf(plugin)).exitCode, 0, plugin);
    });
  }
}

for (const [what, prevResult] of Object.entries({ 'a number': 5, 'a list': [], 'another version': { cniVersion: '0.2.0' }, 'a bad address': { cniVersion: '1.0.0', ips: [{ address: 'x' }] }, 'a bad interface': { cniVersion: '1.0.0', ips: [{ address: '192.0.2.2/24', interface: 'eth0' }] } })) {
  test(`${what} as prevResult`, () => { for (const plugin of CHAINED) fails(plugin, { stdin: conf(plugin, { prevResult }), code: [999, 6], says: /prevResult/ }); });
}

test('a module that does not exist, or is named by a path', () => {
  fails('cni-wasm', { stdin: conf('cni-wasm', { module: 'nobody' }), code: 100, says: /no module "nobody"/ });
  fails('cni-wasm', { stdin: conf('cni-wasm', { module: '/etc/x.wasm' }), code: 100 });
  fails('cni-wasm', { stdin: conf('cni-wasm', { module: '' }), code: 7 });
});

const IPAM_TYPES: Record<string, [type: string, says: RegExp]> = {
  'by a path': ['../bin/host-local', /^invalid plugin name/], 'as a folder': ['..', /^failed to find plugin/], 'with a NUL': ['host-local\0', /^failed to find plugin/],
  'beyond all names': ['x'.repeat(5000), /^failed to find plugin/],
};
for (const [what, [type, says]] of Object.entries(IPAM_TYPES)) {
  test(`an IPAM plugin that is named ${what}`, () => fails('bridge', { stdin: conf('bridge', { ipam: { type } }), code: 999, says }));
}

for (const root of ['STATE', 'RUN']) {
  test(`CNI_WASM_${root} that cannot be written`, () => {
    fails('loopback', { stdin: conf('loopback'), env: { [`CNI_WASM_${root}`]: '/run/a-file/x' }, code: 5, says: /"\/run\/a-file/ });
    fails('bridge', { env: { [`CNI_WASM_${root}`]: '/run/a-file/x' }, code: 5, says: /"\/run\/a-file/ });
  });
}

for (const [what, lock] of Object.entries({ 'that is no JSON': '{', 'with an entry without a digest': '{"acme":{"digest":5}}' })) {
  test(`a lock file ${what}`, () => {
    mkdirSync('/etc/cni/wasm', { recursive: true });
    writeFileSync('/etc/cni/wasm/modules.lock', lock);
    fails('cni-wasm', { stdin: conf('cni-wasm', { module: 'acme' }), code: 100, says: /modules\.lock/ });
  });
}

test('a log that is a pipe which nobody reads is not waited for, and its lines go to stderr', () => {
  sh('mkfifo', '/run/a-pipe');
  const { stdout, stderr } = execute('cni-wasm', 'ADD', { containerId: 'c1', netns, ifname: 'eth0', path: [BIN], env: { CNI_WASM_LOG_FILE: '/run/a-pipe' } }, conf('cni-wasm', { module: 'acme' }));
  assert.match(stdout, /modules\.lock/);
  assert.match(stderr, /"module":"acme",.*"operation":"load"/);
});

test.run();
