'use strict';

// The load that both benchmark programs run, and how they print what came of it.

const { performance } = require('node:perf_hooks');

const VALUE = 'x'.repeat(64);
const KEYS = Array.from({ length: 1000 }, (_, i) => `bench:${i}`);
const WARM_UP = 2000;
const SINGLE = 20000;
const PIPELINED = 200000;
const BATCH = 100;

/**
 * Takes the functions `set`, `get`, and `batch`, which takes a name of these and keys, and
 * sends all in one pipeline.
 */
async function run({ set, get, batch }) {
  await singly(WARM_UP, (key) => set(key, VALUE));
  await report('single set', SINGLE, () => singly(SINGLE, (key) => set(key, VALUE)));
  await report('single get', SINGLE, () => singly(SINGLE, get));
  await report('pipelined set', PIPELINED, () => inBatches((keys) => batch('set', keys, VALUE)));
  await report('pipelined get', PIPELINED, () => inBatches((keys) => batch('get', keys)));
}

async function singly(count, call) {
  for (let i = 0; i < count; i += 1) await call(KEYS[i % KEYS.length]);
}

async function inBatches(call) {
  for (let i = 0; i < PIPELINED; i += BATCH) {
    const first = i % KEYS.length;
    await call(KEYS.slice(first, first + BATCH));
  }
}

async function report(name, count, work) {
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name} ${Math.round(count / seconds)}`);
}

module.exports = { run };
