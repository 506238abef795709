'use strict';

// One open socket. Sends calls as they come and gives each its reply, in order.
//
// Calls made in one turn of the event loop leave in one write. The time for a reply begins when
// its call is sent or, if others are before it, when the one before it was answered. There is one
// timer for all of them, which looks at the deadline when it goes off, and so costs nothing per
// call.

const { performance } = require('node:perf_hooks');
const { leavesConnectionUsable, ProtocolError } = require('./errors');
const { LineReader } = require('./line');
const { MORE, NEXT } = require('./reply');

// Written at once when so much is waiting, in characters.
const FULL_BATCH = 65536;

// An idle connection is looked at before it is used, as the node may have closed it.
const TRUSTED_FOR_MS = 1000;

// Timers are not more exact than this.
const SAME_MOMENT_MS = 5;

class Connection {
  /** What the node speaks; nothing before it has answered VERSION. */
  dialect = null;

  #node;
  #timeoutMs;
  #socket;
  #lines;
  #accept = (line) => this.#acceptLine(line);
  #flush = () => this.#flushNow();
  #first = null;
  #last = null;
  #batch = '';
  #isFlushDue = false;
  #deadline = Infinity;
  #timer = null;
  #now = performance.now();
  #isOpen = true;

  /** Takes a socket that is connected. */
  constructor(socket, { node, timeoutMs, replyLimitBytes }) {
    this.#node = node;
    this.#timeoutMs = timeoutMs;
    this.#socket = socket;
    this.#lines = new LineReader(node, replyLimitBytes);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#break(`the connection broke (${error.message})`, error));
    socket.on('end', () => this.#break('it closed the connection'));
    socket.on('close', () => this.#break('the connection was closed'));
  }

  get isOpen() {
    return this.#isOpen;
  }

  /** Whether nobody has heard of the node for so long that it may have closed the connection. */
  get isDoubtful() {
    return this.#first === null && performance.now() - this.#now > TRUSTED_FOR_MS;
  }

  /** Sends a call that is prepared for the dialect. */
  send(call) {
    if (this.#last) this.#last.next = call;
    else this.#first = call;
    this.#last = call;
    if (!this.#isOpen) {
      this.#interruptAll('the connection was closed');
      return;
    }
    this.#batch += call.text;
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      // Behind everything that this turn of the event loop still does, promises included.
      process.nextTick(this.#flush);
    }
    if (this.#batch.length >= FULL_BATCH) this.#write();
  }

  /** Closes at once. Calls without a reply are interrupted. Resolves when the socket is closed. */
  close(reason) {
    const closed = new Promise((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once('close', resolve);
    });
    this.#break(reason);
    return closed;
  }

  #flushNow() {
    this.#isFlushDue = false;
    if (this.#batch !== '' && this.#isOpen) this.#write();
  }

  #write() {
    const text = this.#batch;
    this.#batch = '';
    this.#socket.write(text);
    if (this.#deadline !== Infinity) return;
    this.#now = performance.now();
    this.#beginTurn();
  }

  // From now on the reply of the first call is waited for.
  #beginTurn() {
    if (this.#first === null) {
      this.#deadline = Infinity;
      return;
    }
    this.#deadline = this.#first.dueBy ?? this.#now + this.#timeoutMs;
    if (this.#timer === null) this.#startTimer(this.#deadline - this.#now);
  }

  #startTimer(ms) {
    this.#timer = setTimeout(() => this.#checkDeadline(), Math.max(1, Math.ceil(ms)));
    // While a reply is waited for, the socket keeps the process alive.
    this.#timer.unref();
  }

  #checkDeadline() {
    this.#timer = null;
    if (this.#deadline === Infinity || !this.#isOpen) return;
    const left = this.#deadline - performance.now();
    if (left > 0) {
      this.#startTimer(left);
      return;
    }
    // If the program kept the event loop busy, the reply may be there and was not read yet.
    const missed = this.#deadline;
    setImmediate(() => {
      if (this.#deadline === missed) this.#expire();
      else if (this.#deadline !== Infinity && this.#timer === null) this.#checkDeadline();
    });
  }

  // Calls that were made as long ago have waited in vain as well.
  #expire() {
    if (!this.#isOpen) return;
    const madeBefore = performance.now() - this.#timeoutMs + SAME_MOMENT_MS;
    const calls = this.#end();
    calls.next().value.expire(this.#node, this.#timeoutMs);
    for (const call of calls) {
      if (call.since <= madeBefore) call.expire(this.#node, this.#timeoutMs);
      else call.interrupt(this.#node, 'it was too slow with an earlier call');
    }
  }

  #receive(chunk) {
    if (!this.#isOpen) return;
    this.#now = performance.now();
    try {
      this.#lines.read(chunk, this.#accept);
    } catch (error) {
      this.#failFirst(error);
      return;
    }
    // What nobody asked for would be taken for the reply to the next call.
    if (this.#first === null && this.#lines.isWithinLine) this.#break('it said what nobody asked');
  }

  #acceptLine(line) {
    const call = this.#first;
    if (call === null) throw new ProtocolError(`nobody asked ${this.#node} for ${line}`);
    let result;
    try {
      result = call.reply.accept(line);
    } catch (error) {
      if (!leavesConnectionUsable(error)) throw error;
      this.#removeFirst();
      call.fail(error);
      return;
    }
    if (result === MORE) return;
    if (result === NEXT) {
      call.dueBy = undefined;
      this.#beginTurn();
      return;
    }
    this.#removeFirst();
    call.succeed(result);
  }

  #removeFirst() {
    this.#first = this.#first.next;
    if (this.#first === null) this.#last = null;
    this.#beginTurn();
  }

  #failFirst(error) {
    const calls = this.#end();
    calls.next().value?.fail(error);
    for (const call of calls) {
      call.interrupt(this.#node, 'its answer to an earlier call made no sense', error);
    }
  }

  #break(reason, cause) {
    if (!this.#isOpen) return;
    for (const call of this.#end()) call.interrupt(this.#node, reason, cause);
  }

  #interruptAll(reason) {
    for (const call of this.#takeAll()) call.interrupt(this.#node, reason);
  }

  // Closes the socket and gives the calls that have no reply.
  #end() {
    this.#isOpen = false;
    this.#deadline = Infinity;
    clearTimeout(this.#timer);
    this.#socket.destroy();
    return this.#takeAll();
  }

  *#takeAll() {
    let call = this.#first;
    this.#first = null;
    this.#last = null;
    while (call) {
      const { next } = call;
      yield call;
      call = next;
    }
  }
}

module.exports = { Connection };
