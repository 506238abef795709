/// <reference types="node" />

/** Text, or bytes of any kind. */
export type Value = string | Uint8Array;

/** Files of TLS, all PEM, and the name that the node's certificate has to be for. */
export interface TlsOptions {
  /** Certificates of the authorities that are trusted; those of Node.js without it. */
  caFile?: string;
  /** The name in the node's certificate; the host without it. */
  serverName?: string;
  /** The client's own certificate, if the node asks for one. Needs `keyFile`. */
  certFile?: string;
  /** The private key of `certFile`. */
  keyFile?: string;
}

export interface Options {
  /** The longest that one reply may take, connecting included, in milliseconds. Default: 5000. */
  timeoutMs?: number;
  /** How often connecting is tried before a call fails. Default: 4. */
  connectAttempts?: number;
  /** The longest line that is read, in bytes. Default: 16 MiB. */
  replyLimitBytes?: number;
  /** Who logs in, on every connection. Needs `password`. */
  user?: string;
  password?: string;
  /** Encrypts the connection. Default: false. */
  tls?: boolean | TlsOptions;
}

/**
 * A client of one node. All calls share one connection, which the first of them opens. Calls that
 * are made at the same time are on their way together, and need not wait for each other.
 *
 * Every promise is rejected with a {@link MerkleKVError} if its call fails. An open connection
 * keeps the process alive until `close`.
 */
export class MerkleKVClient {
  /**
   * Opens nothing yet.
   * @throws {InvalidArgumentError} if an option is wrong or a file of TLS cannot be read
   */
  constructor(host?: string, port?: number, options?: Options);

  /** Gives a key a value, without an expiry. */
  set(key: string, value: Value): Promise<void>;

  /** The value of a key, or null. A value that is not UTF-8 is a ProtocolError: see `getBuffer`. */
  get(key: string): Promise<string | null>;

  /** The value of a key as bytes, or null. */
  getBuffer(key: string): Promise<Buffer | null>;

  /** Deletes a key. False if there was no such key. */
  delete(key: string): Promise<boolean>;

  /**
   * Adds `amount` (1) to a number of 64 bits, and gives the new number. A missing key counts as 0.
   * A number beyond 2^53 is a ProtocolError, though the node has added: see the form with bigint.
   */
  incr(key: string, amount?: number): Promise<number>;
  /** The same with all 64 bits: `incr('n', 1n)`. */
  incr(key: string, amount: bigint): Promise<bigint>;

  /** Subtracts, as `incr` adds. */
  decr(key: string, amount?: number): Promise<number>;
  /** The same with all 64 bits: `decr('n', 1n)`. */
  decr(key: string, amount: bigint): Promise<bigint>;

  /** Puts a value behind the one that is there, and gives the whole. */
  append(key: string, value: Value): Promise<string>;

  /** Puts a value before the one that is there, and gives the whole. */
  prepend(key: string, value: Value): Promise<string>;

  /** For each key what `get` would give. */
  mget(keys: Iterable<string>): Promise<Array<string | null>>;

  /** For each key what `getBuffer` would give. */
  mgetBuffers(keys: Iterable<string>): Promise<Array<Buffer | null>>;

  /** Gives several keys their values, all or none. */
  mset(pairs: Pairs): Promise<void>;

  /** How many of these keys there are; a key named twice counts twice. */
  exists(keys: Iterable<string>): Promise<number>;

  /** The keys that begin with `prefix`, in byte order. Asks for 1000 at a time, when needed. */
  scan(prefix?: string): AsyncGenerator<string, void, undefined>;

  /** Lets a key be deleted in so many seconds. False if there is no such key. */
  expire(key: string, seconds: number | bigint): Promise<boolean>;

  /** Keeps a key that was to expire. False if there is no key with an expiry. */
  persist(key: string): Promise<boolean>;

  /** Whole seconds until a key expires; -1 if it does not, -2 if there is no such key. */
  ttl(key: string): Promise<number>;

  /** How many keys have a value. */
  dbsize(): Promise<number>;

  /** The message back, or `PONG` without one. */
  ping(message?: string): Promise<string>;

  /** The message back. */
  echo(message: string): Promise<string>;

