'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const { clientOf, scriptedNode } = require('./scripted');

const LEGACY = 'VERSION 0.1.0';
const REPORT_HEADERS = { INFO: '# Server Information', STATS: 'STATS' };

const endless = { kind: 'protocol', message: /does not end.*replyLimitBytes/ };

test('a report that does not end is given up, however short its lines are', async (t) => {
  const node = await scriptedNode(t, (line) => `${REPORT_HEADERS[line]}\r\n${':\r\n'.repeat(100)}`);
  const client = clientOf(t, node, { replyLimitBytes: 1000 });
  await assert.rejects(client.info(), endless);
  await assert.rejects(client.stats(), endless);
});

test('a list of the legacy dialect may be long, but not without an end', async (t) => {
  const answers = {
    'SCAN few': `KEYS 900\r\n${'k\r\n'.repeat(900)}`,
    'SCAN many': `KEYS 1000000000\r\n${'k\r\n'.repeat(1000)}`,
    'SCAN empty': 'KEYS 1000000000\r\n\r\n',
  };
  const node = await scriptedNode(t, (line) => answers[line], LEGACY);
  const client = clientOf(t, node, { replyLimitBytes: 1000 });
  let count = 0;
  for await (const key of client.scan('few')) count += key.length;
  assert.equal(count, 900);
  await assert.rejects(client.scan('many').next(), endless);
  await assert.rejects(client.scan('empty').next(), { kind: 'protocol' });
});

test('the legacy dialect has no way to carry white space at the end of a line', async (t) => {
  const node = await scriptedNode(t, () => 'VALUE v\r\n', LEGACY);
  const client = clientOf(t, node);
  const refused = { kind: 'argument', message: /legacy dialect/ };
  await assert.rejects(client.get('k\u00a0'), refused);
  await assert.rejects(client.set('k', 'v\u3000'), refused);
  await assert.rejects(client.set('k', Buffer.from([0xff])), refused);
  await assert.rejects(client.pipeline().get('a').get('k\u2003').execute(), refused);
  assert.equal(await client.get('k\u00a0k'), 'v');
  assert.deepEqual(node.heard, ['GET k\u00a0k']);
});

test('a sentence of the legacy dialect is its code, as a key may have a colon', async (t) => {
  const sentence = "Value for key 'a:b' is not a valid number";
  const node = await scriptedNode(t, () => `ERROR ${sentence}\r\n`, LEGACY);
  await assert.rejects(clientOf(t, node).incr('a:b'), { kind: 'server', code: sentence, sentence });
});
