// `cni-wasm run` for people: a conflist of an old version, from ADD to GC, and what it says to a wrong word.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addNetns, BIN, inNetns, picture, sh } from '../support/node.ts';

const CONFLIST = '/run/blue.conflist';
writeFileSync(CONFLIST, JSON.stringify({
  cniVersion: '0.4.0', name: 'blue',
  plugins: [{ type: 'bridge', bridge: 'cni0', isGateway: true, ipMasq: true, ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/24' }]] } }, { type: 'firewall', backend: 'iptables' }],
}));
addNetns('c1');
addNetns('c2');

function run(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(BIN, 'cni-wasm'), ['run', ...words], { encoding: 'utf8' });
  return status === 0 ? stdout : `${status} ${stderr}`;
}
const of = (id: string): string[] => [CONFLIST, `/run/netns/${id}`, '--container-id', id];

test('add, check, del without its namespace, status and gc', () => {
  assert.is(run('status', CONFLIST), 'ready\n');
  run('add', ...of('c1'));
  assert.is(run('del', CONFLIST, '--container-id', 'c1'), 'detached\n');
  const before = picture(['c1', 'c2']);
  const added = run('add', ...of('c1'));
  writeFileSync('/run/result.json', added);
  assert.is(run('check', ...of('c1'), '--result', '/run/result.json'), 'as it should be\n');
  run('add', ...of('c2'));
  assert.match(run('gc', CONFLIST, 'c2/eth0'), /^taken back: network "blue", container "c1", eth0\n {2}bridge: .*veth[^]*\n {2}firewall: .*\n$/);
  assert.is(run('gc', CONFLIST, 'c2/eth0'), 'nothing to collect that this host knows of\n');
  assert.not.match(inNetns('c1', 'ip', 'link'), 'eth0');
  assert.match(inNetns('c2', 'ip', 'link'), 'eth0');
  assert.match(sh('iptables-save'), '192.0.2.4');
  assert.match(run('gc', CONFLIST, 'none'), /^taken back: network "blue", container "c2", eth0\n/);
  writeFileSync('/var/lib/cni/networks/blue/192.0.2.9', 'garbage of c1');
  assert.is(run('gc', CONFLIST, 'none'), 'taken back: network "blue", no container\n  address 192.0.2.9, leased in /var/lib/cni/networks/blue\n');
  assert.is(picture(['c1', 'c2']).replace(/last_reserved.*/g, ''), before.replace(/last_reserved.*/g, ''));
});

test('a check without the answer of add says what is missing', () => {
  run('add', ...of('c1'));
  assert.is(run('check', ...of('c1')), '1 cni-wasm: plugin type="bridge" failed (check): Required prevResult missing (code 999)\n  give the answer of add: --result FILE\n');
  assert.not.match(run('check', CONFLIST, '/nowhere'), '--result');
  run('del', ...of('c1'));
});

test('what a runtime hands on in CNI_ARGS', () => {
  const plan = spawnSync(join(BIN, 'cni-wasm'), ['plan', 'add', CONFLIST, '--args', 'IgnoreUnknown=1;K8S_POD_NAME=blue-1;IP=192.0.2.77'], { encoding: 'utf8' });
  assert.match(plan.stdout, 'take lease 192.0.2.77 ', plan.stderr);
  assert.match(run('add', ...of('c1'), '--args', 'IgnoreUnknown=1;K8S_POD_NAME=blue-1;IP=192.0.2.77'), '"192.0.2.77/24"');
  run('del', ...of('c1'), '--args', 'IgnoreUnknown=1;K8S_POD_NAME=blue-1;IP=192.0.2.77');
  assert.match(run('add', ...of('c1'), '--args', 'IP'), 'failed (add): ');
  run('del', ...of('c1'));
});

for (const [words, says] of [
  [['gc', CONFLIST], 'gc needs the attachments that stay, as CONTAINER-ID/IFNAME, or the word none'],
  [['gc', CONFLIST, 'c1'], '"c1" is no attachment; give CONTAINER-ID/IFNAME'],
  [['gc', CONFLIST, 'c1/eth0/1'], '"c1/eth0/1" is no attachment; give CONTAINER-ID/IFNAME'],
  [['gc', CONFLIST, 'none', 'c1/eth0'], '"none" is no attachment; give CONTAINER-ID/IFNAME'],
  [['add', CONFLIST], 'add needs a network namespace'],
  [['check', CONFLIST], 'check needs a network namespace'],
  [['status'], 'status needs a conflist'],
  [['attach', CONFLIST], '"attach" is not add, check, del, status, gc'],
  [['add', CONFLIST, '/run/netns/c1', 'too', 'many'], '"too many" is too much'],
  [['del', CONFLIST, '/run/netns/c1', 'more'], '"more" is too much'],
  [['status', CONFLIST, 'extra', 'words'], '"extra words" is too much'],
  [['status', CONFLIST, '--container'], 'unknown option \'--container\''],
] as const) {
  test(`run ${words.join(' ')}`, () => {
    const before = picture(['c1']);
    assert.is(run(...words), `2 cni-wasm: run: ${says}; see cni-wasm run --help\n`);
    assert.is(picture(['c1']), before);
  });
}

for (const [words, says] of [
  [['status', '/run/nothing.conflist'], '"/run/nothing.conflist" cannot be read: no such file or directory (code 5)'],
  [['del', CONFLIST, '/run/netns/c1', '--result', '/run/deep.json'], '"/run/deep.json" is not what it should be: nested deeper than 64 levels (code 6)'],
  [['status', CONFLIST, '--capability-args', '{'], '"--capability-args" is not what it should be: '],
  [['status', CONFLIST, '--capability-args', '[]'], '"--capability-args" is not what it should be: expected an object, got an array'],
] as const) {
  test(`run ${words.join(' ')}`, () => {
    writeFileSync('/run/deep.json', `{"ips":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    const said = run(...words);
    assert.ok(said.startsWith(`1 cni-wasm: ${says}`), said);
  });
}

for (const [conflist, says] of [
  ['null', 'expected an object, got null'],
  ['[]', 'expected an object, got an array'],
  ['{}', 'it has neither "plugins" nor a "type"'],
  ['{"plugins":[]}', '"plugins" must be a list of at least one plugin'],
  ['{"plugins":{"type":"bridge"}}', '"plugins" must be a list of at least one plugin'],
  ['{"plugins":[{"type":"bridge"},{"name":"portmap"}]}', 'plugins[1] has no "type"'],
  ['{"plugins":["bridge"]}', 'plugins[0] has no "type"'],
  [`{"type":"loopback","args":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'nested deeper than 64 levels'],
  ['{"type":5}', 'it has neither "plugins" nor a "type"'],
] as const) {
  test(`a conflist that is none: ${conflist.slice(0, 80)}`, () => {
    writeFileSync('/run/none.conflist', conflist);
    assert.is(run('status', '/run/none.conflist'), `1 cni-wasm: "/run/none.conflist" is not what it should be: ${says} (code 6)\n`);
  });
}

const writeList = (path: string, ...plugins: object[]): void => writeFileSync(path, JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins }));

for (const [what, plugin, says] of [
  ['plugin', { type: 'portmpa' }, `no plugin "portmpa" in ${BIN} (code 999)`],
  ['module', { type: 'cni-wasm', module: 'acme' }, 'no module "acme" (code 100)'],
  ['module of a chain within', { type: 'cni-wasm', plugins: [{ type: 'tuning' }, { type: 'acme' }] }, 'no module "acme" (code 100)'],
] as const) {
  test(`a ${what} that is misspelt: add finds it before anything is made`, () => {
    const before = picture(['c1']);
    writeList('/run/misspelt.conflist', { type: 'bridge', bridge: 'cni1' }, plugin);
    const said = run('add', '/run/misspelt.conflist', '/run/netns/c1');
    assert.ok(said.startsWith(`1 cni-wasm: ${says}\n`), said);
    assert.not.match(said, 'stays until');
    assert.is(picture(['c1']), before);
  });
}

test('gc goes on with the other plugins when one fails, and tells what they have taken back', () => {
  run('add', ...of('c1'));
  const list = JSON.parse(readFileSync(CONFLIST, 'utf8')) as { plugins: object[] };
  writeList('/run/misspelt.conflist', { type: 'portmpa' }, ...list.plugins);
  const { status, stdout, stderr } = spawnSync(join(BIN, 'cni-wasm'), ['run', 'gc', '/run/misspelt.conflist', 'none'], { encoding: 'utf8' });
  assert.equal([status, stderr], [1, `cni-wasm: no plugin "portmpa" in ${BIN} (code 999)\n`]);
  assert.match(stdout, /^taken back: network "blue", container "c1", eth0\n {2}bridge: .*veth/);
  run('del', ...of('c1'));
});

test('gc tells of each plugin that failed', () => {
  writeList('/run/misspelt.conflist', { type: 'portmpa' }, { type: 'cni-wasm', module: 'acme' });
  const { status, stdout, stderr } = spawnSync(join(BIN, 'cni-wasm'), ['run', 'gc', '/run/misspelt.conflist', 'none'], { encoding: 'utf8' });
  assert.equal([status, stdout], [1, '']);
  assert.match(stderr, /^cni-wasm: 2 plugins failed, the others have been asked as well \(code 106\)\n {2}no plugin "portmpa" in .* \(code 999\)\n {2}plugin type="cni-wasm" failed \(gc\): no module "acme" \(code 100\)\n/);
});

test('what the plugins before a refused one have made stays until del, and that is said; what plugins write to stderr is shown', () => {
  writeList('/run/refused.conflist', { type: 'bridge', bridge: 'cni0' }, { type: 'tuning', mtu: 67 });
  assert.match(run('add', '/run/refused.conflist', '/run/netns/c1'), /cni-wasm: plugin type="tuning" failed \(add\): .*mtu.* \(code \d+\)\n(.*\n)? {2}what the plugins before it have made stays until `cni-wasm run del`\n$/);
  writeList('/run/refused.conflist', { type: 'bridge', bridge: 'cni0' }, { type: 'cni-wasm', module: 'acme' });
  const { stdout, stderr } = spawnSync(join(BIN, 'cni-wasm'), ['run', 'del', '/run/refused.conflist', '/run/netns/c1'], { encoding: 'utf8' });
  assert.is(stdout, 'detached\n');
  assert.match(stderr, /"plugin":"acme",.*"msg":"DEL from the ledger alone"/);
  assert.not.match(inNetns('c1', 'ip', 'link'), 'eth0');
  assert.not.match(run('add', '/run/refused.conflist', '/nowhere'), 'stays until');
});

function failing(answer: string, status: number): string {
  mkdirSync('/run/acme', { recursive: true });
  writeFileSync('/run/acme/answer', answer);
  writeFileSync('/run/acme/acme', `#!/bin/sh\ncat /run/acme/answer\nexit ${status}\n`, { mode: 0o755 });
  writeFileSync('/run/acme.conflist', JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins: [{ type: 'acme' }] }));
  return run('add', '/run/acme.conflist', '/run/netns/c1', '--bin', '/run/acme');
}

