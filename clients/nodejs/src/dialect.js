'use strict';

// The two dialects of the text protocol, each as spoken by one node: how commands are written, and
// what of the replies depends on it.

const { InvalidArgumentError, ProtocolError, ServerError } = require('./errors');
const {
  END_OF_REPORT,
  KeysReply,
  LegacyReportReply,
  LegacyValuesReply,
  ReportReply,
  ValuesReply,
} = require('./lists');
const { needsQuotes, needsQuotesAsWord, quote } = require('./quoting');

// How many keys one SCAN of the standard dialect asks for.
const PAGE = 1000;

// A SCAN of the legacy dialect gives all keys in one reply. It may be this many times as long as
// a line, so that a node which never ends it does not fill the memory.
const LINES_IN_A_LIST = 16;

// The legacy dialect trims lines of every kind of white space that Unicode knows.
const WHITE_AT_ENDS = /^\p{White_Space}|\p{White_Space}$/u;
const WHITE_AT_END = /\p{White_Space}$/u;
const LINE_BREAK = /[\r\n]/;

class StandardDialect {
  missing = '(null)';
  hasQuotes = true;
  endsLists = true;

  constructor(node, replyLimitBytes) {
    this.node = node;
    this.replyLimitBytes = replyLimitBytes;
    this.listLimitBytes = 2 * PAGE * replyLimitBytes;
  }

  /** Every line can be carried. */
  checkLine() {}

  /** A value that is the rest of its line. */
  value(value) {
    return needsQuotes(value) ? quote(value) : value;
  }

  /** A value of MSET, which splits its line at spaces. */
  word(value) {
    return needsQuotesAsWord(value) ? quote(value) : value;
  }

  /** A prefix, a user or a password. */
  name(text) {
    return quote(text);
  }

  scan(prefix, after) {
    const behind = after === undefined ? '' : ` AFTER ${quote(after)}`;
    return `SCAN ${quote(prefix)}${behind} LIMIT ${PAGE}`;
  }

  /** Whether `keys`, the answer to a SCAN, has others behind it. */
  hasMore(keys) {
    return keys.length === PAGE;
  }

  report(word) {
    return word;
  }

  keysReply(command) {
    return new KeysReply(command, this, PAGE);
  }

  valuesReply(command, keys, asBytes) {
    return new ValuesReply(command, this, keys, asBytes);
  }

  reportReply(command, header) {
    return new ReportReply(command, this, header);
  }

  /** The error that a line is, if it is one. */
  serverError(line) {
    if (!line.startsWith('ERROR: ')) return undefined;
    const sentence = sentenceOf(line, 7);
    return new ServerError(sentence, sentence.split(':', 1)[0], this.node);
  }
}

/** What MerkleKV 0.1 spoke. Nothing is quoted, so that some values cannot be carried. */
class LegacyDialect {
  missing = 'NOT_FOUND';
  hasQuotes = false;
  endsLists = false;

  constructor(node, replyLimitBytes) {
    this.node = node;
    this.replyLimitBytes = replyLimitBytes;
    this.listLimitBytes = LINES_IN_A_LIST * replyLimitBytes;
  }

  // A key may end with white space beyond ASCII.
  checkLine(line) {
    if (WHITE_AT_END.test(line)) throw this.#cannotCarry('white space at the end of a line');
  }

  value(value) {
    if (typeof value !== 'string') throw this.#cannotCarry('values that are not UTF-8');
    if (value === '') throw this.#cannotCarry('empty values');
    if (LINE_BREAK.test(value)) throw this.#cannotCarry('values with line breaks');
    if (WHITE_AT_ENDS.test(value)) throw this.#cannotCarry('values with spaces at their ends');
    return value;
  }

  word(value) {
    if (/[ \t]/.test(value)) throw this.#cannotCarry('values with spaces in MSET');
    return this.value(value);
  }

  name(text) {
    if (text === '' || /[\s\0]/.test(text)) {
      throw this.#cannotCarry('prefixes, users and passwords that are empty or have spaces');
    }
    return text;
  }

  scan(prefix) {
    return prefix === '' ? 'SCAN' : `SCAN ${this.name(prefix)}`;
  }

  hasMore() {
    return false;
  }

  // Nothing in the reply tells where it ends, so the client asks for a line that does.
  report(word) {
    return `${word}\r\nPING ${END_OF_REPORT}`;
  }

  keysReply(command) {
    return new KeysReply(command, this, Infinity);
  }

  valuesReply(command, keys, asBytes) {
    return new LegacyValuesReply(command, this, keys, asBytes);
  }

  reportReply(command) {
    return new LegacyReportReply(command, this, command.name);
  }

  // Most sentences of 0.1 have no colon, unless it is in a key that they name.
  serverError(line) {
    if (!line.startsWith('ERROR ')) return undefined;
    const sentence = sentenceOf(line, 6);
    const code = /^([A-Za-z][A-Za-z -]*):/.exec(sentence);
    return new ServerError(sentence, code ? code[1] : sentence, this.node);
  }

  #cannotCarry(what) {
    return new InvalidArgumentError(
      `${this.node} speaks the legacy dialect, which has no way to carry ${what}`,
    );
  }
}

function sentenceOf(line, from) {
  return line.bytes.toString('utf8', line.start + from, line.end);
}

/** The dialect of a node that answers VERSION with `line`. Throws what connecting fails with. */
function dialectOf(line, node, replyLimitBytes) {
  if (line.startsWith('MerkleKV ')) return new StandardDialect(node, replyLimitBytes);
  if (line.startsWith('VERSION ')) return new LegacyDialect(node, replyLimitBytes);
  if (line.startsWith('ERROR: ')) throw new StandardDialect(node, 0).serverError(line);
  if (line.startsWith('ERROR')) throw new LegacyDialect(node, 0).serverError(line);
  throw new ProtocolError(`${node} answered VERSION with ${line}, so it is no MerkleKV node`);
}

module.exports = { StandardDialect, LegacyDialect, dialectOf };
