package merklekv

import "slices"

// Set adds what Client.Set does.
func (p *Pipeline) Set(key, value string) *Future[struct{}] { return add(p, setOperation(key, value)) }

// Get adds what Client.Get does.
func (p *Pipeline) Get(key string) *Future[Value] { return add(p, getOperation(key)) }

// Delete adds what Client.Delete does.
func (p *Pipeline) Delete(key string) *Future[bool] {
	return add(p, keyOperation("DEL", key, readDeleted))
}

// Incr adds what Client.Incr does.
func (p *Pipeline) Incr(key string) *Future[int64] { return p.IncrBy(key, 1) }

// IncrBy adds what Client.IncrBy does.
func (p *Pipeline) IncrBy(key string, n int64) *Future[int64] {
	return add(p, addOperation("INCR", key, n))
}

// Decr adds what Client.Decr does.
func (p *Pipeline) Decr(key string) *Future[int64] { return p.DecrBy(key, 1) }

// DecrBy adds what Client.DecrBy does.
func (p *Pipeline) DecrBy(key string, n int64) *Future[int64] {
	return add(p, addOperation("DECR", key, n))
}

// Append adds what Client.Append does.
func (p *Pipeline) Append(key, value string) *Future[string] {
	return add(p, joinOperation("APPEND", key, value))
}

// Prepend adds what Client.Prepend does.
func (p *Pipeline) Prepend(key, value string) *Future[string] {
	return add(p, joinOperation("PREPEND", key, value))
}

// MGet adds what Client.MGet does.
func (p *Pipeline) MGet(keys ...string) *Future[[]Value] {
	return add(p, mgetOperation(slices.Clone(keys)))
}

// MSet adds what Client.MSet does.
func (p *Pipeline) MSet(pairs ...Pair) *Future[struct{}] {
	return add(p, msetOperation(slices.Clone(pairs)))
}

// Exists adds what Client.Exists does.
func (p *Pipeline) Exists(keys ...string) *Future[int64] {
	return add(p, existsOperation(slices.Clone(keys)))
}

// Expire adds what Client.Expire does.
func (p *Pipeline) Expire(key string, seconds int64) *Future[bool] {
	return add(p, expireOperation(key, seconds))
}

// Persist adds what Client.Persist does.
func (p *Pipeline) Persist(key string) *Future[bool] {
	return add(p, keyOperation("PERSIST", key, readChanged))
}

// TTL adds what Client.TTL does.
func (p *Pipeline) TTL(key string) *Future[int64] { return add(p, ttlOperation(key)) }

// DBSize adds what Client.DBSize does.
func (p *Pipeline) DBSize() *Future[int64] { return add(p, factOperation("DBSIZE")) }

// Ping adds what Client.Ping does.
func (p *Pipeline) Ping() *Future[string] { return add(p, pingOperation()) }

// PingMessage adds what Client.PingMessage does.
func (p *Pipeline) PingMessage(message string) *Future[string] {
	return add(p, messageOperation("PING", message))
}

// Echo adds what Client.Echo does.
func (p *Pipeline) Echo(message string) *Future[string] {
	return add(p, messageOperation("ECHO", message))
}

// Info adds what Client.Info does.
func (p *Pipeline) Info() *Future[map[string]string] { return add(p, reportOperation("INFO")) }

// Stats adds what Client.Stats does.
func (p *Pipeline) Stats() *Future[map[string]string] { return add(p, reportOperation("STATS")) }

// Version adds what Client.Version does.
func (p *Pipeline) Version() *Future[string] { return add(p, versionOperation()) }

// Memory adds what Client.Memory does.
func (p *Pipeline) Memory() *Future[int64] { return add(p, factOperation("MEMORY")) }

// Hash adds what Client.Hash does.
func (p *Pipeline) Hash(prefix string) *Future[string] { return add(p, hashOperation(prefix)) }

// Flush adds what Client.Flush does: it deletes every key of the whole cluster.
func (p *Pipeline) Flush() *Future[struct{}] { return add(p, flushOperation()) }
