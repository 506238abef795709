'use strict';

// A node for tests that says what the test wants.

const { once } = require('node:events');
const net = require('node:net');
const { LineReader } = require('../src/line');
const { MerkleKVClient } = require('../src');

/**
 * Listens on a port of its own. `answer(line, socket)` gives the reply to a line, or nothing if
 * there is none; `VERSION` is answered. `heard` has all other lines.
 */
async function scriptedNode(t, answer, greeting = 'MerkleKV 0.2.0') {
  const node = { heard: [], connections: 0, chunks: [] };
  const server = net.createServer((socket) => {
    const lines = new LineReader('the test', 2 ** 24);
    node.connections += 1;
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      node.chunks.push(chunk.toString());
      lines.read(chunk, (line) => respond(line.text(), socket));
    });
    t.after(() => socket.destroy());
  });
  const respond = (line, socket) => {
    if (line === 'VERSION') return socket.write(`${greeting}\r\n`);
    node.heard.push(line);
    const reply = answer(line, socket);
    return reply === undefined || socket.write(reply);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  node.port = server.address().port;
  return node;
}

/** A client of a scripted node, closed when the test ends. */
function clientOf(t, node, options) {
  const client = new MerkleKVClient('127.0.0.1', node.port, options);
  t.after(() => client.close());
  return client;
}

module.exports = { scriptedNode, clientOf };
