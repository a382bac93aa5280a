// How much waits over all connections: large ones are told no, ordinary ones never, and who leaves gives back what was his.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newRoom } from '../../host/resident/room.ts';

const OWN = 64 * 1024;

test('what each connection has of its own is not counted', () => {
  const room = newRoom(0);
  for (let i = 0; i < 5; i++) {
    const part = room.part();
    assert.ok(part.take(OWN - 1));
    assert.ok(part.take(1));
    assert.not.ok(part.take(1));
  }
});

test('what is beyond that they share', () => {
  const room = newRoom(100);
  const [one, other] = [room.part(), room.part()];
  assert.ok(one.take(OWN + 60));
  assert.not.ok(other.take(OWN + 41));
  assert.ok(other.take(OWN + 40), 'what was refused is not counted');
  assert.not.ok(one.take(1));
});

test('who leaves gives back what was his, once', () => {
  const room = newRoom(100);
  const [one, other] = [room.part(), room.part()];
  assert.ok(one.take(OWN + 30));
  assert.ok(other.take(OWN + 70));
  one.leave();
  one.leave();
  assert.ok(other.take(30));
  assert.not.ok(other.take(1));
});

test.run();
