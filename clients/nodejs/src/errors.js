'use strict';

// The errors of this library: five kinds, one family.

/** What every error of this library is. `kind` tells the five kinds apart without `instanceof`. */
class MerkleKVError extends Error {
  /** @type {'argument' | 'connection' | 'timeout' | 'protocol' | 'server'} */
  kind;

  /** The code of a server error, such as `Wrong type`; empty for the other kinds. */
  code = '';

  constructor(kind, message, options) {
    super(message, options);
    this.kind = kind;
  }

  get name() {
    return this.constructor.name;
  }
}

/** Refused before anything was sent. */
class InvalidArgumentError extends MerkleKVError {
  constructor(message, options) {
    super('argument', message, options);
  }
}

/** The connection could not be opened, or it broke, or the client was closed. */
class ConnectionError extends MerkleKVError {
  constructor(message, options) {
    super('connection', message, options);
  }
}

/** A reply was not there in time. The connection was closed, as the reply may still come. */
class TimeoutError extends MerkleKVError {
  constructor(message, options) {
    super('timeout', message, options);
  }
}

/** The answer is none of this protocol, or not one to this command. */
class ProtocolError extends MerkleKVError {
  constructor(message, options) {
    super('protocol', message, options);
  }
}

/** A right answer that cannot be given in the form that was asked for. The connection lives. */
class UnfitResultError extends ProtocolError {
  get name() {
    return 'ProtocolError';
  }
}

/** The node refused the command. */
class ServerError extends MerkleKVError {
  /** What the node said, without its address. */
  sentence;

  constructor(sentence, code, node) {
    super('server', `${sentence} (says ${node})`);
    this.sentence = sentence;
    this.code = code;
  }
}

/** Whether only one call failed, and the replies that follow can still be told apart. */
function leavesConnectionUsable(error) {
  return error instanceof ServerError || error instanceof UnfitResultError;
}

module.exports = {
  MerkleKVError,
  InvalidArgumentError,
  ConnectionError,
  TimeoutError,
  ProtocolError,
  UnfitResultError,
  ServerError,
  leavesConnectionUsable,
};
