'use strict';

// Commands that are collected, sent together, and answered together.

const commands = require('./commands');
const { leavesConnectionUsable } = require('./errors');
const { MORE, NEXT } = require('./reply');

/**
 * Collects operations; `execute` sends them. Each operation gives the pipeline itself, and throws
 * InvalidArgumentError at once for what cannot be sent. Made by `client.pipeline()`.
 */
class Pipeline {
  #channel;
  #commands = [];

  constructor(channel) {
    this.#channel = channel;
  }

  /** How many operations are waiting for `execute`. */
  get length() {
    return this.#commands.length;
  }

  /**
   * Sends all commands, and gives their results in order, or an error in the place of one that the
   * node refused. The pipeline is empty afterwards and may be used again.
   */
  async execute() {
    const batch = this.#commands;
    this.#commands = [];
    if (batch.every((command) => command instanceof commands.Answered)) {
      return batch.map((command) => command.answer);
    }
    return this.#channel.execute(new Batch(batch));
  }

  #add(command) {
    this.#commands.push(command);
    return this;
  }

  set(key, value) {
    return this.#add(commands.set(key, value));
  }

  get(key) {
    return this.#add(commands.get(key));
  }

  getBuffer(key) {
    return this.#add(commands.get(key, true));
  }

  delete(key) {
    return this.#add(commands.remove(key));
  }

  incr(key, amount) {
    return this.#add(commands.incr(key, amount));
  }

  decr(key, amount) {
    return this.#add(commands.decr(key, amount));
  }

  append(key, value) {
    return this.#add(commands.append(key, value));
  }

  prepend(key, value) {
    return this.#add(commands.prepend(key, value));
  }

  mget(keys) {
    return this.#add(commands.mget(keys));
  }

  mgetBuffers(keys) {
    return this.#add(commands.mget(keys, true));
  }

  mset(pairs) {
    return this.#add(commands.mset(pairs));
  }

  exists(keys) {
    return this.#add(commands.exists(keys));
  }

  expire(key, seconds) {
    return this.#add(commands.expire(key, seconds));
  }

  persist(key) {
    return this.#add(commands.persist(key));
  }

  ttl(key) {
    return this.#add(commands.ttl(key));
  }

  dbsize() {
    return this.#add(commands.dbsize());
  }

  ping(message) {
    return this.#add(commands.ping(message));
  }

  echo(message) {
    return this.#add(commands.echo(message));
  }

  info() {
    return this.#add(commands.info());
  }

  stats() {
    return this.#add(commands.stats());
  }

  version() {
    return this.#add(commands.version());
  }

  memory() {
    return this.#add(commands.memory());
  }

  hash(prefix) {
    return this.#add(commands.hash(prefix));
  }

  flush() {
    return this.#add(commands.flush());
  }
}

/** The commands of a pipeline as one: nothing is sent unless each of them can be written. */
class Batch {
  name = 'a pipeline';
  isRead = false;
  #commands;

  constructor(batch) {
    this.#commands = batch;
  }

  encode(dialect) {
    let text = '';
    for (const command of this.#commands) {
      if (!(command instanceof commands.Answered)) text += command.encode(dialect);
    }
    return text;
  }

  read(dialect) {
    return new BatchReply(this.#commands, dialect);
  }
}

/** Reads one reply after the other. */
class BatchReply {
  #commands;
  #dialect;
  #results = [];
  #current;

  constructor(batch, dialect) {
    this.#commands = batch;
    this.#dialect = dialect;
    this.#advance();
  }

  accept(line) {
    const result = this.#resultOf(line);
    if (result === MORE) return MORE;
    this.#results.push(result);
    this.#advance();
    return this.#current ? NEXT : this.#results;
  }

  #resultOf(line) {
    try {
      return this.#current.accept(line);
    } catch (error) {
      if (!leavesConnectionUsable(error)) throw error;
      return error;
    }
  }

  // To the next command that was sent; the answers to others are known.
  #advance() {
    let command = this.#commands[this.#results.length];
    while (command instanceof commands.Answered) {
      this.#results.push(command.answer);
      command = this.#commands[this.#results.length];
    }
    this.#current = command?.read(this.#dialect);
  }
}

module.exports = { Pipeline };
