// A foreign IPAM program below bridge, beside the reference: what it gets and what becomes of its answers, in every version, also its errors.
// SPDX-License-Identifier: Apache-2.0

import { chmodSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execute, type Answer } from '../../host/cli/run-conflist.ts';
import { ipamProgram } from '../support/ipam-program.ts';
import { BIN, files, inNetns, REFERENCE_191, sh, skip } from '../support/node.ts';
import { fresh, notes } from './switch-node.ts';
import { MISSING } from './switch-table.ts';

if (MISSING.includes('1.9.1')) skip('no reference plugins 1.9.1');

const acme = ipamProgram('/run/acme', 'acme-ipam');
const FOLDERS = { reference: REFERENCE_191, ours: BIN } as const;
type Who = keyof typeof FOLDERS;
const BOTH: readonly Who[] = ['reference', 'ours'];
const ARGS = 'IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_INFRA_CONTAINER_ID=c1;K8S_POD_UID=7';

/** With what whereabouts and its like look at: ranges, a datastore, where they log. */
const conf = (more: object = {}): Record<string, unknown> => ({
  args: { cni: { ips: ['192.0.2.9'] } }, bridge: 'cni0', cniVersion: '1.1.0',
  ipam: { type: 'acme-ipam', datastore: 'kubernetes', exclude: ['192.0.2.0/28'], kubernetes: { kubeconfig: '/etc/cni/net.d/acme.d/acme.kubeconfig' }, log_level: 'debug', range: '192.0.2.0/24' },
  isGateway: true, name: 'blue', runtimeConfig: { ips: ['192.0.2.9/24'] }, type: 'bridge', ...more,
});

function call(who: Who, verb: string, config: object, more: { netns?: string; prevResult?: unknown; as?: string } = {}): Answer {
  const attached = !['GC', 'STATUS'].includes(verb);
  return execute(more.as ?? 'bridge', verb, {
    containerId: attached ? 'c1' : '', netns: attached ? more.netns ?? '/run/netns/c1' : '', ifname: attached ? 'eth0' : '',
    path: [FOLDERS[who]], args: attached ? ARGS : '', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TRACEPARENT: '00-0af7-b7ad-01', CNI_PATH: `${FOLDERS[who]}:${acme.folder}` },
  }, JSON.stringify({ ...config, ...(more.prevResult === undefined ? {} : { prevResult: more.prevResult }) }));
}

/** What `scene` finds, with random names and addresses of hardware left out, is the same for both. */
function same(what: string, scene: (who: Who) => unknown): void {
  test(what, () => {
    const [reference, ours] = BOTH.map((who) => {
      fresh('c1');
      acme.forget();
      return scene(who);
    });
    assert.equal(ours, reference);
  });
}

interface Result { ips?: unknown; routes?: unknown; dns?: unknown; cniVersion: string; interfaces?: { name: string; sandbox?: string }[] }
const answered = ({ exitCode, stdout }: Answer): unknown => {
  if (exitCode !== 0 || stdout === '') return stdout;
  const { ips, routes, dns, cniVersion, interfaces, ...rest } = JSON.parse(stdout) as Result;
  return { ips, routes, dns, cniVersion, interfaces: interfaces?.map(({ name, sandbox }) => ({ name: name.replace(/^veth.{8}$/, 'veth'), sandbox })), ...rest };
};
const inside = (): string[] => ['addr show eth0', 'route show', '-6 route show'].map((words) => inNetns('c1', 'ip', ...words.split(' '))
  .split('\n').filter((line) => !/link\/ether|^\d+:|fe80|ff00|valid_lft/.test(line)).map((line) => line.replace('linkdown', '').trim()).filter(Boolean).sort().join('\n'));
const outside = (): string => sh('ip', '-o', 'addr', 'show', 'cni0').split('\n').map((line) => /inet6? (?!fe80)\S+/.exec(line)?.[0]).filter(Boolean).sort().join('\n');

