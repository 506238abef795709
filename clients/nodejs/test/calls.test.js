'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { ConnectionError, ProtocolError, ServerError, TimeoutError } = require('../src');
const { clientOf, scriptedNode } = require('./scripted');

const valueOf = (line) => `VALUE ${line.split(' ')[1]}\r\n`;

test('calls of one moment leave in one write, and each gets its own reply', async (t) => {
  const node = await scriptedNode(t, valueOf);
  const client = clientOf(t, node);
  await client.get('first');
  node.chunks = [];
  const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
  assert.deepEqual(await Promise.all(keys.map((key) => client.get(key))), keys);
  assert.equal(node.chunks.length, 1);
  assert.equal(node.connections, 1);
});

test('one call that is refused does not touch those around it', async (t) => {
  const node = await scriptedNode(t, (line) =>
    line === 'INCR text' ? "ERROR: Wrong type: it is 'seven'\r\n" : valueOf(line),
  );
  const client = clientOf(t, node);
  const [before, refused, after] = await Promise.allSettled([
    client.get('a'),
    client.incr('text'),
    client.get('b'),
  ]);
  assert.equal(before.value, 'a');
  assert.equal(after.value, 'b');
  assert.ok(refused.reason instanceof ServerError);
  assert.equal(refused.reason.name, 'ServerError');
  assert.equal(refused.reason.code, 'Wrong type');
  assert.equal(refused.reason.sentence, "Wrong type: it is 'seven'");
  assert.match(refused.reason.message, new RegExp(`127.0.0.1:${node.port}`));
});

test('a broken connection ends writes, and asks reads once more', async (t) => {
  const node = await scriptedNode(t, (line, socket) => {
    if (node.connections > 1) return valueOf(line);
    if (line === 'GET b') socket.destroy();
    return undefined;
  });
  const client = clientOf(t, node);
  const calls = [client.get('a'), client.set('k', 'v'), client.mget([]), client.get('b')];
  const [read, write, , other] = await Promise.allSettled(calls);
  assert.equal(read.value, 'a');
  assert.equal(other.value, 'b');
  assert.ok(write.reason instanceof ConnectionError);
  assert.match(write.reason.message, /SET.*not known/);
  assert.equal(node.connections, 2);
});

test('after a timeout every call that waited as long has timed out', async (t) => {
  const node = await scriptedNode(t, (line) => (node.connections > 1 ? valueOf(line) : undefined));
  const client = clientOf(t, node, { timeoutMs: 300 });
  const calls = [client.get('a'), client.set('k', 'v'), client.get('b')];
  const results = await Promise.allSettled(calls);
  for (const { reason } of results) assert.ok(reason instanceof TimeoutError, reason?.stack);
  assert.equal(await client.get('c'), 'c');
  assert.equal(node.connections, 2);
});

test('each reply has its own time, though all were asked for at once', async (t) => {
  const waiting = [];
  const node = await scriptedNode(t, (line, socket) => {
    waiting.push(() => socket.write(valueOf(line)));
    return undefined;
  });
  const client = clientOf(t, node, { timeoutMs: 400 });
  const timer = setInterval(() => waiting.shift()?.(), 100);
  t.after(() => clearInterval(timer));
  const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
  assert.deepEqual(await Promise.all(keys.map((key) => client.get(key))), keys);
});

test('a call that was sent later than one that times out is not blamed', async (t) => {
  const node = await scriptedNode(t, (line) => (node.connections > 1 ? valueOf(line) : undefined));
  const client = clientOf(t, node, { timeoutMs: 400 });
  const early = assert.rejects(client.get('early'), TimeoutError);
  while (node.heard.length === 0) await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const write = assert.rejects(client.set('k', 'v'), ConnectionError);
  assert.equal(await client.get('late'), 'late');
  await Promise.all([early, write]);
});

test('a reply that came while the program was busy is no timeout', async (t) => {
  const node = await scriptedNode(t, (line, socket) => {
    socket.write(valueOf(line));
    if (line === 'GET b') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    return undefined;
  });
  const client = clientOf(t, node, { timeoutMs: 300 });
  await client.get('a');
  assert.equal(await client.get('b'), 'b');
});

test('a value that is no text is an error that names getBuffer, and no more', async (t) => {
  const value = 'VALUE "\\xff"\r\n';
  const values = `VALUES 2\r\n${value}VALUE b\r\nEND\r\n`;
  const node = await scriptedNode(t, (line) => (line.startsWith('MGET') ? values : value));
  const client = clientOf(t, node);
  const error = { name: 'ProtocolError', kind: 'protocol', message: /getBuffer/ };
  await assert.rejects(client.get('k'), error);
  await assert.rejects(client.mget(['a', 'b']), error);
  assert.deepEqual(await client.getBuffer('k'), Buffer.from([0xff]));
  assert.deepEqual(await client.mgetBuffers(['a', 'b']), [Buffer.from([0xff]), Buffer.from('b')]);
  const [result] = await client.pipeline().get('k').execute();
  assert.ok(result instanceof ProtocolError);
  assert.equal(node.connections, 1);
});

test('text with the replacement character or a byte order mark is text', async (t) => {
  const node = await scriptedNode(t, () => 'VALUE \ufeffa\ufffd\r\n');
  assert.equal(await clientOf(t, node).get('k'), '\ufeffa\ufffd');
});

test('words that nobody asked for close the connection', async (t) => {
  const node = await scriptedNode(t, (line) => `${valueOf(line)}VALUE stale\r\n`);
  const client = clientOf(t, node);
  assert.equal(await client.get('a'), 'a');
  assert.equal(await client.get('b'), 'b');
  assert.equal(node.connections, 2);
});
