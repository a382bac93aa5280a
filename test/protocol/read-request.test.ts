// The environment and stdin, as the reference plugins judge them: texts, codes and order.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { withinCallOn } from '../../host/protocol/within.ts';
import { readRequest } from '../../host/protocol/read-request.ts';
import { checkVersion, VERSIONS, versionAnswer } from '../../host/protocol/versions.ts';
import type { Request, Verb } from '../../host/protocol/request.ts';

const ENV = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_NETNS: '/run/netns/c1', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin:/usr/lib/cni' };
const CONFIG = '{"cniVersion":"1.0.0","name":"blue","type":"bridge"}';
const read = (env: Record<string, string | undefined>, stdin: string | Uint8Array = CONFIG): Request => readRequest('bridge', env, () => Buffer.from(stdin));

function refuses(code: number, msg: string | RegExp, act: () => unknown, details?: string): void {
  try {
    act();
  } catch (error) {
    assert.instance(error, CniError);
    const { code: got, message, facts } = error as CniError;
    assert.is(got, code, message);
    if (typeof msg === 'string') assert.is(message, msg);
    else assert.match(message, msg);
    if (details !== undefined) assert.is(facts.details, details);
    return;
  }
  assert.unreachable('it was accepted');
}

test('a whole request', () => {
  const { netconf, ...request } = read({ ...ENV, CNI_ARGS: 'IgnoreUnknown=1', CNI_NETNS_OVERRIDE: 'TRUE' });
  assert.equal(request, {
    verb: 'ADD', calledAs: 'bridge', attachment: { network: 'blue', containerId: 'c1', ifname: 'eth0' }, netns: '/run/netns/c1', netnsOverride: true,
    withinNetwork: false, args: 'IgnoreUnknown=1', path: ['/opt/cni/bin', '/usr/lib/cni'],
  });
  assert.equal(netconf, { text: CONFIG, value: JSON.parse(CONFIG), cniVersion: '1.0.0', name: 'blue', type: 'bridge' });
});

test('a call from inside another one of ours', () => {
  const around = { network: 'blue', containerId: 'c1', ifname: 'eth0' };
  const place = (within: Record<string, string | undefined>, own: Partial<typeof ENV> = {}): unknown[] => {
    const { attachment, withinNetwork } = read({ ...ENV, ...own, ...within });
    return [withinNetwork, attachment.depth];
  };
  assert.equal(place(withinCallOn(around)), [true, 1]);
  assert.equal(place(withinCallOn({ ...around, depth: 1 })), [true, 2], 'and that one from inside a third');
  assert.equal(place(withinCallOn({ ...around, ifname: 'eth1' })), [true, undefined], 'on another attachment of the network');
  assert.equal(place(withinCallOn({ ...around, network: 'green' })), [false, 1], 'which is on another network');
  for (const nonsense of ['', 'blue', '{}', '["blue"', '7']) assert.equal(place({ CNI_WASM_WITHIN: nonsense }), [false, undefined], nonsense);
});

const MISSING: readonly [Verb, string][] = [
  ['ADD', 'CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH'],
  ['CHECK', 'CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH'],
  ['DEL', 'CNI_CONTAINERID,CNI_IFNAME,CNI_PATH'],
  ['GC', 'CNI_PATH'],
  ['STATUS', 'CNI_PATH'],
];
for (const [verb, names] of MISSING) {
  test(`${verb} without any variable`, () => refuses(4, `required env variables [${names}] missing`, () => read({ CNI_COMMAND: verb })));
}

test('VERSION needs nothing and leaves stdin alone', () => {
  assert.is(readRequest('bridge', { CNI_COMMAND: 'VERSION' }, () => { throw new Error('read'); }).verb, 'VERSION');
});

test('an unknown command', () => refuses(4, 'unknown CNI_COMMAND: add', () => read({ ...ENV, CNI_COMMAND: 'add' })));

test('container ids', () => {
  for (const id of ['c1', 'C.1_2-3', '0']) assert.is(read({ ...ENV, CNI_CONTAINERID: id }).attachment.containerId, id);
  for (const id of ['-c1', '../c1', 'c 1', 'c1\n', 'ü']) refuses(4, 'invalid characters in containerID', () => read({ ...ENV, CNI_CONTAINERID: id }), id);
});

test('a malformed value is reported before missing ones', () => refuses(4, 'invalid characters in containerID', () => read({ ...ENV, CNI_CONTAINERID: '/', CNI_NETNS: '' })));

