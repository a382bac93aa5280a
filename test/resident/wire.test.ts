// What launcher and host say to each other, byte by byte, and that nothing else is believed.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ALIVE, formatReply, MAX_HELLO, MAX_STDIN, readHello, readStdin, WireError, type Read } from '../../host/resident/wire.ts';
import { helloBytes, replyOf, sized } from '../support/wire.ts';

const TEXTS = ['bridge', '/opt/cni-wasm/lib/host.cjs', 'CNI_COMMAND=ADD', 'PATH=/bin:/sbin'];
/** What was read, of which nothing may be left over. */
function whole<T>(read: Read<T>): T {
  if ('wanted' in read) throw new Error(`${read.wanted} bytes are wanted`);
  assert.is(read.rest.length, 0);
  return read.whole;
}
const refuses = (act: () => unknown, why: RegExp): void => assert.throws(act, (error: unknown) => error instanceof WireError && why.test(error.message));

test('a hello is a name, a host and an environment', () => {
  const { calledAs, oneShot, env } = whole(readHello(helloBytes(TEXTS)));
  assert.equal([calledAs, oneShot, { ...env }], ['bridge', '/opt/cni-wasm/lib/host.cjs', { CNI_COMMAND: 'ADD', PATH: '/bin:/sbin' }]);
});

test('of two variables of one name the first counts; one without "=" or without a name is none', () => {
  const { env } = whole(readHello(helloBytes([...TEXTS, 'CNI_COMMAND=DEL', 'nothing', '=C:', 'EMPTY=', '__proto__=x', 'A=b=c'])));
  assert.equal(Object.entries(env), [['CNI_COMMAND', 'ADD'], ['PATH', '/bin:/sbin'], ['EMPTY', ''], ['__proto__', 'x'], ['A', 'b=c']]);
});

test('whatever way it comes in parts, it is known when it is whole and not before', () => {
  const bytes = helloBytes(TEXTS);
  const stdin = sized(Buffer.from('{}'));
  for (const [read, all] of [[readHello, bytes], [readStdin, stdin]] as const) {
    for (let length = 0; length < all.length; length++) {
      const found = read(all.subarray(0, length));
      assert.ok('wanted' in found && found.wanted > length && found.wanted <= all.length, `of ${length} bytes`);
    }
  }
  assert.is(whole(readStdin(stdin)).toString(), '{}');
});

test('stdin that comes with the hello is what is left of it', () => {
  const read = readHello(Buffer.concat([helloBytes(TEXTS), sized(Buffer.from('{}'))]));
  assert.is('rest' in read && whole(readStdin(read.rest)).toString(), '{}');
});

test('a first word of somebody else is refused with its first byte', () => {
  refuses(() => readHello(Buffer.from('GET / HTTP/1.1')), /first word/);
  refuses(() => readHello(Buffer.from('x')), /first word/);
  refuses(() => readHello(Buffer.from('cniwasm1')), /first word/);
});

test('lengths are limited before anything is kept', () => {
  const head = (length: number): Buffer => Buffer.concat([Buffer.from('cniwasm2'), sizeOf(length)]);
  refuses(() => readHello(head(MAX_HELLO + 1)), /at most/);
  refuses(() => readStdin(sizeOf(MAX_STDIN + 1)), /at most/);
  refuses(() => readStdin(sizeOf(0xffffffff)), /at most/);
  refuses(() => readStdin(Buffer.concat([sizeOf(1), Buffer.from('{}')])), /more than a call/);
});

test('texts that do not end, or too few of them, are refused', () => {
  refuses(() => readHello(Buffer.concat([Buffer.from('cniwasm2'), sized(Buffer.from('bridge\0/host'))])), /without an end/);
  refuses(() => readHello(helloBytes(['bridge'])), /no path/);
  refuses(() => readHello(helloBytes(['', '/host'])), /no name/);
});

test('an answer is read as it was written, whatever is in it', () => {
  fc.assert(fc.property(fc.nat(255), fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (exitCode, stdout, stderr) => {
    const { stdout: out, stderr: err, ...rest } = replyOf(formatReply({ exitCode, stdout, stderr }));
    assert.equal([rest.exitCode, out, err], [exitCode, Buffer.from(stdout).toString(), Buffer.from(stderr).toString()]);
  }));
});

test('behind an answer there may be signs of life, and nothing else', () => {
  const answer = formatReply({ exitCode: 0, stdout: '{}', stderr: '' });
  assert.equal(replyOf(Buffer.concat([answer, ALIVE, ALIVE])), { exitCode: 0, stdout: '{}', stderr: '' });
  assert.throws(() => replyOf(Buffer.concat([answer, answer])), /should have 15/);
  assert.throws(() => replyOf(answer.subarray(0, -1)), /should have 15/);
});

function sizeOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(length);
  return bytes;
}

test.run();