const SEVERAL = {
  cniVersion: '1.1.0',
  ips: [
    { address: '192.0.2.9/24', gateway: '192.0.2.1' }, { address: '192.0.2.10/24', gateway: '192.0.2.1' },
    { address: '2001:db8::9/64', gateway: '2001:db8::1' }, { address: '2001:db8::a/64', gateway: '2001:db8::1' },
  ],
  routes: [{ dst: '0.0.0.0/0' }, { dst: '198.51.100.0/24', gw: '192.0.2.77', priority: 7 }, { dst: '2001:db8:7::/48', gw: '2001:db8::77' }],
  dns: { nameservers: ['192.0.2.53', '2001:db8::53'], domain: 'example.org', search: ['example.org'], options: ['ndots:5'] },
};

same('several addresses and routes of both families, and dns', (who) => {
  acme.gives(SEVERAL);
  const added = call(who, 'ADD', conf());
  const found = { added: answered(added), inside: inside(), outside: outside() };
  const prevResult = JSON.parse(added.stdout) as unknown;
  return { ...found, check: call(who, 'CHECK', conf(), { prevResult }).exitCode, del: answered(call(who, 'DEL', conf(), { prevResult })), calls: acme.calls() };
});

same('it gets the configuration byte for byte, and the environment of the call', (who) => {
  acme.gives(SEVERAL);
  assert.is(call(who, 'ADD', conf()).exitCode, 0);
  assert.is(acme.stdin('ADD'), JSON.stringify(conf()));
  const { CNI_WASM_WITHIN: _, PWD: __, SHLVL: ___, OLDPWD: ____, CNI_PATH, ...env } = acme.env('ADD');
  assert.is(CNI_PATH, `${FOLDERS[who]}:${acme.folder}`);
  return { ...env, _: '' };
});

const OLD = { ip4: { ip: '192.0.2.9/24', gateway: '192.0.2.1', routes: [{ dst: '0.0.0.0/0' }] }, ip6: { ip: '2001:db8::9/64', gateway: '2001:db8::1' } };
const FIRST = { ips: [SEVERAL.ips[0]!, SEVERAL.ips[2]!], routes: [{ dst: '0.0.0.0/0' }] };
const withVersion = { ...FIRST, ips: FIRST.ips.map((ip) => ({ version: ip.address.includes(':') ? '6' : '4', ...ip })) };
const ANSWERS: Record<string, object> = { '0.1.0': OLD, '0.2.0': OLD, '0.3.0': withVersion, '0.3.1': withVersion, '0.4.0': withVersion, '1.0.0': FIRST, '1.1.0': FIRST };

for (const [asked, answer] of Object.entries(ANSWERS)) {
  same(`a configuration of ${asked}, answered without a version and in each version`, (who) => [undefined, ...Object.keys(ANSWERS)].map((given) => {
    fresh('c1');
    acme.gives(given === undefined ? answer : { cniVersion: given, ...ANSWERS[given] });
    const added = call(who, 'ADD', conf({ cniVersion: asked }));
    return { given, added: answered(added), inside: added.exitCode === 0 ? inside() : '' };
  }));
}

/** What Go's parser says of bytes that are no JSON, and ours. */
const JSON_WORDS = /(?<=\\": )(invalid character|Unexpected token|json: cannot unmarshal|it must be) .*(?="\n\}$)/;

