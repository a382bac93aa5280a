// `cni-wasm run` for people: a conflist of an old version, from ADD to GC, and what it says to a wrong word.
// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
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
  assert.is(run('gc', CONFLIST, 'c2/eth0'), 'collected\n');
  assert.not.match(inNetns('c1', 'ip', 'link'), 'eth0');
  assert.match(inNetns('c2', 'ip', 'link'), 'eth0');
  assert.match(sh('iptables-save'), '192.0.2.4');
  assert.is(run('gc', CONFLIST, 'none'), 'collected\n');
  assert.is(picture(['c1', 'c2']).replace(/last_reserved.*/g, ''), before.replace(/last_reserved.*/g, ''));
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
] as const) {
  test(`run ${words.join(' ')}`, () => {
    const said = run(...words);
    assert.match(said, /^1 cni-wasm: /);
    assert.is((JSON.parse(said.slice('1 cni-wasm: '.length)) as { msg: string }).msg, `run: ${says}; see cni-wasm run --help`);
  });
}

for (const [words, says] of [
  [['status', '/run/nothing.conflist'], '"/run/nothing.conflist" cannot be read: ENOENT'],
  [['status', CONFLIST, '--capability-args', '{'], '"--capability-args" is not what it should be: '],
  [['status', CONFLIST, '--capability-args', '[]'], '"--capability-args" is not what it should be: expected an object, got an array'],
] as const) {
  test(`run ${words.join(' ')}`, () => {
    const said = run(...words);
    assert.ok((JSON.parse(said.slice('1 cni-wasm: '.length)) as { msg: string }).msg.startsWith(says), said);
  });
}

for (const [conflist, says] of [
  ['null', 'it must be an object'],
  ['[]', 'it must be an object'],
  ['{}', 'it has neither "plugins" nor a "type"'],
  ['{"plugins":[]}', '"plugins" must be a list of at least one plugin'],
  ['{"plugins":{"type":"bridge"}}', '"plugins" must be a list of at least one plugin'],
  ['{"plugins":[{"type":"bridge"},{"name":"portmap"}]}', 'plugins[1] has no "type"'],
  ['{"plugins":["bridge"]}', 'plugins[0] has no "type"'],
  ['{"type":5}', 'it has neither "plugins" nor a "type"'],
] as const) {
  test(`a conflist that is none: ${conflist}`, () => {
    writeFileSync('/run/none.conflist', conflist);
    const said = run('status', '/run/none.conflist');
    assert.is((JSON.parse(said.slice('1 cni-wasm: '.length)) as { msg: string }).msg, `"/run/none.conflist" is not what it should be: ${says}`);
  });
}

test('what the plugins before a refused one have made stays until del, and that is said; what plugins write to stderr is shown', () => {
  const refused = { ...JSON.parse(readFileSync(CONFLIST, 'utf8')) as object, plugins: [{ type: 'bridge', bridge: 'cni0' }, { type: 'cni-wasm', module: 'acme' }] };
  writeFileSync('/run/refused.conflist', JSON.stringify({ ...refused, cniVersion: '1.0.0' }));
  assert.match(run('add', '/run/refused.conflist', '/run/netns/c1'), /"code": 100,[^]*\}\nwhat the plugins before it have made stays until `cni-wasm run del`\n$/);
  const { stdout, stderr } = spawnSync(join(BIN, 'cni-wasm'), ['run', 'del', '/run/refused.conflist', '/run/netns/c1'], { encoding: 'utf8' });
  assert.is(stdout, 'detached\n');
  assert.match(stderr, /"plugin":"acme",.*"msg":"DEL from the ledger alone"/);
  assert.not.match(inNetns('c1', 'ip', 'link'), 'eth0');
  assert.not.match(run('add', '/run/refused.conflist', '/nowhere'), 'stays until');
});

test.run();
