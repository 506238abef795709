'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { needsQuotes, needsQuotesAsWord, quote, unquote } = require('../src/quoting');

const PLAIN = ['a', 'a b', 'a\tb', '\t', 'half" "of it', '\\n', 'grüße 🚀', '\u00a0a\u2028'];

const QUOTED = [
  ['', '""'],
  [' a', '" a"'],
  ['a ', '"a "'],
  ['"a', '"\\"a"'],
  ['\\ ', '"\\\\ "'],
  ['a\nb\r', '"a\\nb\\r"'],
  ['\0\x01\x1f\x7f', '"\\0\\x01\\x1F\\x7F"'],
  ['\ttab ', '"\\ttab "'],
  ['é\n', '"é\\n"'],
  [Buffer.from([0xff, 0x61]), '"\\xFFa"'],
  [Buffer.from([0xc3, 0xa9, 0xc3, 0x22]), '"é\\xC3\\""'],
  [Buffer.from([0xed, 0xa0, 0x80]), '"\\xED\\xA0\\x80"'],
  [Buffer.from([0xf0, 0x9f, 0x9a, 0x80, 0xf0, 0x9f]), '"🚀\\xF0\\x9F"'],
];

test('a value that needs no quotes gets none', () => {
  for (const value of PLAIN) assert.equal(needsQuotes(value), false, JSON.stringify(value));
});

test('a value that needs quotes gets them, and comes out of them as it was', () => {
  for (const [value, quoted] of QUOTED) {
    assert.equal(needsQuotes(value), true, quoted);
    assert.equal(quote(value), quoted);
    const bytes = Buffer.from(quoted);
    assert.deepEqual(unquote(bytes, 0, bytes.length), Buffer.from(value), quoted);
  }
});

test('a word is quoted for a space or a tab, too', () => {
  assert.equal(needsQuotesAsWord('a b'), true);
  assert.equal(needsQuotesAsWord('a\tb'), true);
  assert.equal(needsQuotesAsWord('a"b'), false);
});

test('what does not end as a quoted string is none', () => {
  for (const text of ['"', '"a', '"a\\"', '"a" b', '"\\q"', '"\\x4"', '"\\xzz"', '"a"b"', '"\\']) {
    const bytes = Buffer.from(text);
    assert.equal(unquote(bytes, 0, bytes.length), undefined, text);
  }
});
