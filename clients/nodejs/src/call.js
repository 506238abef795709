'use strict';

// One call of a program on its way: its command, how often it was sent, and who waits for it.

const { performance } = require('node:perf_hooks');
const { ConnectionError, TimeoutError } = require('./errors');

class Call {
  /** What is sent, and the reader of what comes back. Both are made anew for each attempt. */
  text;
  reply;

  /** When the reply has to be there, if that was settled before it was sent. */
  dueBy;

  /** Since when it waits for this attempt. */
  since = performance.now();

  /** The call behind this one on its connection. */
  next = null;

  #command;
  #resolve;
  #reject;
  #askAgain;

  /** `askAgain`, if there is one, takes the call if its connection breaks and it is a read. */
  constructor(command, resolve, reject, askAgain) {
    this.#command = command;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#askAgain = command.isRead ? askAgain : undefined;
  }

  /** Writes the command in a dialect. Throws if the dialect cannot carry it. */
  prepare(dialect) {
    this.text = this.#command.encode(dialect);
    this.reply = this.#command.read(dialect);
  }

  succeed(result) {
    this.#resolve(result);
  }

  fail(error) {
    this.#reject(error);
  }

  /** The reply is not there in time. */
  expire(node, timeoutMs) {
    const { name } = this.#command;
    this.fail(new TimeoutError(`${node} did not answer ${name} within ${timeoutMs} ms`));
  }

  /** The connection is gone. A read is asked once more; whether a write was done nobody knows. */
  interrupt(node, reason, cause) {
    const askAgain = this.#askAgain;
    if (askAgain) {
      this.#askAgain = undefined;
      this.dueBy = undefined;
      this.since = performance.now();
      this.next = null;
      askAgain(this);
      return;
    }
    const { isRead, name } = this.#command;
    const doubt = isRead ? '' : '; whether the node did it is not known';
    const message = `${node} did not answer ${name}, as ${reason}${doubt}`;
    this.fail(new ConnectionError(message, { cause }));
  }
}

module.exports = { Call };