for (const [what, script] of Object.entries({
  'an error of its own': `printf '{"cniVersion":"1.1.0","code":11,"msg":"try again","details":"the datastore is busy"}'; exit 1`,
  'an error without words': 'exit 3',
  'words on stderr alone': 'echo "no lease to be had" >&2; exit 1',
  'an error whose code is a word': `printf '{"code":"eleven","msg":"try again"}'; exit 1`,
  'an error whose code is below zero': `printf '{"code":-1,"msg":"try again"}'; exit 1`,
  'an error whose code is a fraction': `printf '{"code":1.5,"msg":"try again"}'; exit 1`,
  'an error with keys in capitals': `printf '{"Code":11,"MSG":"try again"}'; exit 1`,
  'something else on stdout': 'echo "no lease to be had"; exit 1',
})) {
  for (const verb of ['ADD', 'CHECK', 'DEL', 'STATUS']) {
    same(`${verb}: ${what}`, (who) => {
      acme.gives(SEVERAL);
      const prevResult = verb === 'CHECK' || verb === 'DEL' ? JSON.parse(call(who, 'ADD', conf()).stdout) as unknown : undefined;
      acme.does(verb, script);
      const { exitCode, stdout } = call(who, verb, conf(), { prevResult });
      return { exitCode, stdout: stdout.replace(JSON_WORDS, '') };
    });
  }
}

const DOWN = `printf '{"cniVersion":"1.1.0","code":11,"msg":"the datastore does not answer"}'; exit 1`;
const PORTMAP = { cniVersion: '1.1.0', name: 'blue', type: 'portmap' };

same('its datastore is down, for ADD and DEL alike: each says so, and a plugin behind it in the chain ends all the same', (who) => {
  for (const verb of ['ADD', 'DEL']) acme.does(verb, DOWN);
  const ends = (verb: string, config: object, as = 'bridge'): unknown => answered(call(who, verb, config, { as }));
  const said = [ends('ADD', conf()), ends('DEL', PORTMAP, 'portmap'), ends('DEL', conf())];
  if (who === 'ours') assert.equal([notes(), files('/run/cni-wasm')], [[], []]);
  return said;
});

test('a step after it fails, and its DEL, too: the runtime is told why ADD failed, and what is left goes with the DEL of its own plugin', () => {
  fresh('c1');
  acme.forget();
  acme.gives(SEVERAL);
  acme.does('DEL', DOWN);
  const { stdout } = call('ours', 'ADD', conf({ ipMasq: true, ipMasqBackend: 'ipfw' }));
  const error = JSON.parse(stdout) as { code: number; msg: string; details: string };
  assert.match(error.msg, 'ipfw');
  assert.match(error.details, /could not take back everything of it: delegate DEL .*the datastore does not answer/);
  assert.is(call('ours', 'DEL', PORTMAP, { as: 'portmap' }).exitCode, 0);
  assert.is((JSON.parse(call('ours', 'DEL', conf()).stdout) as { code: number }).code, 11);
  acme.does('DEL', '');
  assert.is(call('ours', 'DEL', conf()).exitCode, 0);
  assert.equal([notes(), files('/run/cni-wasm')], [[], []]);
});

test('of a chain that is one call it gets its own plugin\'s configuration, also when its ADD is taken back', () => {
  fresh('c1');
  acme.forget();
  acme.gives(SEVERAL);
  const { type: _, name, cniVersion, runtimeConfig: __, ...bridge } = conf();
  const chain = { name, cniVersion, type: 'cni-wasm', plugins: [{ ...bridge, type: 'bridge' }, { type: 'bandwidth', ingressRate: 8000 }] };
  assert.match(call('ours', 'ADD', chain, { as: 'cni-wasm' }).stdout, 'burst must also be set');
  assert.equal(acme.calls(), ['ADD c1 eth0', 'DEL c1 eth0']);
  assert.is(acme.stdin('DEL'), acme.stdin('ADD'));
  assert.equal([notes(), files('/run/cni-wasm')], [[], []]);
});

for (const [what, mode, text] of [['no text of a program', 0o755, 'ADD=1\n'], ['no right to be started', 0o644, '#!/bin/sh\n'], ['an interpreter that is not there', 0o755, '#!/none\n']] as const) {
  same(`a file with ${what}`, (who) => {
    writeFileSync(`${acme.folder}/odd`, text, { mode });
    chmodSync(`${acme.folder}/odd`, mode);
    const odd = conf({ ipam: { type: 'odd' } });
    return ['ADD', 'DEL', 'STATUS'].map((verb) => answered(call(who, verb, odd)));
  });
}

