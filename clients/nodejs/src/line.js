'use strict';

// Splits what the socket gives into lines, wherever it was cut.

const { ProtocolError } = require('./errors');
const { decodeText } = require('./text');

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * A line without its end, within the bytes that it came in. It is valid until its reader takes the
 * next one: there is one object for all lines of a connection, and what is kept is copied.
 */
class Line {
  bytes;
  start = 0;
  end = 0;

  get length() {
    return this.end - this.start;
  }

  /** Whether this is the whole line. `text` is ASCII. */
  is(text) {
    return this.length === text.length && this.startsWith(text);
  }

  /** Whether the line begins so. `text` is ASCII. */
  startsWith(text) {
    if (this.length < text.length) return false;
    for (let i = 0; i < text.length; i += 1) {
      if (this.bytes[this.start + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** The byte at a place; nothing behind the end. */
  at(place) {
    return place < this.length ? this.bytes[this.start + place] : undefined;
  }

  /** The text from a place on, or nothing if it is not UTF-8. */
  text(from = 0) {
    return decodeText(this.bytes, this.start + from, this.end);
  }

  /** The line as ASCII, for what has to be compared with patterns. */
  ascii() {
    return this.bytes.toString('latin1', this.start, this.end);
  }

  /** A copy of the bytes from a place on. */
  copy(from = 0) {
    return Buffer.from(this.bytes.subarray(this.start + from, this.end));
  }

  /** The beginning of the line as one shows it in a message. */
  toString() {
    const shown = this.bytes.toString('utf8', this.start, Math.min(this.end, this.start + 80));
    return JSON.stringify(shown) + (this.length > 80 ? '…' : '');
  }
}

/** Takes chunks and gives lines. Holds one unfinished line at most, of `limit` bytes at most. */
class LineReader {
  #node;
  #limit;
  #line = new Line();
  #begun = Buffer.alloc(0);
  #length = 0;

  constructor(node, limit) {
    this.#node = node;
    this.#limit = limit;
  }

  /** Calls `accept` with each line that `chunk` completes. */
  read(chunk, accept) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start);
      if (end === -1) break;
      if (this.#length > 0) {
        this.#keep(chunk, start, end + 1);
        this.#give(this.#begun, 0, this.#length - 1, accept);
        this.#begun = Buffer.alloc(0);
        this.#length = 0;
      } else {
        this.#give(chunk, start, end, accept);
      }
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk, start, chunk.length);
  }

  #give(bytes, start, end, accept) {
    const line = this.#line;
    line.bytes = bytes;
    line.start = start;
    line.end = end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    if (line.length > this.#limit) throw this.#tooLong();
    accept(line);
  }

  // Grows by doubling, so that a line that comes in many pieces is copied twice at most.
  #keep(chunk, start, end) {
    const length = this.#length + end - start;
    if (length > this.#limit + 2) throw this.#tooLong();
    if (length > this.#begun.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#begun.length));
      this.#begun.copy(larger, 0, 0, this.#length);
      this.#begun = larger;
    }
    chunk.copy(this.#begun, this.#length, start, end);
    this.#length = length;
  }

  /** Whether a line has begun and not ended. */
  get isWithinLine() {
    return this.#length > 0;
  }

  #tooLong() {
    return new ProtocolError(
      `${this.#node} sent a line of more than ${this.#limit} bytes; ` +
        'replyLimitBytes allows longer ones',
    );
  }
}

module.exports = { Line, LineReader };
