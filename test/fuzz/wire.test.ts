// Whatever comes through the socket: it is a hello or stdin, it is waited for, or it is refused, and nothing else happens.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readHello, readStdin, WireError } from '../../host/resident/wire.ts';
import { helloBytes, sized } from '../support/wire.ts';
import { runs } from './runs.ts';

function isTakenOrRefused(read: (bytes: Buffer) => unknown, bytes: Buffer): void {
  try {
    read(bytes);
  } catch (error) {
    assert.instance(error, WireError);
  }
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const hello = fc.array(fc.string({ unit: 'binary' }), { maxLength: 8 }).map(helloBytes);

test('bytes at random, alone and behind the right beginning', () => {
  fc.assert(fc.property(bytes, (some) => {
    isTakenOrRefused(readHello, some);
    isTakenOrRefused(readHello, Buffer.concat([Buffer.from('cniwasm2'), some]));
    isTakenOrRefused(readHello, Buffer.concat([Buffer.from('cniwasm2'), sized(some)]));
    isTakenOrRefused(readStdin, some);
  }), runs(1000));
});

test('a hello with one byte changed, cut off or put in', () => {
  fc.assert(fc.property(hello, fc.nat(), fc.nat(255), (good, at, value) => {
    const place = at % good.length;
    const changed = Buffer.from(good);
    changed[place] = value;
    isTakenOrRefused(readHello, changed);
    isTakenOrRefused(readHello, good.subarray(0, place));
    isTakenOrRefused(readHello, Buffer.concat([good.subarray(0, place), Buffer.from([value]), good.subarray(place)]));
  }), runs(1000));
});

test.run();
