'use strict';

// node redis.js HOST PORT: the same load with ioredis, which NODE_PATH has to lead to.

const Redis = require('ioredis');
const { run } = require('./load');

async function main() {
  const client = new Redis(Number(process.argv[3]), process.argv[2]);
  await run({
    set: (key, value) => client.set(key, value),
    get: (key) => client.get(key),
    batch: (operation, keys, value) => {
      const pipeline = client.pipeline();
      for (const key of keys) {
        if (value === undefined) pipeline[operation](key);
        else pipeline[operation](key, value);
      }
      return pipeline.exec();
    },
  });
  await client.quit();
}

main();
