// Any content of a lease folder: an address that is taken is not handed out, what others hold stays theirs, and nothing crashes.
// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chainOf, fakeNode } from '../support/fake-host.ts';
import { answerOf, runs } from './runs.ts';

const MINE = 'c1\r\neth0';
const name = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 9 }).map((n) => `192.0.2.${n}`) },
  { weight: 1, arbitrary: fc.constantFrom('last_reserved_ip.0', 'last_reserved_ip.1', 'lock', '.hidden', 'x', '192.0.2.300', '2001:db8::2', '192.0.2.2.new', '*', 'a\nb', '10.0.0.1') },
);
const content = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(MINE, 'c2\r\neth0', 'c1\r\neth1', 'c1', 'c2', '', '192.0.2.4', '\r\n', 'c1\neth0') },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')) },
);
const folder = fc.dictionary(name, fc.oneof({ weight: 8, arbitrary: content }, { weight: 1, arbitrary: fc.constant(undefined) }), { maxKeys: 10 });
const IPAM = { type: 'host-local', ipam: { type: 'host-local', ranges: [[{ subnet: '192.0.2.0/28', rangeEnd: '192.0.2.9' }]] } };

const contentsOf = (path: string): Record<string, string> => Object.fromEntries(readdirSync(path).filter((file) => statSync(join(path, file)).isFile()).map((file) => [file, readFileSync(join(path, file), 'latin1')]));
/** A writer that was killed leaves an empty file, a lost power perhaps NULs. */
const saysWhose = (text: string): boolean => /[^\0\s]/.test(text);
const isLease = (file: string): boolean => file !== 'lock' && !file.startsWith('last_reserved_ip.');

test('a lease folder of anything', () => {
  let given = 0;
  fc.assert(fc.property(folder, fc.constantFrom('ADD' as const, 'DEL' as const, 'GC' as const), (files, verb) => {
    const node = fakeNode();
    const path = join(node.leases, 'blue');
    mkdirSync(path, { recursive: true });
    // `undefined` is a folder where a file should be.
    for (const [file, text] of Object.entries(files)) {
      if (text === undefined) mkdirSync(join(path, file));
      else writeFileSync(join(path, file), text, 'latin1');
    }
    const before = contentsOf(path);
    if (verb === 'ADD') {
      const added = answerOf(() => node.add(chainOf('ADD', [IPAM])) as { ips: { address: string }[] });
      const after = contentsOf(path);
      for (const [file, text] of Object.entries(before)) if (isLease(file) && saysWhose(text)) assert.is(after[file], text, `"${file}" was ${JSON.stringify(text)}`);
      if ('value' in added) {
        given++;
        const address = added.value.ips[0]!.address.replace('/28', '');
        assert.not.ok(saysWhose(before[address] ?? ''), `${address} was taken by ${JSON.stringify(before[address])}`);
        assert.is(after[address], MINE);
      }
    } else {
      answerOf(() => verb === 'DEL' ? node.del(chainOf('DEL', [IPAM])) : node.gc(chainOf('GC', [IPAM], { netns: '', frame: { 'cni.dev/valid-attachments': [{ containerID: 'c2', ifname: 'eth0' }] } })));
      const after = contentsOf(path);
      for (const [file, text] of Object.entries(before)) if (/^c2(\r\neth0)?$/.test(text)) assert.is(after[file], text, `"${file}" of c2`);
    }
    node.remove();
  }), runs(250));
  assert.ok(given > 20, `only ${given} addresses given`);
});

test.run();
