'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { MerkleKVClient } = require('../src');

// A node in a thread of its own: it closes its first connection soon after the first SET.
const NODE = `
  const net = require('node:net');
  const { parentPort } = require('node:worker_threads');
  let connections = 0;
  const server = net.createServer((socket) => {
    const isFirst = ++connections === 1;
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\\r\\n').slice(0, -1)) {
        socket.write(line === 'VERSION' ? 'MerkleKV 0.2.0\\r\\n' : 'OK\\r\\n');
        if (isFirst && line.startsWith('SET')) setTimeout(() => socket.destroy(), 20);
      }
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

test('a write after a pause finds out that the node closed the connection', async (t) => {
  const node = new Worker(NODE, { eval: true });
  t.after(() => node.terminate());
  const [port] = await once(node, 'message');
  const client = new MerkleKVClient('127.0.0.1', port);
  t.after(() => client.close());
  await client.set('k', 'v');
  // The program computes, so that nothing of the closed socket is known when it calls again.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1050);
  await client.set('k', 'w');
});
