package merklekv

import (
	"context"
	"iter"
)

// Set gives a key a value, without an expiry.
func (c *Client) Set(ctx context.Context, key, value string) error {
	_, err := call(ctx, c, setOperation(key, value))
	return err
}

// Get gives the value of a key, and whether there is one.
func (c *Client) Get(ctx context.Context, key string) (value string, found bool, err error) {
	got, err := call(ctx, c, getOperation(key))
	return got.Text, got.Found, err
}

// Delete deletes a key, and reports whether there was one.
func (c *Client) Delete(ctx context.Context, key string) (bool, error) {
	return call(ctx, c, keyOperation("DEL", key, readDeleted))
}

// Incr adds 1 to the number of a key and gives the new number. A missing key counts as 0.
func (c *Client) Incr(ctx context.Context, key string) (int64, error) {
	return c.IncrBy(ctx, key, 1)
}

// IncrBy adds n likewise. A result beyond 64 bits is a server error and changes nothing.
func (c *Client) IncrBy(ctx context.Context, key string, n int64) (int64, error) {
	return call(ctx, c, addOperation("INCR", key, n))
}

// Decr subtracts 1 from the number of a key and gives the new number.
func (c *Client) Decr(ctx context.Context, key string) (int64, error) {
	return c.DecrBy(ctx, key, 1)
}

// DecrBy subtracts n likewise.
func (c *Client) DecrBy(ctx context.Context, key string, n int64) (int64, error) {
	return call(ctx, c, addOperation("DECR", key, n))
}

// Append puts a value behind that of the key and gives the whole new value.
func (c *Client) Append(ctx context.Context, key, value string) (string, error) {
	return call(ctx, c, joinOperation("APPEND", key, value))
}

// Prepend puts a value before that of the key and gives the whole new value.
func (c *Client) Prepend(ctx context.Context, key, value string) (string, error) {
	return call(ctx, c, joinOperation("PREPEND", key, value))
}

// MGet gives for each key, in order, what Get would give.
func (c *Client) MGet(ctx context.Context, keys ...string) ([]Value, error) {
	return call(ctx, c, mgetOperation(keys))
}

// MSet gives several keys their values: all of them, or none if it fails.
func (c *Client) MSet(ctx context.Context, pairs ...Pair) error {
	_, err := call(ctx, c, msetOperation(pairs))
	return err
}

// Exists gives how many of the keys there are. A key named twice counts twice.
func (c *Client) Exists(ctx context.Context, keys ...string) (int64, error) {
	return call(ctx, c, existsOperation(keys))
}

// Scan iterates over the keys that begin with the prefix, in byte order; an empty prefix means all
// keys. It asks for 1000 keys at a time, when the loop gets there, and each page has a timeout of
// its own. An error ends the iteration. Other calls may be made within the loop.
func (c *Client) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for last, more := "", true; more; {
			page, err := c.scanPage(ctx, prefix, last)
			if err != nil {
				yield("", err)
				return
			}
			for _, key := range page.keys {
				if !yield(key, nil) {
					return
				}
				last = key
			}
			more = page.more
		}
	}
}

type page struct {
	keys []string
	more bool // there may be keys behind these
}

func (c *Client) scanPage(ctx context.Context, prefix, last string) (page, error) {
	op := scanOperation(prefix, last)
	var dialect dialect
	read := op.read
	op.read = func(c *conn, r *request) ([]string, error) {
		dialect = c.dialect
		return read(c, r)
	}
	keys, err := call(ctx, c, op)
	// The legacy dialect gives all keys at once.
	return page{keys, dialect == standard && len(keys) == scanPage}, err
}

// Expire has a key deleted in so many seconds, on every node, and reports whether there is such a
// key. Seconds that are not above zero delete it at once.
func (c *Client) Expire(ctx context.Context, key string, seconds int64) (bool, error) {
	return call(ctx, c, expireOperation(key, seconds))
}

// Persist keeps a key that was to expire. It reports whether there is such a key with an expiry.
func (c *Client) Persist(ctx context.Context, key string) (bool, error) {
	return call(ctx, c, keyOperation("PERSIST", key, readChanged))
}

// TTL gives the whole seconds until a key expires: -1 if it has no expiry, -2 if there is no key.
func (c *Client) TTL(ctx context.Context, key string) (int64, error) {
	return call(ctx, c, ttlOperation(key))
}

// DBSize gives the number of keys.
func (c *Client) DBSize(ctx context.Context) (int64, error) {
	return call(ctx, c, factOperation("DBSIZE"))
}

// Ping asks whether the node answers, which is PONG.
func (c *Client) Ping(ctx context.Context) (string, error) {
	return call(ctx, c, pingOperation())
}

// PingMessage asks the node for the message back.
func (c *Client) PingMessage(ctx context.Context, message string) (string, error) {
	return call(ctx, c, messageOperation("PING", message))
}

// Echo asks the node for the message back.
func (c *Client) Echo(ctx context.Context, message string) (string, error) {
	return call(ctx, c, messageOperation("ECHO", message))
}

// Info gives facts about the node, its data and its place in the cluster.
func (c *Client) Info(ctx context.Context) (map[string]string, error) {
	return call(ctx, c, reportOperation("INFO"))
}

// Stats gives the node's counters since its start.
func (c *Client) Stats(ctx context.Context) (map[string]string, error) {
	return call(ctx, c, reportOperation("STATS"))
}

// Version gives the version of the node, such as 0.2.0.
func (c *Client) Version(ctx context.Context) (string, error) {
	return call(ctx, c, versionOperation())
}

// Memory gives the estimated memory of the node's data in bytes.
func (c *Client) Memory(ctx context.Context) (int64, error) {
	return call(ctx, c, factOperation("MEMORY"))
}

// Hash gives, in 64 hex digits, the root of the node's Merkle tree, or that of the keys that begin
// with the prefix. Nodes that hold the same give the same.
func (c *Client) Hash(ctx context.Context, prefix string) (string, error) {
	return call(ctx, c, hashOperation(prefix))
}

// Flush deletes every key of the whole cluster, not only of this node.
func (c *Client) Flush(ctx context.Context) error {
	_, err := call(ctx, c, flushOperation())
	return err
}

// Auth logs in: the connection, and those that are opened later, are this user's.
func (c *Client) Auth(ctx context.Context, user, password string) error {
	login := &login{user, password}
	op := operation[struct{}]{request: login.request()}
	op.read = func(conn *conn, r *request) (struct{}, error) {
		done, err := readOK(conn, r)
		if err == nil {
			c.login = login // this call has the turn
		}
		return done, err
	}
	_, err := call(ctx, c, op)
	return err
}
