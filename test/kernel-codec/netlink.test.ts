// Netlink on paper: bytes we write, answers in every form the kernel gives, and garbage that must neither hang nor be believed.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KernelError } from '../../host/kernel/kernel-error.ts';
import { attributesAfter, attributesOf, Body, listAttributes, textOf } from '../../host/kernel/live/attributes.ts';
import { linkKernel } from '../../host/kernel/live/link.ts';
import { messagesIn } from '../../host/kernel/live/netlink-message.ts';
import { Answer } from '../../host/kernel/live/nft-answer.ts';
import { ack, answer, done, failure, NLM_F_MULTI, scriptedContext, scriptedSocket } from './scripted-libc.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const isBadMessage = (error: unknown): boolean => error instanceof KernelError && error.errno === 'EBADMSG';
const socket = scriptedSocket;

test('every kind of attribute, padded to four bytes', () => {
  const body = new Body(Buffer.from([1, 2, 3, 4])).u8(1, 5).u16(2, 6).u32(3, 7).u64(4, 8n).be16(5, 9).be32(6, 10).be64(7, 11n).text(8, 'eth0').flag(9);
  assert.is(hex(body.done()), [
    '01020304', '0500010005000000', '0600020006000000', '0800030007000000', '0c0004000800000000000000', '0600050000090000', '080006000000000a',
    '0c000700000000000000000b', '090008006574683000000000', '04000900',
  ].join(''));
});

test('nested attributes count what is in them', () => {
  assert.is(hex(new Body().nest(18, (info) => info.text(1, 'veth').nest(2, (data) => data.u8(7, 1), 0)).done()), '1c0012800900010076657468000000000c000200050007000100' + '0000');
});

test('what is written is read back, however long', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(0x3fff), fc.uint8Array({ maxLength: 300 })), { maxLength: 20 }), (list) => {
    const body = list.reduce((sum, [type, payload]) => sum.attribute(type, payload), new Body());
    assert.equal(listAttributes(body.done()).map(({ type, payload }) => [type, hex(payload)]), list.map(([type, payload]) => [type, hex(payload)]));
  }));
});

test('flags on the type are no part of it, and of equal types the last counts', () => {
  const read = attributesOf(new Body().u8(0x8001, 1).u8(0x4001, 2).done());
  assert.equal([read.size, read.has(1), read.get(1)?.[0], read.has(2), read.get(2)], [1, true, 2, false, undefined]);
  assert.is(textOf(Buffer.from('eth0\0rest')), 'eth0');
  assert.is(textOf(Buffer.from('eth0')), 'eth0');
});

test('garbage is refused or read within its bounds', () => {
  for (const lengths of ['0000', '0300', 'ff00']) assert.throws(() => listAttributes(Buffer.from(`${lengths}010000000000`, 'hex')), isBadMessage);
  assert.throws(() => attributesAfter(Buffer.alloc(7), 8), isBadMessage);
  for (const read of [listAttributes, messagesIn]) {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        read(Buffer.from(bytes));
      } catch (error) {
        assert.ok(isBadMessage(error), String(error));
      }
    }), { numRuns: 2000 });
  }
});

test('an attribute does not reach into the message behind its own', () => {
  // A header of four bytes, then an attribute that says it has eight bytes more than are left of the message.
  const datagram = Buffer.concat([answer(1, 6, 2, Buffer.from('02000000' + '1000030000000000', 'hex')), answer(1, 6, 2, Buffer.alloc(16))]);
  const [first] = messagesIn(datagram);
  assert.throws(() => new Answer(first!).part(3), isBadMessage);
  assert.throws(() => new Answer(first!).content, isBadMessage);
});

test('a link that is gone, or has another name, when it is looked at after it was made', () => {
  const context = scriptedContext((sequence, sent) => [sent.readUInt16LE(4) === 16 ? ack(sequence) : failure(sequence, 19, '')]);
  assert.throws(() => linkKernel(context).create('host', { kind: 'bridge', name: 'cni0' }), (error: unknown) => error instanceof KernelError && error.errno === 'ENODEV');
});

test('an answer may take as long as it is large, but not be without an end to what others are told', () => {
  const clock = process.hrtime.bigint;
  let seconds = 0n;
  // Each look at the clock is four seconds after the last one.
  process.hrtime.bigint = () => (seconds += 4n) * 1_000_000_000n;
  try {
    const parts = (of: number) => (sequence: number) => [...Array.from({ length: 20 }, () => answer(sequence + of, 16, NLM_F_MULTI, Buffer.from('part'))), done(sequence)];
    assert.is(socket(parts(0)).dump(16, Buffer.alloc(0), 'list').length, 20);
    assert.throws(() => socket(parts(7)).dump(16, Buffer.alloc(0), 'list'), (error: unknown) => error instanceof KernelError && error.errno === 'ETIMEDOUT');
  } finally {
    process.hrtime.bigint = clock;
  }
});

