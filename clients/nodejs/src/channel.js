'use strict';

// Keeps a connection to a node for its client: opens it with the first call, opens it anew after it
// broke, and asks reads once more whose reply was lost.

const { performance } = require('node:perf_hooks');
const { setImmediate: nextTurn } = require('node:timers/promises');
const { Call } = require('./call');
const commands = require('./commands');
const { ConnectionError } = require('./errors');
const { open } = require('./opening');

class Channel {
  #options;
  #login;
  #connection = null;
  #waiting = [];
  #isPreparing = false;
  #isClosed = false;
  #abort = new AbortController();
  #dispatch = (call) => this.#dispatchNow(call);

  constructor(options) {
    this.#options = options;
    this.#login = options.login;
  }

  /** The result of a command. */
  execute(command) {
    if (command instanceof commands.Answered) return Promise.resolve(command.answer);
    return new Promise((resolve, reject) => {
      this.#dispatchNow(new Call(command, resolve, reject, this.#dispatch));
    });
  }

  /** Logs in on this connection and, if the node takes it, on those after it. */
  async login(user, password) {
    await this.execute(commands.auth(user, password));
    this.#login = { user, password };
  }

  /** Ends all calls, and closes the connection. */
  async close() {
    this.#isClosed = true;
    this.#abort.abort();
    this.#failWaiting(this.#closedError());
    await this.#connection?.close('the client was closed');
  }

  #dispatchNow(call) {
    if (this.#isClosed) {
      call.fail(this.#closedError());
    } else if (!this.#isPreparing && this.#connection?.isOpen && !this.#connection.isDoubtful) {
      this.#send(call);
    } else {
      this.#waiting.push(call);
      if (!this.#isPreparing) this.#prepare();
    }
  }

  // Makes the connection fit for the calls that wait, and sends them.
  async #prepare() {
    this.#isPreparing = true;
    const dueBy = performance.now() + this.#options.timeoutMs;
    try {
      await this.#connect(dueBy);
    } catch (error) {
      this.#isPreparing = false;
      this.#failWaiting(error);
      return;
    }
    this.#isPreparing = false;
    const calls = this.#waiting.splice(0);
    // Connecting was part of the time for its reply.
    if (calls.length > 0) calls[0].dueBy = dueBy;
    for (const call of calls) this.#send(call);
  }

  async #connect(dueBy) {
    if (this.#connection?.isOpen) {
      // What the node did meanwhile becomes known when the event loop next looks at the sockets,
      // which it has certainly done after two turns.
      await nextTurn();
      await nextTurn();
      if (this.#connection.isOpen) return;
    }
    this.#connection = await open(this.#options, this.#login, dueBy, this.#abort.signal);
    if (this.#isClosed) this.#connection.close('the client was closed');
  }

  #send(call) {
    try {
      call.prepare(this.#connection.dialect);
    } catch (error) {
      call.fail(error);
      return;
    }
    this.#connection.send(call);
  }

  #failWaiting(error) {
    for (const call of this.#waiting.splice(0)) call.fail(error);
  }

  #closedError() {
    return new ConnectionError(
      `the client of ${this.#options.node} was closed; a new one is needed for further calls`,
    );
  }
}

module.exports = { Channel };