test('interface names', () => {
  refuses(4, 'interface name is too long', () => read({ ...ENV, CNI_IFNAME: 'a234567890123456' }), 'interface name should be less than 16 characters');
  refuses(4, 'interface name is too long', () => read({ ...ENV, CNI_IFNAME: 'üüüüüüüü' }));
  for (const name of ['.', '..']) refuses(4, 'interface name is . or ..', () => read({ ...ENV, CNI_IFNAME: name }));
  for (const name of ['a/b', 'a:b', 'a b', 'a\tb', 'a\u0085b']) refuses(4, 'interface name contains / or : or whitespace characters', () => read({ ...ENV, CNI_IFNAME: name }));
});

test('GC and STATUS do not judge what they do not need', () => {
  assert.is(read({ ...ENV, CNI_COMMAND: 'GC', CNI_CONTAINERID: '/', CNI_IFNAME: '/' }).verb, 'GC');
});

test('stdin that is no configuration', () => {
  refuses(6, 'error unmarshall network config: unexpected end of JSON input', () => read(ENV, ''));
  refuses(6, 'error unmarshall network config: unexpected end of JSON input', () => read(ENV, '{"name":'));
  refuses(6, "error unmarshall network config: invalid character 'h' looking for beginning of value", () => read(ENV, 'hello'));
  refuses(6, /^error unmarshall network config: invalid UTF-8/, () => read(ENV, Uint8Array.from([0x22, 0xff, 0x22])));
  refuses(6, /^error unmarshall network config: /, () => read(ENV, '\ufeff{"name":"blue"}'));
  refuses(6, /^error unmarshall network config: nested deeper/, () => read(ENV, `{"name":"blue","x":${'['.repeat(100)}${']'.repeat(100)}}`));
  refuses(6, /^error unmarshall network config: nested deeper/, () => read(ENV, '['.repeat(1_000_000)));
  refuses(6, /^error unmarshall network config: "name" must be a string/, () => read(ENV, '{"name":5}'));
  refuses(5, /^error reading from stdin: EISDIR/, () => readRequest('bridge', ENV, () => { throw new Error('EISDIR'); }));
});

test('network names', () => {
  for (const config of ['{}', '{"name":""}', '{"name":null}']) refuses(7, 'missing network name', () => read(ENV, config));
  refuses(7, 'invalid characters found in network name', () => read(ENV, '{"name":"a/b"}'), 'a/b');
  assert.is(read(ENV, '{"NAME":"blue","CNIVersion":"0.4.0"}').netconf.cniVersion, '0.4.0');
  assert.is(read(ENV, '{"name":"red","name":"blue"}').netconf.name, 'blue');
});

test('no version stands for 0.1.0', () => assert.is(read(ENV, '{"name":"blue"}').netconf.cniVersion, '0.1.0'));

test('attachments to keep: absent is unknown, null is none', () => {
  const kept = (keys: string) => read(ENV, `{"name":"blue"${keys}}`).netconf.validAttachments;
  assert.is(kept(''), undefined);
  assert.equal(kept(',"cni.dev/attachments":null'), []);
  assert.equal(kept(',"cni.dev/valid-attachments":[{"containerID":"c1","ifname":"eth0"}],"cni.dev/attachments":null'), [{ containerID: 'c1', ifname: 'eth0' }]);
  refuses(6, /must be a list/, () => kept(',"cni.dev/valid-attachments":{}'));
  refuses(6, /must have containerID and ifname/, () => kept(',"cni.dev/valid-attachments":["c1"]'));
});

test('versions', () => {
  for (const version of VERSIONS) checkVersion('ADD', version, VERSIONS);
  const bandwidth = VERSIONS.slice(2);
  refuses(1, 'incompatible CNI versions', () => checkVersion('ADD', '0.2.0', bandwidth), 'config is "0.2.0", plugin supports ["0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]');
  refuses(1, 'incompatible CNI versions', () => checkVersion('DEL', 'nonsense', VERSIONS));
  refuses(1, 'config version does not allow CHECK', () => checkVersion('CHECK', '0.3.1', VERSIONS));
  refuses(1, 'config version does not allow GC', () => checkVersion('GC', '1.0.0', VERSIONS));
  refuses(1, 'config version does not allow STATUS', () => checkVersion('STATUS', '1.0.0', VERSIONS));
  refuses(1, 'plugin version does not allow CHECK', () => checkVersion('CHECK', '9.0.0', VERSIONS));
  refuses(1, 'incompatible CNI versions', () => checkVersion('CHECK', '0.5.0', VERSIONS));
  refuses(6, 'failed to parse config version "nonsense"', () => checkVersion('STATUS', 'nonsense', VERSIONS));
  assert.is(versionAnswer(VERSIONS), '{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}\n');
});

test.run();