for (const [what, answer, status, says] of [
  ['its own words', JSON.stringify({ code: 11, msg: 'try "later" <&>', details: 'busy\nstill' }), 1, 'plugin type="acme" failed (add): try "later" <&> (code 11)\n  busy\n  still\n'],
  ['words that would be obeyed', JSON.stringify({ code: 11, msg: 'a\u001b[3Ab' }), 1, 'plugin type="acme" failed (add): a\\u{1b}[3Ab (code 11)\n'],
  ['nothing', '', 3, 'plugin type="acme" failed (add): netplugin failed with no error message: exit status 3 (code 0)\n'],
  ['what is no document', 'oh', 1, 'plugin type="acme" failed (add): netplugin failed but error parsing its diagnostic message "oh": invalid character \'o\' looking for beginning of value (code 0)\n'],
  ['a result that is none', 'oh', 0, 'plugin type="acme" (add) answered what is no result: invalid character \'o\' looking for beginning of value'],
  ['a result without a bottom', `{"ips":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 0, 'plugin type="acme" (add) answered what is no result: nested deeper than 64 levels'],
] as const) {
  test(`a program that fails with ${what} is told in a sentence`, () => {
    const said = failing(answer, status);
    assert.ok(said.startsWith(`1 cni-wasm: ${says}`), said);
  });
}

test('a program that is none, and none at all', () => {
  mkdirSync('/run/acme/folder', { recursive: true });
  writeFileSync('/run/acme.conflist', JSON.stringify({ cniVersion: '1.0.0', name: 'blue', plugins: [{ type: 'folder' }] }));
  assert.is(run('status', '/run/acme.conflist', '--bin', '/run/acme'), '1 cni-wasm: plugin "/run/acme/folder" cannot be executed: permission denied (code 999)\n');
  assert.is(run('status', '/run/acme.conflist', '--bin', '/run/nothing'), '1 cni-wasm: no plugin "folder" in /run/nothing (code 999)\n');
});

test.run();
