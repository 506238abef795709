package merklekv

import "strconv"

// One function for each operation, for a client and a pipeline to share.

func setOperation(key, value string) operation[struct{}] {
	return operation[struct{}]{
		request: request{verb: "SET", write: writeKeyAndValue, key: key, text: value},
		read:    readOK, err: checkKey(key),
	}
}

func getOperation(key string) operation[Value] {
	return operation[Value]{
		request: request{verb: "GET", write: writeKey, key: key},
		read:    readValue, err: checkKey(key), repeatable: true,
	}
}

// keyOperation is a write whose only argument is a key.
func keyOperation(verb, key string, read func(*conn, *request) (bool, error)) operation[bool] {
	return operation[bool]{
		request: request{verb: verb, write: writeKey, key: key},
		read:    read, err: checkKey(key),
	}
}

// addOperation is INCR or DECR, for which 1 need not be said.
func addOperation(verb, key string, n int64) operation[int64] {
	op := operation[int64]{
		request: request{verb: verb, write: writeKey, key: key},
		read:    readNewNumber, err: checkKey(key),
	}
	if n != 1 {
		op.write, op.text = writeKeyAndNumber, strconv.FormatInt(n, 10)
	}
	return op
}

// joinOperation is APPEND or PREPEND.
func joinOperation(verb, key, value string) operation[string] {
	return operation[string]{
		request: request{verb: verb, write: writeKeyAndValue, key: key, text: value},
		read:    readText, err: checkKey(key),
	}
}

func mgetOperation(keys []string) operation[[]Value] {
	op := operation[[]Value]{
		request: request{verb: "MGET", write: writeKeys, keys: keys},
		read:    readValues, err: checkKeys(keys), repeatable: true,
	}
	if len(keys) == 0 {
		op.answer = &[]Value{}
	}
	return op
}

func msetOperation(pairs []Pair) operation[struct{}] {
	op := operation[struct{}]{
		request: request{verb: "MSET", write: writePairs, pairs: pairs},
		read:    readOK,
	}
	for _, pair := range pairs {
		if op.err == nil {
			op.err = checkKey(pair.Key)
		}
	}
	if len(pairs) == 0 {
		op.answer = &struct{}{}
	}
	return op
}

func existsOperation(keys []string) operation[int64] {
	op := operation[int64]{
		request: request{verb: "EXISTS", write: writeKeys, keys: keys},
		read:    readCount, err: checkKeys(keys), repeatable: true,
	}
	if len(keys) == 0 {
		op.answer = new(int64)
	}
	return op
}

func checkKeys(keys []string) error {
	for _, key := range keys {
		if err := checkKey(key); err != nil {
			return err
		}
	}
	return nil
}

// scanOperation asks for a page of keys behind the last key of the page before.
func scanOperation(prefix, last string) operation[[]string] {
	return operation[[]string]{
		request: request{verb: "SCAN", write: writeScan, key: last, text: prefix},
		read:    readKeys, repeatable: true,
	}
}

func expireOperation(key string, seconds int64) operation[bool] {
	return operation[bool]{
		request: request{
			verb: "EXPIRE", write: writeKeyAndNumber,
			key: key, text: strconv.FormatInt(seconds, 10),
		},
		read: readChanged, err: checkKey(key),
	}
}

func ttlOperation(key string) operation[int64] {
	return operation[int64]{
		request: request{verb: "TTL", write: writeKey, key: key},
		read:    readTTL, err: checkKey(key), repeatable: true,
	}
}

// factOperation asks for a number of the node.
func factOperation(verb string) operation[int64] {
	return operation[int64]{
		request: request{verb: verb, write: writeNothing},
		read:    readCount, repeatable: true,
	}
}

func pingOperation() operation[string] {
	return operation[string]{
		request: request{verb: "PING", write: writeNothing},
		read:    readPong, repeatable: true,
	}
}

// messageOperation is PING with a message, or ECHO.
func messageOperation(verb, message string) operation[string] {
	return operation[string]{
		request: request{verb: verb, write: writeValue, text: message},
		read:    readMessage, repeatable: true,
	}
}

func reportOperation(verb string) operation[map[string]string] {
	return operation[map[string]string]{
		request: request{verb: verb, write: writeReport},
		read:    readReport, repeatable: true,
	}
}

func versionOperation() operation[string] {
	return operation[string]{
		request: request{verb: "VERSION", write: writeNothing},
		read:    readVersion, repeatable: true,
	}
}

func hashOperation(prefix string) operation[string] {
	return operation[string]{
		request: request{verb: "HASH", write: writePrefix, text: prefix},
		read:    readHash, repeatable: true,
	}
}

func flushOperation() operation[struct{}] {
	return operation[struct{}]{request: request{verb: "FLUSH", write: writeNothing}, read: readOK}
}
