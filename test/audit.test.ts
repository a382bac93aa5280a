// However much a module asks for, the audit log of its run has an end.
// SPDX-License-Identifier: Apache-2.0

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { auditOf } from '../host/audit.ts';
import { CniError, CODE } from '../host/cni-error.ts';
import { openLog } from '../host/log.ts';

test('a line is short, and there are a hundred at most', () => {
  const lines: string[] = [];
  const audit = auditOf(openLog({}, (line) => lines.push(line)), { module: 'acme' });
  const long = '"\u2028'.repeat(100_000);
  for (let i = 0; i < 200; i++) audit(new CniError(CODE.capabilityDenied, `iptables.apply of ${long}`, { kind: 'denied', op: 'iptables.apply', at: long }), 'iptables.apply');
  assert.is(lines.length, 101);
  assert.ok(lines.every((line) => line.length < 4096), String(lines[0]?.length));
  assert.match(lines[0]!, /iptables\.apply of/);
});

test.run();
