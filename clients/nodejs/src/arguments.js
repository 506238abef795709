'use strict';

// Checks what a program passes, before anything is sent.

const { isUtf8 } = require('node:buffer');
const { InvalidArgumentError } = require('./errors');
const { isWellFormed } = require('./text');

const SPACE_OR_CONTROL = /[\x00-\x20\x7f]/;
const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;

/** A key: text of at least one byte, without spaces and ASCII control characters. */
function checkKey(key) {
  checkText(key, 'a key');
  if (key === '') throw new InvalidArgumentError('a key needs at least one character');
  if (SPACE_OR_CONTROL.test(key)) {
    const shown = JSON.stringify(key.slice(0, 100));
    throw new InvalidArgumentError(`a key has no spaces and control characters, but ${shown} does`);
  }
  return key;
}

/** Several keys, copied, as the array may be changed before they are sent. */
function checkKeys(keys) {
  if (typeof keys?.[Symbol.iterator] !== 'function' || typeof keys === 'string') {
    throw new InvalidArgumentError('keys are given as an array, or as something else to iterate');
  }
  return Array.from(keys, checkKey);
}

/** A value as the rest of the library knows it: a string, or a Buffer if it is not UTF-8. */
function checkValue(value) {
  if (typeof value === 'string') return checkText(value, 'a value');
  if (!(value instanceof Uint8Array)) {
    throw new InvalidArgumentError(
      `a value is a string, a Buffer or a Uint8Array, not ${typeName(value)}`,
    );
  }
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return isUtf8(bytes) ? bytes.toString() : Buffer.from(bytes);
}

/** Pairs of keys and values: a Map, an array of pairs, or an object. */
function checkPairs(pairs) {
  if (pairs === null || typeof pairs !== 'object') {
    throw new InvalidArgumentError(
      `pairs are given as an object, a Map or an array of pairs, not ${typeName(pairs)}`,
    );
  }
  const entries = typeof pairs[Symbol.iterator] === 'function' ? pairs : Object.entries(pairs);
  return Array.from(entries, (pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) {
      throw new InvalidArgumentError('a pair is an array of a key and a value');
    }
    return [checkKey(pair[0]), checkValue(pair[1])];
  });
}

/** Any text that has UTF-8 bytes. */
function checkText(text, what) {
  if (typeof text !== 'string') {
    throw new InvalidArgumentError(`${what} is a string, not ${typeName(text)}`);
  }
  if (!isWellFormed(text)) {
    throw new InvalidArgumentError(`${what} has half of a surrogate pair, which is no character`);
  }
  return text;
}

/** A whole number of 64 bits: a bigint, or a number that is exact. */
function checkInteger(number, what) {
  if (typeof number === 'bigint') {
    if (number < LOWEST || number > HIGHEST) {
      throw new InvalidArgumentError(`${what} has 64 bits, which is too few for ${number}`);
    }
  } else if (!Number.isSafeInteger(number)) {
    throw new InvalidArgumentError(
      `${what} is a whole number, as a bigint if it is beyond 2^53; ${String(number)} is none`,
    );
  }
  return number;
}

function typeName(value) {
  return value === null ? 'null' : typeof value;
}

module.exports = { checkKey, checkKeys, checkValue, checkPairs, checkText, checkInteger, typeName };
