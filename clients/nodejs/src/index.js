'use strict';

// One implementation for `require` and `import`: Node finds the names of this object literal, so
// that `import { MerkleKVClient } from '@merklekv/client'` works as well.

const { MerkleKVClient } = require('./client');
const { Pipeline } = require('./pipeline');
const {
  MerkleKVError,
  InvalidArgumentError,
  ConnectionError,
  TimeoutError,
  ProtocolError,
  ServerError,
} = require('./errors');

module.exports = {
  MerkleKVClient,
  Pipeline,
  MerkleKVError,
  InvalidArgumentError,
  ConnectionError,
  TimeoutError,
  ProtocolError,
  ServerError,
};