  /** What the node says of itself. */
  info(): Promise<Record<string, string>>;

  /** Counters since the node was started. */
  stats(): Promise<Record<string, string>>;

  /** The version of the node, such as `0.2.0`. */
  version(): Promise<string>;

  /** How much memory the data takes, in bytes, by estimate. */
  memory(): Promise<number>;

  /** The root of the Merkle tree, or that of the keys with a prefix: 64 hex digits. */
  hash(prefix?: string): Promise<string>;

  /** Deletes every key of the whole cluster. */
  flush(): Promise<void>;

  /** Logs in. If the node takes it, connections after this one log in as well. */
  auth(user: string, password: string): Promise<void>;

  /** A pipeline: collects operations and sends them together. */
  pipeline(): Pipeline;

  /** Closes the connection at once. Calls that have no answer, and later ones, are rejected. */
  close(): Promise<void>;

  /** The same as `close`, for `await using`. Missing where Node.js has no such symbol. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Keys and their values. */
export type Pairs = Record<string, Value> | Iterable<readonly [key: string, value: Value]>;

/** What an operation of a pipeline gives: what it gives on the client, or why it failed. */
export type PipelineResult =
  | undefined
  | null
  | string
  | number
  | bigint
  | boolean
  | Buffer
  | Array<string | null>
  | Array<Buffer | null>
  | Record<string, string>
  | ServerError
  | ProtocolError;

/**
 * Collects operations, which give the pipeline itself; `execute` sends them. Made by
 * `client.pipeline()`. What cannot be sent throws InvalidArgumentError where it is added.
 */
export class Pipeline {
  private constructor();

  /** How many operations are waiting for `execute`. */
  readonly length: number;

  /**
   * Sends all commands and gives their results in order. In the place of a command that the node
   * refused there is its ServerError, and in that of a value which is not UTF-8 but was asked for
   * as text a ProtocolError. The pipeline is empty afterwards and may be used again.
   *
   * If the connection fails the promise is rejected; how many commands were done is not known.
   * Who knows what was added can say it: `execute<[undefined, number]>()`.
   */
  execute<Results extends unknown[] = PipelineResult[]>(): Promise<Results>;

  set(key: string, value: Value): this;
  get(key: string): this;
  getBuffer(key: string): this;
  delete(key: string): this;
  incr(key: string, amount?: number | bigint): this;
  decr(key: string, amount?: number | bigint): this;
  append(key: string, value: Value): this;
  prepend(key: string, value: Value): this;
  mget(keys: Iterable<string>): this;
  mgetBuffers(keys: Iterable<string>): this;
  mset(pairs: Pairs): this;
  exists(keys: Iterable<string>): this;
  expire(key: string, seconds: number | bigint): this;
  persist(key: string): this;
  ttl(key: string): this;
  dbsize(): this;
  ping(message?: string): this;
  echo(message: string): this;
  info(): this;
  stats(): this;
  version(): this;
  memory(): this;
  hash(prefix?: string): this;
  flush(): this;
}

/** What every error of this library is. `kind` tells them apart without `instanceof`. */
export class MerkleKVError extends Error {
  protected constructor();
  readonly kind: 'argument' | 'connection' | 'timeout' | 'protocol' | 'server';
  /** The code of a server error, such as `Wrong type`; empty for the other kinds. */
  readonly code: string;
}

/** Refused before anything was sent. */
export class InvalidArgumentError extends MerkleKVError {
  protected constructor();
  readonly kind: 'argument';
}

/** The connection could not be opened, or it broke, or the client was closed. */
export class ConnectionError extends MerkleKVError {
  protected constructor();
  readonly kind: 'connection';
}

/** A reply was not there in time. The connection was closed, as the reply may still come. */
export class TimeoutError extends MerkleKVError {
  protected constructor();
  readonly kind: 'timeout';
}

/** The answer is none of this protocol, or not one to this command. */
export class ProtocolError extends MerkleKVError {
  protected constructor();
  readonly kind: 'protocol';
}

/** The node refused the command. */
export class ServerError extends MerkleKVError {
  protected constructor();
  readonly kind: 'server';
  /** What the node said, without its address. */
  readonly sentence: string;
}
