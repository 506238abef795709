'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { InvalidArgumentError, MerkleKVClient } = require('../src');
const { clientOf, scriptedNode } = require('./scripted');

const argumentError = (words) => (error) => {
  assert.ok(error instanceof InvalidArgumentError, error.stack);
  assert.equal(error.kind, 'argument');
  assert.match(error.message, words);
  return true;
};

test('bad arguments are refused, and nothing is sent', async (t) => {
  const node = await scriptedNode(t, () => 'OK\r\n');
  const client = clientOf(t, node);
  const refused = [
    [() => client.get(''), /at least one/],
    [() => client.get('a b'), /"a b"/],
    [() => client.get('a\x7f'), /control/],
    [() => client.get(7), /string, not number/],
    [() => client.get('\ud800'), /surrogate/],
    [() => client.set('k', '\udc00 x'), /surrogate/],
    [() => client.set('k', null), /not null/],
    [() => client.set('k', 5), /not number/],
    [() => client.incr('k', 1.5), /whole number/],
    [() => client.incr('k', 2 ** 53), /bigint/],
    [() => client.incr('k', 2n ** 63n), /64 bits/],
    [() => client.expire('k', NaN), /whole number/],
    [() => client.mget('keys'), /array/],
    [() => client.mget(['a', 'b ']), /"b "/],
    [() => client.mset([['a']]), /pair/],
    [() => client.mset('a'), /string/],
    [() => client.ping(Buffer.from('x')), /message/],
    [() => client.auth('ada'), /password/],
  ];
  for (const [call, words] of refused) await assert.rejects(call, argumentError(words));
  assert.throws(() => client.scan('\ud800'), argumentError(/prefix/));
  assert.throws(() => client.pipeline().set('k', 'v').get('a b'), argumentError(/"a b"/));
  assert.equal(node.connections, 0);
});

test('options are looked at when the client is made', () => {
  const wrong = [
    [{ timeout: 5 }, /no option 'timeout', only timeoutMs/],
    [{ timeoutMs: 0 }, /timeoutMs/],
    [{ connectAttempts: 1.5 }, /connectAttempts/],
    [{ user: 'ada' }, /together/],
    [{ tls: { ca: 'x' } }, /no option of tls 'ca'/],
    [{ tls: { certFile: 'x' } }, /keyFile/],
    [{ tls: { caFile: '/nowhere/ca.pem' } }, /\/nowhere\/ca\.pem/],
    [null, /object/],
  ];
  for (const [options, words] of wrong) {
    assert.throws(() => new MerkleKVClient('localhost', 7379, options), argumentError(words));
  }
  assert.throws(() => new MerkleKVClient('localhost', 65536), argumentError(/port/));
  assert.throws(() => new MerkleKVClient('', 7379), argumentError(/host/));
});

test('values are taken as they are when the call is made', async (t) => {
  const node = await scriptedNode(t, () => 'OK\r\n');
  const client = clientOf(t, node);
  const bytes = Buffer.from([0xff, 0x41]);
  const pairs = new Map([['a', 'one two'], ['b', new Uint8Array([0x62])]]);
  const done = Promise.all([client.set('k', bytes), client.mset(pairs), client.mset({ c: '' })]);
  bytes.fill(0);
  pairs.clear();
  await done;
  assert.deepEqual(node.heard, ['SET k "\\xFFA"', 'MSET a "one two" b b', 'MSET c ""']);
});

test('the kind of an amount is that of the answer', async (t) => {
  const node = await scriptedNode(t, (line) =>
    line.startsWith('INCR large') ? 'VALUE 9007199254740993\r\n' : 'VALUE 7\r\n',
  );
  const client = clientOf(t, node);
  assert.strictEqual(await client.incr('k'), 7);
  assert.strictEqual(await client.decr('k', 2), 7);
  assert.strictEqual(await client.incr('k', 1n), 7n);
  assert.strictEqual(await client.incr('large', 5n), 9007199254740993n);
  await assert.rejects(client.incr('large'), { kind: 'protocol', message: /9007199254740993.*1n/ });
  assert.deepEqual(node.heard, ['INCR k', 'DECR k 2', 'INCR k', 'INCR large 5', 'INCR large']);
  assert.equal(node.connections, 1);
});
