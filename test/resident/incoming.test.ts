// Bytes that come in chunks of any size are read as if they had come at once.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { incoming } from '../../host/resident/incoming.ts';
import { readHello, readStdin } from '../../host/resident/wire.ts';
import { helloBytes, sized } from '../support/wire.ts';

test('hello and stdin, cut anywhere', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.integer({ min: 1, max: 60 })), (stdin, cuts) => {
    const bytes = Buffer.concat([helloBytes(['bridge', '/host', 'CNI_COMMAND=ADD']), sized(stdin)]);
    const received = incoming();
    const found: unknown[] = [];
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const end = at + (cuts[i] ?? bytes.length);
      received.add(bytes.subarray(at, end));
      at = end;
      if (found.length === 0) found.push(...[received.take(readHello)].filter(Boolean));
      if (found.length === 1) found.push(...[received.take(readStdin)].filter(Boolean));
    }
    assert.is((found[0] as { calledAs: string }).calledAs, 'bridge');
    assert.equal(Buffer.from(found[1] as Buffer), Buffer.from(stdin));
  }));
});

test('the reader is not asked again before there is what it wanted', () => {
  const received = incoming();
  let asked = 0;
  const read = (bytes: Buffer): ReturnType<typeof readStdin> => {
    asked++;
    return readStdin(bytes);
  };
  const bytes = sized(Buffer.alloc(1000));
  for (let at = 0; at < bytes.length - 1; at++) {
    received.add(bytes.subarray(at, at + 1));
    assert.is(received.take(read), undefined);
  }
  assert.is(asked, 2, 'once for the length, once for how many bytes it announces');
  received.add(bytes.subarray(-1));
  assert.is(received.take(read)?.length, 1000);
});

test.run();
