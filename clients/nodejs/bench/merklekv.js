'use strict';

// node merklekv.js HOST PORT: the load with this library.

const { MerkleKVClient } = require('../src');
const { run } = require('./load');

async function main() {
  const client = new MerkleKVClient(process.argv[2], Number(process.argv[3]));
  await run({
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    batch: (operation, keys, value) => {
      const pipeline = client.pipeline();
      for (const key of keys) pipeline[operation](key, value);
      return pipeline.execute();
    },
  });
  await client.close();
}

main();
