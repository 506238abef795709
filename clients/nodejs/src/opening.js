'use strict';

// Opens connections: dials, greets and logs in, several times if need be, up to one deadline.

const net = require('node:net');
const { performance } = require('node:perf_hooks');
const tls = require('node:tls');
const { setTimeout: sleep } = require('node:timers/promises');
const { Call } = require('./call');
const commands = require('./commands');
const { Connection } = require('./connection');
const { dialectOf } = require('./dialect');
const { ConnectionError, TimeoutError } = require('./errors');

const FIRST_PAUSE_MS = 50;

// What a node says before the client knows its dialect is read without one.
const GREETING = {
  name: 'VERSION',
  isRead: false,
  encode: () => 'VERSION\r\n',
  read: ({ node, replyLimitBytes }) => ({
    accept: (line) => dialectOf(line, node, replyLimitBytes),
  }),
};

/**
 * A connection that may be used, logged in if there is a login. Failures to connect are repeated
 * after a pause; what the node answers is not. Whoever aborts `signal` does not care how it ends.
 */
async function open(options, login, dueBy, signal) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openOnce(options, login, dueBy, signal);
    } catch (error) {
      const pause = pauseBehind(attempt);
      const isLast = attempt >= options.connectAttempts || performance.now() + pause >= dueBy;
      if (!(error instanceof ConnectionError) || isLast || signal.aborted) throw error;
      await sleep(pause, undefined, { signal });
    }
  }
}

// Half of it at random, so that many clients of a node that was restarted do not come together.
function pauseBehind(attempt) {
  const longest = FIRST_PAUSE_MS * 2 ** (attempt - 1);
  return longest / 2 + (Math.random() * longest) / 2;
}

async function openOnce(options, login, dueBy, signal) {
  const socket = await dial(options, dueBy, signal);
  const connection = new Connection(socket, options);
  const giveUp = () => connection.close('the client was closed');
  signal.addEventListener('abort', giveUp);
  try {
    connection.dialect = await ask(connection, GREETING, options, dueBy);
    if (login) {
      const auth = commands.auth(login.user, login.password);
      await ask(connection, auth, connection.dialect, dueBy);
    }
    return connection;
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

function ask(connection, command, dialect, dueBy) {
  return new Promise((resolve, reject) => {
    const call = new Call(command, resolve, reject);
    call.prepare(dialect);
    call.dueBy = dueBy;
    connection.send(call);
  });
}

/** A socket that is connected, with TLS if that is asked for. */
function dial(options, dueBy, signal) {
  return new Promise((resolve, reject) => {
    const socket = options.tls
      ? tls.connect(tlsOptions(options))
      : net.connect(tcpOptions(options));
    const settle = (error) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      if (!error) return resolve(socket);
      socket.on('error', () => {});
      socket.destroy();
      return reject(error);
    };
    const fail = (cause) => settle(notConnected(options.node, cause));
    const abort = () => settle(new ConnectionError(`the client of ${options.node} was closed`));
    const timer = setTimeout(
      () => settle(new TimeoutError(`${options.node} took longer than the timeout to connect`)),
      Math.max(1, dueBy - performance.now()),
    );
    socket.setNoDelay(true);
    socket.once(options.tls ? 'secureConnect' : 'connect', () => settle());
    socket.once('error', fail);
    signal.addEventListener('abort', abort);
  });
}

function tcpOptions({ host, port }) {
  // A name such as localhost may stand for an address of either kind; the node listens on one.
  return { host, port, autoSelectFamily: true };
}

function tlsOptions(options) {
  const { secureContext, serverName } = options.tls;
  const name = serverName ?? options.host;
  return {
    ...tcpOptions(options),
    secureContext,
    // Addresses are not announced in the handshake, but have to be in the certificate all the same.
    servername: net.isIP(name) ? '' : name,
    checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
  };
}

function notConnected(node, cause) {
  // Where a name has several addresses, each has its own error, and the one around them no text.
  const reasons = cause.errors?.length ? cause.errors : [cause];
  const text = [...new Set(reasons.map((reason) => reason.message))].join('; ');
  return new ConnectionError(`cannot connect to ${node}: ${text}`, { cause });
}

module.exports = { open };
