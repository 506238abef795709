'use strict';

// The adapter of the conformance suite: reads calls, makes them, writes results, a line each. It
// has one interface only, and so takes no heed of its argument.

const readline = require('node:readline');
const { InvalidArgumentError, MerkleKVClient, MerkleKVError } = require('../src');

const OPTIONS = {
  timeout_ms: (options, value) => (options.timeoutMs = Number(value)),
  connect_attempts: (options, value) => (options.connectAttempts = Number(value)),
  reply_limit: (options, value) => (options.replyLimitBytes = Number(value)),
  user: (options, value) => (options.user = value),
  password: (options, value) => (options.password = value),
  tls: (options) => (options.tls ??= {}),
  ca: (options, value) => ((options.tls ??= {}).caFile = value),
  server_name: (options, value) => ((options.tls ??= {}).serverName = value),
  cert: (options, value) => ((options.tls ??= {}).certFile = value),
  key: (options, value) => ((options.tls ??= {}).keyFile = value),
};

// What each call is named here, and what becomes of its fields and of its result.
const CALLS = {
  set: [texts, 'set', ok],
  set_bytes: [([key, value]) => [textOf(key), value], 'set', ok],
  get: [texts, 'get', text],
  get_bytes: [texts, 'getBuffer', text],
  delete: [texts, 'delete', bool],
  persist: [texts, 'persist', bool],
  incr: [keyAndAmount, 'incr', int],
  decr: [keyAndAmount, 'decr', int],
  append: [texts, 'append', text],
  prepend: [texts, 'prepend', text],
  mget: [(fields) => [texts(fields)], 'mget', list],
  mset: [(fields) => [pairs(texts(fields))], 'mset', ok],
  exists: [(fields) => [texts(fields)], 'exists', int],
  expire: [([key, seconds]) => [textOf(key), BigInt(textOf(seconds))], 'expire', bool],
  ttl: [texts, 'ttl', int],
  dbsize: [texts, 'dbsize', int],
  memory: [texts, 'memory', int],
  ping: [texts, 'ping', text],
  echo: [texts, 'echo', text],
  info: [texts, 'info', map],
  stats: [texts, 'stats', map],
  version: [texts, 'version', text],
  hash: [texts, 'hash', text],
  flush: [texts, 'flush', ok],
  auth: [texts, 'auth', ok],
};

let client;
let broken;

async function answer(line, lines) {
  const [name, ...fields] = decode(line);
  if (textOf(name) === 'pipeline') return pipeline(Number(textOf(fields[0])), lines);
  return answered(() => run(textOf(name), fields));
}

async function run(name, fields) {
  if (name === 'connect') return connect(texts(fields));
  if (broken) throw broken;
  if (name === 'close') return ok(await client.close());
  if (name === 'scan') return list(await all(client.scan(...texts(fields))));
  const [parse, method, show] = CALLS[name];
  return show(await client[method](...parse(fields)));
}

// An option that is wrong is told with the first call, as `connect` answers ok in any case.
async function connect([host, port, ...settings]) {
  await client?.close();
  const options = {};
  for (const setting of settings) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(setting);
    OPTIONS[name](options, value);
  }
  broken = undefined;
  try {
    client = new MerkleKVClient(host, Number(port), options);
  } catch (error) {
    broken = error;
  }
  return ok();
}

async function pipeline(count, lines) {
  const calls = [];
  for (let i = 0; i < count; i += 1) calls.push(decode((await lines.next()).value));
  return answered(async () => {
    if (broken) throw broken;
    const batch = client.pipeline();
    for (const [name, ...fields] of calls) {
      const [parse, method] = CALLS[textOf(name)];
      batch[method](...parse(fields));
    }
    const results = await batch.execute();
    const shown = results.map((result, i) =>
      result instanceof MerkleKVError ? failure(result) : CALLS[textOf(calls[i][0])][2](result),
    );
    return [encode(['results', String(count)]), ...shown].join('\n');
  });
}

async function answered(make) {
  try {
    return await make();
  } catch (error) {
    if (error instanceof MerkleKVError) return failure(error);
    throw error;
  }
}

async function all(iterator) {
  const items = [];
  for await (const item of iterator) items.push(item);
  return items;
}

function ok() {
  return 'ok';
}

function text(value) {
  return value === null ? 'nil' : encode(['text', value]);
}

function bool(value) {
  return encode(['bool', String(value)]);
}

function int(value) {
  return encode(['int', String(value)]);
}

function list(items) {
  return encode(['list', ...items.map((item) => (item === null ? '!' : `=${item}`))]);
}

function map(facts) {
  return encode(['map', ...Object.entries(facts).flat()]);
}

function failure(error) {
  return encode(['error', error.kind, error.code, error.message]);
}

function keyAndAmount([key, amount]) {
  return [textOf(key), amount === undefined ? 1n : BigInt(textOf(amount))];
}

function pairs(words) {
  return words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1]]] : []));
}

function texts(fields) {
  return fields.map(textOf);
}

function textOf(field) {
  return field.toString();
}

function decode(line) {
  return line.split('\t').map((field) => {
    const bytes = Buffer.from(field).toString('latin1');
    return Buffer.from(bytes.replace(/%([0-9A-Fa-f]{2})/g, unescaped), 'latin1');
  });
}

function unescaped(_, hex) {
  return String.fromCharCode(parseInt(hex, 16));
}

function encode(fields) {
  return fields.map(encodeField).join('\t');
}

function encodeField(field) {
  if (typeof field === 'string') return field.replace(/[\t\n\r%]/g, percentEscape);
  return field.toString('latin1').replace(/[\t\n\r%\x80-\xff]/g, percentEscape);
}

function percentEscape(character) {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

async function main() {
  const input = readline.createInterface({ input: process.stdin });
  const lines = input[Symbol.asyncIterator]();
  for await (const line of lines) process.stdout.write(`${await answer(line, lines)}\n`);
  await client?.close();
}

main();
