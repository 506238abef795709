'use strict';

// Readers of replies of several lines, in both dialects.

const { ProtocolError, UnfitResultError } = require('./errors');
const { MORE, Reply } = require('./reply');

// A line of its own ends a report of the legacy dialect: the client asks for it behind the report.
const END_OF_REPORT = 'end-of-report';

// What a line costs beside its bytes, where all of a reply has to be within a limit.
const BYTES_PER_LINE = 16;

/** A header with a count, so many items, and perhaps a line END. */
class ListReply extends Reply {
  items = [];
  #header;
  #hasEnd;
  #left;
  #unfit;

  constructor(command, dialect, header, hasEnd) {
    super(command, dialect);
    this.#header = header;
    this.#hasEnd = hasEnd;
  }

  accept(line) {
    if (this.#left === undefined) {
      this.#left = this.#count(line);
    } else if (this.#left > 0) {
      this.#add(line);
      this.#left -= 1;
    } else if (line.is('END')) {
      return this.#result();
    } else {
      throw this.broken(line);
    }
    return this.#left > 0 || this.#hasEnd ? MORE : this.#result();
  }

  /** How many lines follow a header that says `count`, or nothing if that cannot be. */
  linesOf(_count) {
    throw new TypeError('each kind of list has its own count');
  }

  /** The item of a line. */
  item(_line) {
    throw new TypeError('each kind of list has its own items');
  }

  #count(line) {
    if (!line.startsWith(this.#header)) throw this.refused(line);
    const lines = this.linesOf(this.integer(line, this.#header.length, false));
    if (lines === undefined) throw this.broken(line);
    return lines;
  }

  // An item that is no text spoils the result, but the lines behind it are still to be read.
  #add(line) {
    try {
      this.items.push(this.item(line));
    } catch (error) {
      if (!(error instanceof UnfitResultError)) throw error;
      this.#unfit = error;
    }
  }

  #result() {
    if (this.#unfit) throw this.#unfit;
    return this.items;
  }
}

/** The values of MGET in the standard dialect. */
class ValuesReply extends ListReply {
  #keys;
  #asBytes;

  constructor(command, dialect, keys, asBytes) {
    super(command, dialect, 'VALUES ', true);
    this.#keys = keys;
    this.#asBytes = asBytes;
  }

  linesOf(count) {
    return count === this.#keys.length ? count : undefined;
  }

  item(line) {
    if (line.startsWith('VALUE ')) return this.#asBytes ? this.bytes(line, 6) : this.text(line, 6);
    if (line.is('(null)')) return null;
    throw this.broken(line);
  }
}

/** The values of MGET in the legacy dialect: it counts those found, and has a line for each key. */
class LegacyValuesReply extends ListReply {
  #keys;
  #asBytes;

  constructor(command, dialect, keys, asBytes) {
    super(command, dialect, 'VALUES ', false);
    this.#keys = keys;
    this.#asBytes = asBytes;
  }

  accept(line) {
    if (line.is('NOT_FOUND') && this.items.length === 0) return this.#keys.map(() => null);
    return super.accept(line);
  }

  linesOf(count) {
    return count > 0 && count <= this.#keys.length ? this.#keys.length : undefined;
  }

  item(line) {
    const name = Buffer.from(`${this.#keys[this.items.length]} `);
    const begins = line.bytes.subarray(line.start, Math.min(line.end, line.start + name.length));
    if (!begins.equals(name)) throw this.broken(line);
    const value = this.#asBytes ? this.bytes(line, name.length) : this.text(line, name.length);
    return value.toString() === 'NOT_FOUND' ? null : value;
  }
}

/** The keys of SCAN: at most `limit` in the standard dialect, all in the legacy one. */
class KeysReply extends ListReply {
  #limit;
  #bytesLeft;

  constructor(command, dialect, limit) {
    super(command, dialect, 'KEYS ', dialect.endsLists);
    this.#limit = limit;
    this.#bytesLeft = dialect.listLimitBytes;
  }

  linesOf(count) {
    return count >= 0 && count <= this.#limit ? count : undefined;
  }

  item(line) {
    this.#bytesLeft -= line.length + BYTES_PER_LINE;
    if (this.#bytesLeft < 0) throw tooMuch(this);
    if (line.length === 0) throw this.broken(line);
    return this.text(line, 0);
  }
}

/** INFO and STATS: a header, lines of a name and a text, and what marks their end. */
class ReportReply extends Reply {
  #header;
  #facts = [];
  #begun = false;
  #bytesLeft;

  constructor(command, dialect, header) {
    super(command, dialect);
    this.#header = header;
    this.#bytesLeft = dialect.replyLimitBytes;
  }

  accept(line) {
    if (!this.#begun) return this.#begin(line);
    if (line.is('END')) return this.facts;
    this.add(line);
    return MORE;
  }

  #begin(line) {
    if (!line.is(this.#header)) throw this.refused(line);
    this.#begun = true;
    return MORE;
  }

  get facts() {
    return Object.fromEntries(this.#facts);
  }

  get hasBegun() {
    return this.#begun;
  }

  add(line) {
    this.#bytesLeft -= line.length + BYTES_PER_LINE;
    if (this.#bytesLeft < 0) throw tooMuch(this);
    const text = line.text();
    const colon = text === undefined ? -1 : text.indexOf(':');
    if (colon === -1) throw this.broken(line);
    this.#facts.push([text.slice(0, colon), text.slice(colon + 1)]);
  }
}

/** The same in the legacy dialect. A refusal too is followed by the end that was asked for. */
class LegacyReportReply extends ReportReply {
  #error;

  accept(line) {
    if (this.#error || this.hasBegun) {
      if (line.is(`PONG ${END_OF_REPORT}`)) return this.#end();
      if (this.#error) throw this.broken(line);
      this.add(line);
      return MORE;
    }
    this.#error = this.dialect.serverError(line);
    return this.#error ? MORE : super.accept(line);
  }

  #end() {
    if (this.#error) throw this.#error;
    return this.facts;
  }
}

function tooMuch(reply) {
  const { command, dialect } = reply;
  return new ProtocolError(
    `${dialect.node} does not end its answer to ${command.name}; ` +
      'replyLimitBytes allows longer ones',
  );
}

module.exports = {
  END_OF_REPORT,
  ValuesReply,
  LegacyValuesReply,
  KeysReply,
  ReportReply,
  LegacyReportReply,
};
