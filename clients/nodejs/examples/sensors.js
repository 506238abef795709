'use strict';

// Readings of sensors: node sensors.js [HOST [PORT]]
//
// Each sensor has its latest reading, which expires when none comes for a while, a log of the
// readings, and a counter. A report goes through the sensors with a scan.

const { MerkleKVClient, MerkleKVError } = require('../src');

const FRESH_SECONDS = 3600;

const READINGS = [
  ['kitchen', 21.4],
  ['cellar', 12.9],
  ['kitchen', 21.6],
  ['attic', 26.0],
  ['kitchen', 21.9],
];

async function record(client, sensor, celsius) {
  const latest = `sensor:${sensor}:latest`;
  const results = await client
    .pipeline()
    .set(latest, String(celsius))
    .expire(latest, FRESH_SECONDS)
    .append(`sensor:${sensor}:log`, `${celsius};`)
    .incr(`sensor:${sensor}:count`)
    .execute();
  const refused = results.find((result) => result instanceof MerkleKVError);
  if (refused) throw refused;
}

async function report(client) {
  for await (const key of client.scan('sensor:')) {
    if (!key.endsWith(':latest')) continue;
    const sensor = key.split(':')[1];
    const [latest, log, count] = await client.mget([
      key,
      `sensor:${sensor}:log`,
      `sensor:${sensor}:count`,
    ]);
    const highest = Math.max(...log.split(';').slice(0, -1).map(Number));
    console.log(`${sensor}: ${latest} °C now, ${highest} °C at most, ${count} readings`);
  }
}

async function forget(client) {
  const keys = [];
  for await (const key of client.scan('sensor:')) keys.push(key);
  await Promise.all(keys.map((key) => client.delete(key)));
}

async function main() {
  const [host = 'localhost', port = '7379'] = process.argv.slice(2);
  const client = new MerkleKVClient(host, Number(port));
  try {
    await forget(client);
    for (const [sensor, celsius] of READINGS) await record(client, sensor, celsius);
    await report(client);
  } finally {
    await client.close();
  }
}

main().catch((error) => {
  console.error(error instanceof MerkleKVError ? error.message : error);
  process.exitCode = 1;
});
