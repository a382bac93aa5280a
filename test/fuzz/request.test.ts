// Any bytes on stdin and in the environment: a call succeeds or ends in one CNI error, and then the node is as it was before.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readRequest } from '../../host/protocol/read-request.ts';
import { formatError } from '../../host/protocol/write-result.ts';
import { fakeNode } from '../support/fake-host.ts';
import { anyConfig } from './configs.ts';
import { answerOf, runs } from './runs.ts';

const often = <T>(usual: T, ...others: T[]): fc.Arbitrary<T | string> => fc.oneof({ weight: 20, arbitrary: fc.constant(usual) }, { weight: 2, arbitrary: fc.constantFrom(...others) }, fc.string({ maxLength: 20, unit: 'binary' }));
const environment = fc.record({
  CNI_COMMAND: fc.oneof(often('ADD', 'add', ''), fc.constantFrom('DEL', 'CHECK', 'GC', 'STATUS')),
  CNI_CONTAINERID: often('c1', 'default-c1', '../c1', '', 'c'.repeat(300)),
  CNI_NETNS: often('/run/netns/c1', '', '/', '/proc/self/ns/net', '/no/such'),
  CNI_IFNAME: often('eth0', 'lo', 'a name that is too long', '..', ''),
  CNI_ARGS: often('IgnoreUnknown=1', 'IP=192.0.2.9', 'MAC=02:00:00:00:00:09', ';', 'IgnoreUnknown=maybe', 'a=b'),
  CNI_PATH: often('/opt/cni/bin', '', ':', '/a:/b'),
}, { requiredKeys: ['CNI_COMMAND', 'CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH'] });

const stdin = fc.oneof(
  { weight: 6, arbitrary: anyConfig.map((config) => Buffer.from(JSON.stringify(config))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.tuple(anyConfig, fc.nat(200), fc.nat(255)).map(([config, at, byte]) => {
    const bytes = Buffer.from(JSON.stringify(config));
    bytes[at % bytes.length] = byte;
    return bytes;
  }) },
  { weight: 1, arbitrary: fc.nat(100_000).map((depth) => Buffer.from('['.repeat(depth))) },
);

test('a request of anything', () => {
  fc.assert(fc.property(environment, stdin, fc.constantFrom('bridge', 'portmap', 'cni-wasm', '../bridge'), (env, bytes, calledAs) => {
    const answered = answerOf(() => readRequest(calledAs, env, () => bytes));
    if ('error' in answered) assert.type(JSON.parse(formatError(answered.error)).msg, 'string');
  }), runs(3000));
});

test('a whole call of anything', () => {
  const done: Record<string, number> = {};
  fc.assert(fc.property(fc.constantFrom('bridge', 'host-local', 'portmap', 'bandwidth', 'loopback', 'cni-wasm'), environment, stdin, fc.boolean(), (calledAs, env, bytes, twice) => {
    const node = fakeNode();
    const before = node.picture();
    for (let times = twice ? 2 : 1; times > 0; times--) {
      const was = node.picture();
      const verb = env.CNI_COMMAND ?? '';
      const answered = answerOf(() => node.call(calledAs, env, bytes));
      if ('value' in answered) done[verb] = (done[verb] ?? 0) + 1;
      if ('error' in answered && verb === 'ADD') assert.is(node.picture(), was, answered.error.message);
      if (verb === 'CHECK' || verb === 'STATUS') assert.is(node.picture(), was);
    }
    if (env.CNI_COMMAND !== 'ADD') assert.is(node.picture(), before);
    node.remove();
  }), runs(400));
  assert.ok((done['ADD'] ?? 0) > 20, JSON.stringify(done));
});

test.run();
