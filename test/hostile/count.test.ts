// The corpus is no smaller than it was promised to be, and no case stands in it twice.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addresses } from './cases/addresses.ts';
import { stores } from './cases/files.ts';
import { links } from './cases/links.ts';
import { messages } from './cases/messages.ts';
import { modules } from './cases/modules.ts';
import { rules } from './cases/rules.ts';
import { sandbox } from './cases/sandbox.ts';
import { verbs } from './cases/verbs.ts';
import { wasi } from './cases/wasi.ts';

const PROMISED = 60;
const node = { veth: 'veth0', neighbour: '192.0.2.2', redLease: '192.168.9.2' };
const all = [...links(node), ...addresses(node), ...rules(node), ...stores(node), ...verbs(), ...sandbox(), ...messages(), ...modules(), ...wasi()];

test(`${all.length} modules, each with one escape`, () => {
  assert.ok(all.length >= PROMISED);
  assert.is(new Set(all.map(({ name }) => name)).size, all.length);
});

test('nearly all are for the audit log to name; the rest are those that are told what is no secret', () => {
  const unnamed = all.filter(({ operation }) => operation === undefined).map(({ name }) => name);
  assert.ok(unnamed.length < 15, unnamed.join('\n'));
});

test.run();