same('one that is killed', (who) => {
  acme.does('ADD', 'kill -9 $$');
  return answered(call(who, 'ADD', conf()));
});

same('an answer without an address', (who) => {
  acme.gives({ cniVersion: '1.1.0' });
  return answered(call(who, 'ADD', conf()));
});

test('GC is passed on with its list, and what it says comes through', () => {
  fresh('c1');
  acme.forget();
  acme.gives(SEVERAL);
  assert.is(call('ours', 'ADD', conf()).exitCode, 0);
  const list = { 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] };
  acme.does('GC', '');
  assert.is(call('ours', 'GC', conf(list)).exitCode, 0);
  assert.equal((JSON.parse(acme.stdin('GC')) as typeof list)['cni.dev/valid-attachments'], list['cni.dev/valid-attachments']);
  acme.does('GC', `printf '{"code":99,"msg":"cannot list pods"}'; exit 1`);
  const { exitCode, stdout } = call('ours', 'GC', conf({ 'cni.dev/valid-attachments': [] }));
  assert.is(exitCode, 1);
  assert.match(stdout, 'cannot list pods');
  assert.not.match(inNetns('c1', 'ip', 'link'), 'eth0', 'the rest of GC is done');
  assert.equal(acme.calls().slice(1), ['GC  ', 'GC  ']);
});

for (const code of [50, 51]) {
  same(`STATUS ${code} of a program is STATUS ${code} of bridge`, (who) => {
    acme.does('STATUS', `printf '{"cniVersion":"1.1.0","code":${code},"msg":"the datastore does not answer"}'; exit 1`);
    const { exitCode, stdout } = call(who, 'STATUS', conf());
    assert.is((JSON.parse(stdout) as { code: number }).code, code);
    return { exitCode, stdout, calls: acme.calls() };
  });
}

/** As scripts do that choose a pool. */
const WRAPS = (folder: string): string => `sed 's/"type":"acme-ipam"/"type":"host-local","subnet":"192.0.2.0\\/24"/' "$stdin" | ${folder}/host-local`;
for (const ipam of BOTH) {
  same(`a program that executes ${ipam === 'ours' ? 'our' : "the reference's"} host-local in turn`, (who) => {
    for (const verb of ['ADD', 'CHECK', 'DEL', 'GC', 'STATUS']) acme.does(verb, WRAPS(FOLDERS[ipam]));
    const config = conf({ args: undefined, runtimeConfig: undefined });
    const added = call(who, 'ADD', config);
    const prevResult = JSON.parse(added.stdout) as unknown;
    const leases = (): string[] => files('/var/lib/cni/networks');
    const found = { added: answered(added), leases: leases(), check: answered(call(who, 'CHECK', config, { prevResult })), status: answered(call(who, 'STATUS', config)) };
    if (who === 'ours') assert.is(call(who, 'GC', { ...config, 'cni.dev/valid-attachments': [{ containerID: 'c1', ifname: 'eth0' }] }).exitCode, 0);
    const del = answered(call(who, 'DEL', config, { prevResult }));
    assert.equal([leases(), notes(), files('/run/cni-wasm')], [[], [], []]);
    return { ...found, del };
  });
}

test('an ADD that fails behind a program that executes host-local in turn leaves no lease', () => {
  fresh('c1');
  for (const verb of ['ADD', 'DEL']) acme.does(verb, WRAPS(BIN));
  const { stdout } = call('ours', 'ADD', conf({ args: undefined, runtimeConfig: undefined, ipMasq: true, ipMasqBackend: 'ipfw' }));
  assert.match(stdout, 'ipfw');
  assert.equal([files('/var/lib/cni/networks'), notes(), files('/run/cni-wasm')], [[], [], []]);
});

test.run();
