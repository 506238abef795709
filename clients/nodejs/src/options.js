'use strict';

// The options of a client: their defaults, and what is wrong with them.

const { readFileSync } = require('node:fs');
const { createSecureContext } = require('node:tls');
const { checkText, typeName } = require('./arguments');
const { InvalidArgumentError } = require('./errors');

const DEFAULTS = {
  timeoutMs: 5000,
  connectAttempts: 4,
  replyLimitBytes: 16 * 1024 * 1024,
  user: undefined,
  password: undefined,
  tls: false,
};

const FILES = { caFile: 'ca', certFile: 'cert', keyFile: 'key' };

// The longest time that a timer of Node.js can wait for.
const LONGEST_MS = 2 ** 31 - 1;

/** Options as the rest of the library knows them. Throws InvalidArgumentError. */
function checkOptions(host, port, given) {
  checkNames(given, DEFAULTS, 'option');
  const options = { ...DEFAULTS, ...given, host, port };
  checkText(host, 'a host');
  if (host === '') throw new InvalidArgumentError('a host needs a name or an address');
  checkRange(port, 'port', 65535);
  checkRange(options.timeoutMs, 'timeoutMs', LONGEST_MS);
  checkRange(options.connectAttempts, 'connectAttempts', Number.MAX_SAFE_INTEGER);
  checkRange(options.replyLimitBytes, 'replyLimitBytes', 2 ** 30);
  return {
    ...options,
    node: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
    login: loginOf(options),
    tls: tlsOf(options.tls),
  };
}

function checkNames(given, known, what) {
  if (given === null || typeof given !== 'object') {
    throw new InvalidArgumentError(`options are an object, not ${typeName(given)}`);
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) {
    const names = Object.keys(known).join(', ');
    throw new InvalidArgumentError(`there is no ${what} '${unknown}', only ${names}`);
  }
}

function checkRange(number, name, highest) {
  if (!Number.isInteger(number) || number < 1 || number > highest) {
    throw new InvalidArgumentError(
      `${name} is a whole number from 1 to ${highest}, and ${String(number)} is not`,
    );
  }
}

function loginOf({ user, password }) {
  if (user === undefined && password === undefined) return null;
  if (user === undefined || password === undefined) {
    throw new InvalidArgumentError('user and password are given together or not at all');
  }
  return { user: checkText(user, 'a user'), password: checkText(password, 'a password') };
}

// Files are read now, so that a wrong name is told where it was written.
function tlsOf(tls) {
  if (!tls) return null;
  const given = tls === true ? {} : tls;
  checkNames(given, { ...FILES, serverName: undefined }, 'option of tls');
  const { serverName, ...names } = given;
  if ((names.certFile === undefined) !== (names.keyFile === undefined)) {
    throw new InvalidArgumentError('certFile and keyFile are given together or not at all');
  }
  const contents = {};
  for (const [name, file] of Object.entries(names)) {
    if (file !== undefined) contents[FILES[name]] = contentsOf(file, name);
  }
  return { secureContext: secureContextOf(contents), serverName };
}

function secureContextOf(contents) {
  try {
    return createSecureContext(contents);
  } catch (cause) {
    throw new InvalidArgumentError(`the files of tls are of no use: ${cause.message}`, { cause });
  }
}

function contentsOf(file, name) {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new InvalidArgumentError(`${name} ${file} cannot be read: ${cause.message}`, { cause });
  }
}

module.exports = { checkOptions };