test('an answer in parts, with messages for others between', () => {
  const read = socket((sequence) => [
    Buffer.concat([answer(sequence, 16, NLM_F_MULTI, Buffer.from('one!')), answer(sequence + 7, 16, NLM_F_MULTI, Buffer.from('not!'))]),
    answer(sequence, 16, NLM_F_MULTI, Buffer.from('two!')),
    done(sequence),
  ]).dump(18, Buffer.alloc(16), 'list links');
  assert.equal(read.map(({ type, body }) => [type, String(body)]), [[16, 'one!'], [16, 'two!']]);
});

test('a question about one object wants no acknowledgement, and takes nothing of another question for its answer', () => {
  const flags: number[] = [];
  const asked = socket((sequence, sent) => {
    flags.push(sent.readUInt16LE(6));
    return [answer(sequence - 1, 16, 0, Buffer.from('old!')), ack(sequence - 1), answer(sequence, 16, 0, Buffer.from([sequence, 0, 0, 0]))];
  });
  assert.equal([1, 2, 3].map(() => asked.ask(18, Buffer.alloc(16), 'find it')?.body[0]), [1, 2, 3]);
  assert.equal(flags, [1, 1, 1]);
  assert.throws(() => socket((sequence) => [failure(sequence, 19, '')]).ask(18, Buffer.alloc(16), 'find it'), /^find it: ENODEV$/);
  assert.throws(() => socket(() => []).ask(18, Buffer.alloc(16), 'find it'), /^find it: ETIMEDOUT$/);
  // Of several the rest is passed over.
  const wordy = socket((sequence) => ['one!', 'two!'].map((text) => answer(sequence, 16, 0, Buffer.from(`${text.slice(0, 3)}${sequence}`))));
  assert.equal([1, 2].map(() => String(wordy.ask(18, Buffer.alloc(16), 'find it')?.body)), ['one1', 'one2']);
});

test('a dump that was interrupted is taken again, and the fifth is believed', () => {
  let dumps = 0;
  const interruptedUntil = (clean: number) => (sequence: number): Buffer[] => {
    dumps++;
    return [answer(sequence, 16, NLM_F_MULTI | (dumps < clean ? 0x10 : 0), Buffer.from([dumps, 0, 0, 0])), done(sequence)];
  };
  assert.equal(socket(interruptedUntil(3)).dump(18, Buffer.alloc(16), 'list links').map(({ body }) => body[0]), [3]);
  dumps = 0;
  assert.equal(socket(interruptedUntil(99)).dump(18, Buffer.alloc(16), 'list links').map(({ body }) => body[0]), [5]);
});

test('errors by name and in the kernel\'s words', () => {
  const thrown = (answers: (sequence: number) => Buffer[]): string => {
    try {
      socket(answers).request(16, 0, Buffer.alloc(16), 'do it');
    } catch (error) {
      return (error as Error).message;
    }
    return 'nothing';
  };
  assert.is(thrown((sequence) => [ack(sequence)]), 'nothing');
  assert.is(thrown((sequence) => [failure(sequence, 17, 'is there')]), 'do it: is there (EEXIST)');
  const sent = answer(1, 16, 5, Buffer.alloc(20));
  assert.is(thrown((sequence) => [failure(sequence, 22, 'is odd', sent)]), 'do it: is odd (EINVAL)');
  assert.is(thrown((sequence) => [answer(sequence, 2, 0x100, Buffer.from('ffffffff' + '00'.repeat(16), 'hex'))]), 'do it: EPERM');
  assert.is(thrown((sequence) => [answer(sequence, 3, 0x202, Buffer.from('edffffff0c0001006e6f20646576000000', 'hex').subarray(0, 16))]), 'do it: no dev (ENODEV)');
  assert.is(thrown((sequence) => [failure(sequence, 4000, '')]), 'do it: E4000');
  assert.is(thrown(() => []), 'do it: ETIMEDOUT');
  assert.is(thrown((sequence) => [failure(sequence + 1, 17, 'of another')]), 'do it: ETIMEDOUT');
});

test('a transaction ends with its last acknowledgement or its first error, and leaves nothing for the next request', () => {
  const parts = [1, 2, 3].map((type) => ({ type, flags: type === 1 ? 0 : 4, body: Buffer.alloc(4) }));
  const actions = ['begin', 'add table', 'add chain'];
  socket((first) => [answer(first - 1, 16, 0, Buffer.from('old!')), ack(first + 1), ack(first + 2)]).transaction(parts, actions);
  let stale = true;
  const failing = socket((first) => {
    if (!stale) return [ack(first)];
    stale = false;
    return [ack(first + 1), failure(first + 2, 2, ''), failure(first, 22, 'later')];
  });
  assert.throws(() => failing.transaction(parts, actions), /^add chain: ENOENT$/);
  assert.equal(failing.request(16, 0, Buffer.alloc(4), 'next'), []);
});

test.run();
