'use strict';

// Strict UTF-8, there and back: nothing is replaced without a word.

const { isUtf8 } = require('node:buffer');

const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether a string has UTF-8 bytes at all: half of a surrogate pair has none. */
function isWellFormed(text) {
  return !SURROGATE.test(text) || !LONE_SURROGATE.test(text);
}

/** The text of bytes, or nothing if they are not UTF-8. */
function decodeText(bytes, start = 0, end = bytes.length) {
  const text = bytes.toString('utf8', start, end);
  // The decoder writes U+FFFD for what it cannot read. Texts may have that character too, so that
  // it takes a second look, but hardly one in a million has.
  if (text.includes('\ufffd') && !isUtf8(bytes.subarray(start, end))) return undefined;
  return text;
}

module.exports = { isWellFormed, decodeText };
