'use strict';

// The client: each operation makes its command and gives it to the channel.

const { Channel } = require('./channel');
const commands = require('./commands');
const { checkOptions } = require('./options');
const { Pipeline } = require('./pipeline');

/**
 * A client of one node. All calls share one connection, which the first of them opens: calls that
 * are made at the same time are on their way together, and need not wait for each other. Their
 * promises are rejected with the errors of this library only.
 */
class MerkleKVClient {
  #channel;

  /**
   * Opens nothing yet. Throws InvalidArgumentError if an option is wrong or a file of TLS cannot be
   * read. The types beside this file say what the options are.
   */
  constructor(host = 'localhost', port = 7379, options = {}) {
    this.#channel = new Channel(checkOptions(host, port, options));
  }

  /** Gives a key a value, without an expiry. */
  async set(key, value) {
    return this.#channel.execute(commands.set(key, value));
  }

  /** The value of a key as text, or null. Bytes that are not UTF-8 are a ProtocolError. */
  async get(key) {
    return this.#channel.execute(commands.get(key));
  }

  /** The value of a key as bytes, or null. */
  async getBuffer(key) {
    return this.#channel.execute(commands.get(key, true));
  }

  /** Deletes a key. False if there was no such key. */
  async delete(key) {
    return this.#channel.execute(commands.remove(key));
  }

  /**
   * Adds to a number of 64 bits; a missing key counts as 0. The new number is a bigint if the
   * amount is one. Else it is a number, and one beyond 2^53 is a ProtocolError, though the node
   * has added.
   */
  async incr(key, amount) {
    return this.#channel.execute(commands.incr(key, amount));
  }

  /** Subtracts, as `incr` adds. */
  async decr(key, amount) {
    return this.#channel.execute(commands.decr(key, amount));
  }

  /** Puts a value behind the one that is there, and gives the whole. */
  async append(key, value) {
    return this.#channel.execute(commands.append(key, value));
  }

  /** Puts a value before the one that is there, and gives the whole. */
  async prepend(key, value) {
    return this.#channel.execute(commands.prepend(key, value));
  }

  /** For each key what `get` would give. */
  async mget(keys) {
    return this.#channel.execute(commands.mget(keys));
  }

  /** For each key what `getBuffer` would give. */
  async mgetBuffers(keys) {
    return this.#channel.execute(commands.mget(keys, true));
  }

  /** Gives several keys their values, all or none: an object, a Map or an array of pairs. */
  async mset(pairs) {
    return this.#channel.execute(commands.mset(pairs));
  }

  /** How many of these keys there are; a key named twice counts twice. */
  async exists(keys) {
    return this.#channel.execute(commands.exists(keys));
  }

  /** The keys that begin with `prefix`, in byte order. Asks for 1000 at a time, when needed. */
  scan(prefix = '') {
    const first = commands.scan(prefix);
    return this.#pages(prefix, first);
  }

  async *#pages(prefix, first) {
    let page = await this.#channel.execute(first);
    yield* page.keys;
    while (page.more) {
      page = await this.#channel.execute(commands.scan(prefix, page.keys.at(-1)));
      yield* page.keys;
    }
  }

  /** Lets a key be deleted in so many seconds. False if there is no such key. */
  async expire(key, seconds) {
    return this.#channel.execute(commands.expire(key, seconds));
  }

  /** Keeps a key that was to expire. False if there is no key with an expiry. */
  async persist(key) {
    return this.#channel.execute(commands.persist(key));
  }

  /** Whole seconds until a key expires; -1 if it does not, -2 if there is no such key. */
  async ttl(key) {
    return this.#channel.execute(commands.ttl(key));
  }

  /** How many keys have a value. */
  async dbsize() {
    return this.#channel.execute(commands.dbsize());
  }

  /** The message back, or `PONG` without one. */
  async ping(message) {
    return this.#channel.execute(commands.ping(message));
  }

  /** The message back. */
  async echo(message) {
    return this.#channel.execute(commands.echo(message));
  }

  /** What the node says of itself: an object of names and texts. */
  async info() {
    return this.#channel.execute(commands.info());
  }

  /** Counters since the node was started: an object of names and texts. */
  async stats() {
    return this.#channel.execute(commands.stats());
  }

  /** The version of the node, such as `0.2.0`. */
  async version() {
    return this.#channel.execute(commands.version());
  }

  /** How much memory the data takes, in bytes, by estimate. */
  async memory() {
    return this.#channel.execute(commands.memory());
  }

  /** The root of the Merkle tree, or that of the keys with a prefix: 64 hex digits. */
  async hash(prefix = '') {
    return this.#channel.execute(commands.hash(prefix));
  }

  /** Deletes every key of the whole cluster. */
  async flush() {
    return this.#channel.execute(commands.flush());
  }

  /** Logs in. If the node takes it, connections after this one log in as well. */
  async auth(user, password) {
    return this.#channel.login(user, password);
  }

  /** A pipeline: collects operations and sends them together. */
  pipeline() {
    return new Pipeline(this.#channel);
  }

  /** Closes the connection at once. Calls that have no answer, and later ones, are rejected. */
  async close() {
    return this.#channel.close();
  }
}

// For `await using`, where this version of Node.js knows it.
if (Symbol.asyncDispose) {
  MerkleKVClient.prototype[Symbol.asyncDispose] = MerkleKVClient.prototype.close;
}

module.exports = { MerkleKVClient };
