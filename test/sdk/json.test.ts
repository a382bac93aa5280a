// The SDK's JSON cursor and writer against JavaScript's own.
// SPDX-License-Identifier: Apache-2.0

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadProbe } from './probe-call.ts';

const probe = await loadProbe();
const RUNS = { numRuns: 2000 };

const parsed = (text: string): unknown => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
};

/** As the cursor sees it: whole numbers beyond float64 are texts here. */
const anyJson = fc.json({ maxDepth: 6, stringUnit: 'binary' });

test('what JSON.stringify writes is read and written back with the same meaning', () => {
  fc.assert(fc.property(anyJson, (text) => {
    const [verbatim, rebuilt] = probe('rewrite', text).split('\n');
    const value: unknown = JSON.parse(text);
    assert.equal(JSON.parse(verbatim!), [value]);
    assert.equal(JSON.parse(rebuilt!), Array.isArray(value) ? value : [[value]]);
  }), RUNS);
});

test('escapes, blanks and lone surrogates survive', () => {
  const text = ' { "a\\u0062" : "\\ud83d\\ude00 \\ud800 \\" \\\\ \\/ \\b\\f\\n\\r\\t \\u0000" ,\r\t"é": [ ] , "x":{ } }\t';
  const [verbatim, rebuilt] = probe('rewrite', text).split('\n');
  assert.equal(JSON.parse(verbatim!), [JSON.parse(text)]);
  assert.equal(JSON.parse(rebuilt!), [[JSON.parse(text)]]);
});

test('a changed text is refused exactly when JSON.parse refuses it', () => {
  const change = fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.constantFrom('', '"', '\\', ',', ':', '[', '}', '-', '0', '1', 'e', '.', 'tru', 'null', '\u0001', ' ', 'é', '\\u12', '\\x') });
  fc.assert(fc.property(anyJson, fc.array(change, { minLength: 1, maxLength: 3 }), (text, changes) => {
    for (const { at, remove, insert } of changes) {
      const start = at % (text.length + 1);
      text = text.slice(0, start) + insert + text.slice(start + remove);
    }
    text = text.toWellFormed();
    assert.is(probe('rewrite', text) === 'invalid', parsed(text) === undefined, text);
  }), RUNS);
});

test('bytes that are no text are refused, whatever they are', () => {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const valid = (bytes: Uint8Array): boolean => {
    try {
      return parsed(utf8.decode(bytes)) !== undefined;
    } catch {
      return false;
    }
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), fc.boolean(), (bytes, quoted) => {
    const input = quoted ? Uint8Array.from([0x22, ...bytes, 0x22]) : bytes;
    assert.is(probe('rewrite', input) !== 'invalid', valid(input));
  }), RUNS);
});

test('64 levels are read, 65 are refused', () => {
  assert.is.not(probe('rewrite', '['.repeat(64) + ']'.repeat(64)), 'invalid');
  assert.is(probe('rewrite', '['.repeat(65) + ']'.repeat(65)), 'invalid');
});

test('whole numbers are exact over 64 bits; fractions, exponents and larger ones are none', () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }), (value) => {
    const int = value >= -(2n ** 63n) && value < 2n ** 63n ? String(value) : '-';
    const uint = value >= 0n && value < 2n ** 64n ? String(value) : '-';
    assert.is(probe('integer', String(value)), `${int} ${uint}`);
  }), RUNS);
  for (const [text, read] of [['0', '0 0'], ['-0', '0 -'], ['1e3', '- -'], ['1.0', '- -'], ['1E+06', '- -'], ['4.294967295e+09', '- -'],
    ['9223372036854775807', '9223372036854775807 9223372036854775807'], ['-9223372036854775808', '-9223372036854775808 -'],
    ['9223372036854775808', '- 9223372036854775808'], ['18446744073709551615', '- 18446744073709551615'], ['18446744073709551616', '- -']]) {
    assert.is(probe('integer', text!), read);
  }
});

test('keys are found exactly or in any case; the last one that is not null counts', () => {
  const find = (document: string, key: string): string[] => probe('find', `[${document},${JSON.stringify(key)}]`).split('\n');
  assert.equal(find('{"a":1,"b":{"a":2},"a":3}', 'a'), ['[3]', '[3]']);
  assert.equal(find('{"MTU":1,"mtu":2,"Mtu":3}', 'mtu'), ['[2]', '[3]']);
  assert.equal(find('{"mtu":5,"mtu":null}', 'mtu'), ['[5]', '[5]']);
  assert.equal(find('{"\\u006dtu":5}', 'mtu'), ['[5]', '[5]']);
  assert.equal(find('{"mtux":5,"mt":4}', 'mtu'), ['[]', '[]']);
  assert.equal(find('[1,2]', 'mtu'), ['[]', '[]']);
  fc.assert(fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.integer()), fc.string(), (object, key) => {
    for (const name of [...Object.keys(object), key]) {
      assert.is(find(JSON.stringify(object), name)[0], Object.hasOwn(object, name) ? `[${object[name]}]` : '[]');
    }
  }), { numRuns: 200 });
});

test('in a text of whatever size', () => {
  for (const size of [65_533, 65_534, 65_535, 65_536, 65_537, 80_000]) {
    const document = (fill: string): string => JSON.stringify([{ fill, nested: [{ mtu: 1 }, ['"', '\\']], mtu: 2, list: [[], {}] }, 'mtu']);
    const text = document('x'.repeat(size - document('').length));
    assert.is(text.length, size);
    assert.equal(probe('find', text).split('\n'), ['[2]', '[2]'], `${size} bytes`);
    const [verbatim, rebuilt] = probe('rewrite', text).split('\n');
    assert.equal([JSON.parse(verbatim!), JSON.parse(rebuilt!)], [[JSON.parse(text)], JSON.parse(text)], `${size} bytes`);
  }
});

test.run();
