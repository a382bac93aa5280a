// Any bytes a guest may pass, anywhere in its memory, to any function it may call: only a request that fits its shape is performed,
// whatever else is said is one CNI error, and the guest's memory changes only where it asked for it.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OPS, type Op } from '../../abi/ops.ts';
import { CODE } from '../../host/cni-error.ts';
import { DEFAULT_LIMITS } from '../../host/grant/grants.ts';
import { importsOf } from '../../host/sandbox/bind-imports.ts';
import { newGuest, withRunning, type Guest } from '../../host/sandbox/guest.ts';
import type { GuestCall } from '../../host/sandbox/sandbox.ts';
import { mismatch } from '../../host/sandbox/validate-shape.ts';
import { fitting, nearlyFitting } from './from-shape.ts';
import { answerOf, runs } from './runs.ts';

const PAGE = 65536;
const LIMITS = { ...DEFAULT_LIMITS, messageBytes: 4096, resultBytes: 4096, logBytes: 4096, logRecords: 20, operations: 20 };
const GRANTED = new Set(OPS.filter((_, at) => at % 5 !== 0).map(({ domain, name }) => `${domain}.${name}`));

interface Said { module: string; name: string; bytes: Uint8Array; at: number; length: number }

/** Requests that fit, that nearly fit, that are torn or have a byte changed, and bytes that are no text. */
const messages = (op: Op): fc.Arbitrary<Uint8Array> => {
  const texts = fc.oneof(fitting(op.request), nearlyFitting(op.request), fc.jsonValue()).map((value) => Buffer.from(JSON.stringify(value)));
  return fc.oneof(
    { weight: 4, arbitrary: texts },
    { weight: 2, arbitrary: fc.tuple(texts, fc.nat(), fc.nat(255)).map(([text, at, byte]) => text.with(at % text.length, byte)) },
    { weight: 1, arbitrary: fc.tuple(texts, fc.nat()).map(([text, length]) => text.subarray(0, length % text.length)) },
    { weight: 1, arbitrary: fc.nat(3000).map((depth) => Buffer.from('[{"a":'.repeat(depth))) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6000 }) },
  );
};
const addresses = fc.oneof({ weight: 60, arbitrary: fc.nat(PAGE - 8192) }, fc.constantFrom(0, PAGE - 1, PAGE, -1, -PAGE, 0x7fffffff, -0x80000000), fc.integer());
const ABI = ['take', 'result', 'fail', 'log', 'log_level', 'now', 'random', 'grants', 'close'];

/** It imports all that there is; it need not run to say anything. */
const MODULE: GuestCall['module'] = {
  code: undefined as never, isOurs: false, exports: new Map(),
  imports: [...OPS.map(({ domain, name }) => [domain, name]), ...ABI.map((name) => ['abi', name])].map(([domain, name]) => ({ module: `cni:${domain}/1`, name: name!, kind: 'function' })),
};

const said: fc.Arbitrary<Said> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...OPS).map((op) => ({ op, module: `cni:${op.domain}/1`, name: op.name })) },
  { weight: 3, arbitrary: fc.constantFrom(...ABI).map((name) => ({ op: OPS[0]!, module: 'cni:abi/1', name })) },
).chain(({ op, module, name }) => fc.record({
  module: fc.constant(module), name: fc.constant(name), bytes: messages(op), at: addresses,
  length: fc.oneof({ weight: 30, arbitrary: fc.constant(undefined) }, fc.nat(4096), fc.integer()),
})).map(({ length, ...one }) => ({ ...one, length: length ?? one.bytes.length }));

const performed: Record<string, number> = {};

function guestWith(memory: WebAssembly.Memory): Guest {
  const call: GuestCall = {
    module: MODULE, name: 'acme', entry: 'cni_add', request: '{}', limits: LIMITS, granted: GRANTED, grants: { store: 'own' },
    perform: (op, request) => {
      assert.is(mismatch(op.request, request), undefined);
      assert.ok(GRANTED.has(`${op.domain}.${op.name}`));
      performed[`${op.domain}.${op.name}`] = 1 + (performed[`${op.domain}.${op.name}`] ?? 0);
      return { given: 'x'.repeat(JSON.stringify(request).length * 30) };
    },
    log: ({ text }) => assert.ok(Buffer.byteLength(text) <= 3 * LIMITS.logBytes), audit: () => undefined, logLevel: 'debug', random: (bytes) => void bytes.fill(7), close: () => false,
  };
  return Object.assign(newGuest(call), { memory });
}

/** Where the host may have written: what take, random and nothing else fill. */
const mayWrite = ({ name }: Said): boolean => name === 'take' || name === 'random';

test('whatever a guest says', () => {
  fc.assert(fc.property(fc.array(said, { minLength: 1, maxLength: 30 }), (all) => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
    const guest = guestWith(memory);
    const imports = importsOf(MODULE);
    const bytes = new Uint8Array(memory.buffer);
    for (const one of all) {
      const at = one.at >>> 0;
      if (at + one.bytes.length <= PAGE) bytes.set(one.bytes, at);
      const before = bytes.slice();
      const answered = answerOf(() => withRunning(guest, () => imports[one.module]![one.name]!(one.name === 'log' ? 1 : one.at, one.name === 'log' ? one.at : one.length, one.length)));
      if ('error' in answered) {
        assert.ok(answered.error.code === CODE.trap || answered.error.code === CODE.limit, answered.error.message);
        assert.is(guest.fatal, answered.error);
      }
      const end = (one.length >>> 0) + at;
      if (!mayWrite(one) || 'error' in answered) assert.ok(Buffer.compare(before, bytes) === 0, `${one.name} wrote`);
      else assert.ok(Buffer.compare(before.subarray(0, at), bytes.subarray(0, at)) === 0 && Buffer.compare(before.subarray(end), bytes.subarray(end)) === 0, `${one.name} wrote beyond`);
      // A guest cannot catch it, so that it says no more.
      if ('error' in answered) return;
      if (guest.waiting && one.module !== 'cni:abi/1') assertAnswer(guest.waiting, Number(answered.value));
    }
  }), runs(600));
  assert.is(Object.keys(performed).sort().join(), [...GRANTED].sort().join(), 'each operation was performed');
});

/** The sign tells an answer from an error, the rest how long it is. */
function assertAnswer(waiting: Uint8Array, status: number): void {
  assert.is(Math.abs(status), waiting.length);
  const document = JSON.parse(Buffer.from(waiting).toString()) as { code?: number; msg?: string };
  if (status > 0) return;
  assert.ok(Number.isSafeInteger(document.code) && typeof document.msg === 'string', JSON.stringify(document));
  assert.not.match(document.msg!, /\n\s+at /);
}

test.run();
