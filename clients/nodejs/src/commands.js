'use strict';

// What each operation sends and how its reply is read: one function for each, which checks the
// arguments. Knows nothing of connections.

const {
  checkInteger,
  checkKey,
  checkKeys,
  checkPairs,
  checkText,
  checkValue,
} = require('./arguments');
const reply = require('./reply');

const DONE = [['OK', undefined]];
const DELETED = [['DELETED', true], ['NOT_FOUND', false]];
const CHANGED = [['OK', true], ['NOT_FOUND', false]];
const PONG = [['PONG', 'PONG'], ['PONG ', 'PONG']];

const HASH = /^HASH (?:.* )?([0-9a-f]{64})$/s;
const VERSION = /^(?:MerkleKV|VERSION) (\S+)$/;

/**
 * A command: `line(dialect)` is what is sent, without the line end, and `read(dialect)` makes the
 * reader of its reply. A read may be asked again if the connection breaks.
 */
class Command {
  constructor(name, isRead, line, read) {
    this.name = name;
    this.isRead = isRead;
    this.line = line;
    this.read = read;
  }

  encode(dialect) {
    const line = this.line(dialect);
    dialect.checkLine(line);
    return `${line}\r\n`;
  }
}

/** A command that need not be sent, as its answer is known. */
class Answered {
  constructor(answer) {
    this.answer = answer;
  }
}

const READ = true;
const WRITE = false;

function set(key, value) {
  checkKey(key);
  const checked = checkValue(value);
  return done('SET', (dialect) => `SET ${key} ${dialect.value(checked)}`);
}

function get(key, asBytes = false) {
  checkKey(key);
  return new Command('GET', READ, () => `GET ${key}`, function read(dialect) {
    return new reply.ValueReply(this, dialect, asBytes);
  });
}

function remove(key) {
  checkKey(key);
  return choice('DEL', `DEL ${key}`, DELETED);
}

function incr(key, amount) {
  return count('INCR', key, amount);
}

function decr(key, amount) {
  return count('DECR', key, amount);
}

function count(name, key, amount = 1) {
  checkKey(key);
  checkInteger(amount, 'an amount');
  const asBigInt = typeof amount === 'bigint';
  const line = Number(amount) === 1 ? `${name} ${key}` : `${name} ${key} ${amount}`;
  return integer(name, WRITE, line, 'VALUE ', -Infinity, asBigInt);
}

function append(key, value) {
  return extend('APPEND', key, value);
}

function prepend(key, value) {
  return extend('PREPEND', key, value);
}

function extend(name, key, value) {
  checkKey(key);
  const checked = checkValue(value);
  return new Command(
    name,
    WRITE,
    (dialect) => `${name} ${key} ${dialect.value(checked)}`,
    function read(dialect) {
      return new reply.TextReply(this, dialect);
    },
  );
}

function mget(keys, asBytes = false) {
  const checked = checkKeys(keys);
  if (checked.length === 0) return new Answered([]);
  return new Command('MGET', READ, () => `MGET ${checked.join(' ')}`, function read(dialect) {
    return dialect.valuesReply(this, checked, asBytes);
  });
}

function mset(pairs) {
  const checked = checkPairs(pairs);
  if (checked.length === 0) return new Answered(undefined);
  return done('MSET', (dialect) => {
    const words = checked.map(([key, value]) => `${key} ${dialect.word(value)}`);
    return `MSET ${words.join(' ')}`;
  });
}

function exists(keys) {
  const checked = checkKeys(keys);
  if (checked.length === 0) return new Answered(0);
  return integer('EXISTS', READ, `EXISTS ${checked.join(' ')}`, 'EXISTS ', 0);
}

/** One page of a scan: the keys, and whether there are more. */
function scan(prefix, after) {
  checkText(prefix, 'a prefix');
  return new Command(
    'SCAN',
    READ,
    (dialect) => dialect.scan(prefix, after),
    function read(dialect) {
      const keys = dialect.keysReply(this);
      return {
        accept(line) {
          const result = keys.accept(line);
          return result === reply.MORE ? result : { keys: result, more: dialect.hasMore(result) };
        },
      };
    },
  );
}

function expire(key, seconds) {
  checkKey(key);
  checkInteger(seconds, 'an expiry in seconds');
  return choice('EXPIRE', `EXPIRE ${key} ${seconds}`, CHANGED);
}

function persist(key) {
  checkKey(key);
  return choice('PERSIST', `PERSIST ${key}`, CHANGED);
}

function ttl(key) {
  checkKey(key);
  return integer('TTL', READ, `TTL ${key}`, 'TTL ', -2);
}

function dbsize() {
  return integer('DBSIZE', READ, 'DBSIZE', 'DBSIZE ', 0);
}

function memory() {
  return integer('MEMORY', READ, 'MEMORY', 'MEMORY ', 0);
}

function ping(message) {
  if (message !== undefined) return echoed('PING', 'PONG ', message);
  return new Command('PING', READ, () => 'PING', function read(dialect) {
    return new reply.WordReply(this, dialect, PONG);
  });
}

function echo(message) {
  return echoed('ECHO', 'ECHO ', message);
}

function echoed(name, word, message) {
  checkText(message, 'a message');
  return new Command(
    name,
    READ,
    (dialect) => `${name} ${dialect.value(message)}`,
    function read(dialect) {
      return new reply.SameTextReply(this, dialect, word, message);
    },
  );
}

function info() {
  return report('INFO', '# Server Information');
}

function stats() {
  return report('STATS', 'STATS');
}

function version() {
  return pattern('VERSION', () => 'VERSION', VERSION);
}

function hash(prefix = '') {
  checkText(prefix, 'a prefix');
  const line = (dialect) => (prefix === '' ? 'HASH' : `HASH ${dialect.name(prefix)}`);
  return pattern('HASH', line, HASH);
}

function flush() {
  return done('FLUSH', () => 'FLUSH');
}

function auth(user, password) {
  checkText(user, 'a user');
  checkText(password, 'a password');
  return done('AUTH', (dialect) => `AUTH ${dialect.name(user)} ${dialect.name(password)}`);
}

function done(name, line) {
  return new Command(name, WRITE, line, function read(dialect) {
    return new reply.WordReply(this, dialect, DONE);
  });
}

function choice(name, line, results) {
  return new Command(name, WRITE, () => line, function read(dialect) {
    return new reply.WordReply(this, dialect, results);
  });
}

function integer(name, isRead, line, word, least, asBigInt) {
  return new Command(name, isRead, () => line, function read(dialect) {
    return new reply.IntegerReply(this, dialect, word, least, asBigInt);
  });
}

function pattern(name, line, expression) {
  return new Command(name, READ, line, function read(dialect) {
    return new reply.PatternReply(this, dialect, expression);
  });
}

function report(name, header) {
  return new Command(name, READ, (dialect) => dialect.report(name), function read(dialect) {
    return dialect.reportReply(this, header);
  });
}

module.exports = {
  Answered,
  set,
  get,
  remove,
  incr,
  decr,
  append,
  prepend,
  mget,
  mset,
  exists,
  scan,
  expire,
  persist,
  ttl,
  dbsize,
  memory,
  ping,
  echo,
  info,
  stats,
  version,
  hash,
  flush,
  auth,
};
