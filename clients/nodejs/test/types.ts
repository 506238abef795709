// Compiled, not run: what programs write has to have these types.

import {
  ConnectionError,
  MerkleKVClient,
  MerkleKVError,
  Pipeline,
  PipelineResult,
  ServerError,
} from '@merklekv/client';
import merklekv = require('@merklekv/client');

export async function calls(client: MerkleKVClient): Promise<void> {
  const text: string | null = await client.get('k');
  const bytes: Buffer | null = await client.getBuffer('k');
  const number: number = await client.incr('n', 2);
  const exact: bigint = await client.incr('n', 1n);
  const values: Array<string | null> = await client.mget(new Set(['a', 'b']));
  const facts: Record<string, string> = await client.info();
  await client.set('k', bytes ?? text ?? new Uint8Array([number, Number(exact)]));
  await client.mset({ a: '1', b: Buffer.from('2') });
  await client.mset(new Map([['a', values[0] ?? facts.version]]));
  await client.mset([['a', '1']]);
  for await (const key of client.scan('user:')) key.toUpperCase();
  await client[Symbol.asyncDispose]();
}

export async function pipelines(client: MerkleKVClient): Promise<void> {
  const pipeline: Pipeline = client.pipeline().set('k', 'v').incr('n', 1n).mget(['a']);
  const results: PipelineResult[] = await pipeline.execute();
  const [, count] = await client.pipeline().set('k', 'v').incr('n').execute<[undefined, number]>();
  if (results[0] instanceof ServerError) console.log(results[0].code, count + 1);
}

export function errors(error: unknown): string {
  if (error instanceof ConnectionError) return error.message;
  if (error instanceof MerkleKVError && error.kind === 'server') return error.code;
  return '';
}

export const other: MerkleKVClient = new merklekv.MerkleKVClient('localhost', 7379, {
  timeoutMs: 1000,
  user: 'ada',
  password: 'secret',
  tls: { caFile: 'ca.pem', serverName: 'node1' },
});

// @ts-expect-error a value is no number
other.set('k', 5);
// @ts-expect-error there is no such option
export const wrong = new MerkleKVClient('localhost', 7379, { timeout: 5 });
