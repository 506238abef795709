'use strict';

// Quoted strings of the standard dialect: when a value needs quotes, and there and back.
// A value is a string, or a Buffer if its bytes are not UTF-8.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

// Control characters but for the tab. It has no `$` or `^`, so that one pass decides.
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;
const SPACE_OR_TAB = /[ \t]/;
const TO_ESCAPE = /["\\\x00-\x1f\x7f]/g;

// In a string with a character for each byte: a UTF-8 sequence of several bytes, or a byte alone.
const ABOVE_ASCII = new RegExp(
  '([\\xc2-\\xdf][\\x80-\\xbf]' +
    '|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}' +
    '|\\xed[\\x80-\\x9f][\\x80-\\xbf]' +
    '|\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}|[\\xf1-\\xf3][\\x80-\\xbf]{3}' +
    '|\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2})' +
    '|[\\x80-\\xff]',
  'g',
);

const ESCAPES = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\0', '\\0'],
]);

const UNESCAPED = new Map([
  [QUOTE, QUOTE],
  [BACKSLASH, BACKSLASH],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x30, 0x00],
]);

/** Whether a value has to be quoted where it is the rest of its line. */
function needsQuotes(value) {
  if (typeof value !== 'string' || value === '') return true;
  const first = value.charCodeAt(0);
  return (
    first === QUOTE ||
    first === SPACE ||
    value.charCodeAt(value.length - 1) === SPACE ||
    CONTROL.test(value)
  );
}

/** Whether a value has to be quoted where it is one word among others. */
function needsQuotesAsWord(value) {
  return needsQuotes(value) || SPACE_OR_TAB.test(value);
}

/** A value in quotes, as text. */
function quote(value) {
  if (typeof value === 'string') return `"${value.replace(TO_ESCAPE, escapeCharacter)}"`;
  const bytes = value.toString('latin1').replace(TO_ESCAPE, escapeCharacter);
  return `"${bytes.replace(ABOVE_ASCII, decodeOrEscape)}"`;
}

function escapeCharacter(character) {
  return ESCAPES.get(character) ?? hexEscape(character);
}

function hexEscape(character) {
  return `\\x${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

function decodeOrEscape(bytes, sequence) {
  return sequence === undefined ? hexEscape(bytes) : Buffer.from(sequence, 'latin1').toString();
}

/**
 * The bytes of the quoted string that `bytes` has from `start` to `end`, or nothing if it does not
 * end as one, or has an unknown escape.
 */
function unquote(bytes, start, end) {
  const last = end - 1;
  if (last <= start || bytes[last] !== QUOTE) return undefined;
  const result = Buffer.allocUnsafe(last - start - 1);
  let length = 0;
  for (let i = start + 1; i < last; i += 1) {
    let byte = bytes[i];
    if (byte === QUOTE) return undefined;
    if (byte === BACKSLASH) {
      const isHex = bytes[i + 1] === 0x78;
      byte = isHex ? hexByte(bytes, i + 2) : UNESCAPED.get(bytes[i + 1]);
      i += isHex ? 3 : 1;
      if (byte === undefined || i >= last) return undefined;
    }
    result[length] = byte;
    length += 1;
  }
  return result.subarray(0, length);
}

function hexByte(bytes, at) {
  const digits = bytes.toString('latin1', at, at + 2);
  return /^[0-9A-Fa-f]{2}$/.test(digits) ? parseInt(digits, 16) : undefined;
}

module.exports = { QUOTE, needsQuotes, needsQuotesAsWord, quote, unquote };
