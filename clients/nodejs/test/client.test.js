'use strict';

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');
const library = require('../src');
const { clientOf, scriptedNode } = require('./scripted');

const { ConnectionError, MerkleKVClient, MerkleKVError } = library;

test('import and require give the same classes', async () => {
  const imported = await import('../src/index.js');
  for (const name of Object.keys(library)) assert.strictEqual(imported[name], library[name], name);
});

test('a scan asks for a page when its keys are wanted', async (t) => {
  const page = (first) => Array.from({ length: 1000 }, (_, i) => `k${first + i}\r\n`).join('');
  const node = await scriptedNode(t, (line) =>
    line.includes('AFTER') ? 'KEYS 1\r\nlast\r\nEND\r\n' : `KEYS 1000\r\n${page(1000)}END\r\n`,
  );
  const client = clientOf(t, node);
  const keys = client.scan('k');
  assert.equal(node.connections, 0);
  for (let i = 0; i < 1000; i += 1) assert.equal((await keys.next()).value, `k${1000 + i}`);
  assert.deepEqual(node.heard, ['SCAN "k" LIMIT 1000']);
  assert.equal((await keys.next()).value, 'last');
  assert.equal((await keys.next()).done, true);
  assert.deepEqual(node.heard.slice(1), ['SCAN "k" AFTER "k1999" LIMIT 1000']);
});

test('a loop over a scan may be left', async (t) => {
  const node = await scriptedNode(t, () => 'KEYS 2\r\na\r\nb\r\nEND\r\n');
  const client = clientOf(t, node);
  for await (const key of client.scan()) {
    assert.equal(key, 'a');
    break;
  }
  assert.equal(node.heard.length, 1);
});

test('close ends calls that have no answer, and those after it', async (t) => {
  const node = await scriptedNode(t, () => undefined);
  const client = clientOf(t, node);
  const waiting = [client.get('a'), client.set('k', 'v')];
  for (const call of waiting) call.catch(() => {});
  while (node.heard.length < 2) await new Promise(setImmediate);
  await client.close();
  await client.close();
  for (const call of [...waiting, client.get('b'), client.pipeline().get('c').execute()]) {
    await assert.rejects(call, { name: 'ConnectionError', message: /closed/ });
  }
});

test('close ends an attempt to connect', async (t) => {
  const node = await scriptedNode(t, () => undefined);
  const port = node.port;
  const client = new MerkleKVClient('127.0.0.1', port);
  const call = assert.rejects(client.get('a'), { kind: 'connection', message: /closed/ });
  await client.close();
  await call;
  assert.deepEqual(node.heard, []);
});

test('a client that was closed lets its process end', async (t) => {
  const node = await scriptedNode(t, (line) => `VALUE ${line.split(' ')[1]}\r\n`);
  const program = `
    const { MerkleKVClient } = require(${JSON.stringify(path.resolve(__dirname, '../src'))});
    const client = new MerkleKVClient('127.0.0.1', ${node.port});
    client.get('k').then((value) => { console.log(value); return client.close(); });`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['-e', program], { timeout: 4000 });
  assert.equal(stdout, 'k\n');
});

test('a client can be disposed of', { skip: !Symbol.asyncDispose }, async (t) => {
  const node = await scriptedNode(t, () => 'PONG\r\n');
  const client = clientOf(t, node);
  assert.equal(await client.ping(), 'PONG');
  await client[Symbol.asyncDispose]();
  await assert.rejects(client.ping(), ConnectionError);
});

test('errors are of one family, each with its name', () => {
  const names = Object.keys(library).filter((name) => name.endsWith('Error'));
  assert.equal(names.length, 6);
  for (const name of names) {
    const error = new library[name]('what was wrong', 'code', 'host:1');
    assert.ok(error instanceof MerkleKVError && error instanceof Error);
    assert.equal(error.name, name);
  }
});

test('a pipeline is used again, and knows its length', async (t) => {
  const node = await scriptedNode(t, () => 'OK\r\n');
  const pipeline = clientOf(t, node).pipeline();
  assert.deepEqual(await pipeline.execute(), []);
  assert.equal(pipeline.set('a', '1').exists([]).length, 2);
  assert.deepEqual(await pipeline.execute(), [undefined, 0]);
  assert.equal(pipeline.length, 0);
  assert.deepEqual(await pipeline.mget([]).execute(), [[]]);
  assert.deepEqual(node.heard, ['SET a 1']);
});

test('calls and a pipeline of the same moment do not mix', async (t) => {
  const node = await scriptedNode(t, (line) => `VALUE ${line.split(' ')[1]}\r\n`);
  const client = clientOf(t, node);
  const results = await Promise.all([
    client.get('a'),
    client.pipeline().get('b').get('c').execute(),
    client.get('d'),
  ]);
  assert.deepEqual(results, ['a', ['b', 'c'], 'd']);
});
