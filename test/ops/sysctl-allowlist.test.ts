// The node's allow-list for tuning: Go's regular expressions as ours, and what the file says by being there.
// SPDX-License-Identifier: Apache-2.0

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CniError } from '../../host/cni-error.ts';
import { checkAllowlist } from '../../host/ops/sysctl-allowlist.ts';

const root = mkdtempSync(join(tmpdir(), 'cni-wasm-allowlist-'));
const file = join(root, 'allowlist.conf');
test.after(() => rmSync(root, { recursive: true }));

function check(text: string, ...keys: string[]): ReturnType<typeof checkAllowlist> {
  writeFileSync(file, text);
  return checkAllowlist(file, keys);
}

const FORWARD = 'net.ipv4.ip_forward';

test('without the file everything is allowed, an empty one allows nothing', () => {
  assert.equal(checkAllowlist(join(root, 'none'), [FORWARD]), { patterns: [] });
  assert.equal(check('', FORWARD), { refused: FORWARD, patterns: [] });
  assert.equal(check(' \n\n'), { patterns: [] });
});

test('one pattern on each line, without the blanks around it, anywhere in the key', () => {
  assert.equal(check('ip_f\n\n# c\n  foo  \r\n', FORWARD, 'net.x'), { refused: 'net.x', patterns: ['ip_f', '# c', 'foo'] });
  assert.is(check('^net.ipv4.ip_forward$\r\n', FORWARD).refused, undefined);
});

const SAME: readonly [string, string, boolean][] = [
  ['^net\\.ipv4\\.conf\\.IFNAME\\.[a-z_]*$', 'net.ipv4.conf.IFNAME.arp_notify', true],
  ['^net\\.ipv4\\.conf\\.IFNAME\\.[a-z_]*$', 'net/ipv4/conf/IFNAME/arp_notify', false],
  ['(?i)IP_FORWARD', FORWARD, true],
  ['\\Anet[[:punct:]]ipv4.*forward\\z', FORWARD, true],
  ['\\Aipv4', FORWARD, false],
  ['(?P<family>ipv[46])', FORWARD, true],
  ['^net\\.[[:alpha:]]+$', FORWARD, false],
];
for (const [pattern, key, expected] of SAME) test(`${pattern} on ${key}: ${expected}`, () => assert.is(check(pattern, key).refused === undefined, expected));

test('what is no regular expression is said', () => {
  assert.throws(() => check('a(?i)b', FORWARD), /error parsing regexp/);
  assert.throws(() => check('[', FORWARD), (error: unknown) => error instanceof CniError && /^error parsing regexp: .*: `\[`$/.test(error.message));
  assert.throws(() => checkAllowlist(root, [FORWARD]), (error: unknown) => error instanceof CniError && error.message === `read ${root}: is a directory`);
});

test.run();
