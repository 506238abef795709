'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { LineReader } = require('../src/line');

function linesOf(chunks, limit = 100) {
  const lines = [];
  const reader = new LineReader('node:1', limit);
  for (const chunk of chunks) reader.read(chunk, (line) => lines.push(line.text()));
  return lines;
}

test('lines are the same wherever the bytes are cut', () => {
  const bytes = Buffer.from('OK\r\nVALUE grüße 🚀\r\n\r\nbare\nVALUE \u2028\r\n');
  const expected = ['OK', 'VALUE grüße 🚀', '', 'bare', 'VALUE \u2028'];
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    assert.deepEqual(linesOf([bytes.subarray(0, cut), bytes.subarray(cut)]), expected, `at ${cut}`);
  }
  assert.deepEqual(linesOf([...bytes].map((byte) => Buffer.from([byte]))), expected);
});

test('a line may be as long as the limit, with its end or without', () => {
  const line = Buffer.from('x'.repeat(100));
  assert.equal(linesOf([line, Buffer.from('\r\n')])[0].length, 100);
  const error = { kind: 'protocol', message: /node:1.*100 bytes/ };
  assert.throws(() => linesOf([line, Buffer.from('y\r\n')]), error);
  assert.throws(() => linesOf([Buffer.from(`${line}yyy`)]), error);
});

test('what a line gives does not change when the next one comes', () => {
  const kept = [];
  const reader = new LineReader('node:1', 100);
  const chunk = Buffer.from('VALUE one\r\n');
  reader.read(chunk, (line) => kept.push(line.copy(6)));
  chunk.fill(0);
  assert.deepEqual(kept, [Buffer.from('one')]);
});
