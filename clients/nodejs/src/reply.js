'use strict';

// Readers of replies. Each is made for one command and takes its lines one by one; `accept` gives
// the result, or MORE if further lines belong to the reply. It throws what the call fails with.

const { ProtocolError, UnfitResultError } = require('./errors');
const { QUOTE, unquote } = require('./quoting');
const { decodeText } = require('./text');

/** The reply goes on. */
const MORE = Symbol('more');

/** A reply is complete, and that to the next command of the same call is to follow. */
const NEXT = Symbol('next');

const INTEGER = /^-?[0-9]{1,19}$/;
const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;

/** What all readers have in common: payloads, and refusals. */
class Reply {
  constructor(command, dialect) {
    this.command = command;
    this.dialect = dialect;
  }

  /** The text from a place on, out of its quotes where the dialect has some. */
  text(line, from) {
    const text = this.isQuoted(line, from)
      ? decodeText(this.#unquoted(line, from))
      : line.text(from);
    if (text === undefined) throw this.#notText();
    return text;
  }

  /** The same as bytes, copied. */
  bytes(line, from) {
    return this.isQuoted(line, from) ? this.#unquoted(line, from) : line.copy(from);
  }

  /** A number; a bigint if `asBigInt` says so. */
  integer(line, from, asBigInt) {
    const digits = line.ascii().slice(from);
    if (!INTEGER.test(digits)) throw this.refused(line);
    const number = Number(digits);
    if (!asBigInt && Number.isSafeInteger(number)) return number;
    const exact = BigInt(digits);
    if (exact < LOWEST || exact > HIGHEST) throw this.refused(line);
    if (asBigInt) return exact;
    throw new UnfitResultError(
      `${this.command.name} gave ${digits} on ${this.dialect.node}, which a number cannot hold; ` +
        'with an amount that is a bigint, such as 1n, the answer is one too',
    );
  }

  isQuoted(line, from) {
    return this.dialect.hasQuotes && line.at(from) === QUOTE;
  }

  /** The error for a first line that is not the reply: the node's own, or one of the protocol. */
  refused(line) {
    return this.dialect.serverError(line) ?? this.broken(line);
  }

  /** The error for a line that this reply does not have here. */
  broken(line) {
    return new ProtocolError(
      `${this.dialect.node} answered ${this.command.name} with ${line}, which is no answer to it`,
    );
  }

  #unquoted(line, from) {
    const bytes = unquote(line.bytes, line.start + from, line.end);
    if (bytes === undefined) throw this.broken(line);
    return bytes;
  }

  #notText() {
    return new UnfitResultError(
      `${this.dialect.node} answered ${this.command.name} with bytes that are not UTF-8; ` +
        'getBuffer and mgetBuffers give such values as they are',
    );
  }
}

/** One of several whole lines; `results` are pairs of a line and what it means. */
class WordReply extends Reply {
  constructor(command, dialect, results) {
    super(command, dialect);
    this.results = results;
  }

  accept(line) {
    for (const [word, result] of this.results) {
      if (line.is(word)) return result;
    }
    throw this.refused(line);
  }
}

/** The value behind a word. */
class TextReply extends Reply {
  constructor(command, dialect, word = 'VALUE ') {
    super(command, dialect);
    this.word = word;
  }

  accept(line) {
    if (line.startsWith(this.word)) return this.text(line, this.word.length);
    throw this.refused(line);
  }
}

/** The value of a key, or null. */
class ValueReply extends Reply {
  constructor(command, dialect, asBytes) {
    super(command, dialect);
    this.asBytes = asBytes;
  }

  accept(line) {
    if (line.startsWith('VALUE ')) return this.asBytes ? this.bytes(line, 6) : this.text(line, 6);
    if (line.is(this.dialect.missing)) return null;
    throw this.refused(line);
  }
}

/** The number behind a word, if it is not below `least`. */
class IntegerReply extends Reply {
  constructor(command, dialect, word, least, asBigInt = false) {
    super(command, dialect);
    this.word = word;
    this.least = least;
    this.asBigInt = asBigInt;
  }

  accept(line) {
    if (!line.startsWith(this.word)) throw this.refused(line);
    const number = this.integer(line, this.word.length, this.asBigInt);
    if (number < this.least) throw this.broken(line);
    return number;
  }
}

/** A word and the very message that was sent. */
class SameTextReply extends TextReply {
  constructor(command, dialect, word, message) {
    super(command, dialect, word);
    this.message = message;
  }

  accept(line) {
    const text = super.accept(line);
    if (text !== this.message) throw this.broken(line);
    return text;
  }
}

/** The part of the line that a pattern captures. */
class PatternReply extends Reply {
  constructor(command, dialect, pattern) {
    super(command, dialect);
    this.pattern = pattern;
  }

  accept(line) {
    const found = this.pattern.exec(line.ascii());
    if (found) return found[1];
    throw this.refused(line);
  }
}

module.exports = {
  MORE,
  NEXT,
  Reply,
  WordReply,
  TextReply,
  ValueReply,
  IntegerReply,
  SameTextReply,
  PatternReply,
};
