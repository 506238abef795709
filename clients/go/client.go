package merklekv

import (
	"context"
	"errors"
	"net"
	"strconv"
	"time"
)

// Client talks to one node over one connection. It may be used from several goroutines at once:
// their calls take turns.
type Client struct {
	options
	host string
	addr string

	life context.Context // ends with Close
	stop context.CancelFunc

	turn chan struct{} // holds one token while a call has its turn
	conn *conn         // nil if there is none; belongs to whoever has the turn
}

// New makes a client of the node at the host and port, usually 7379. It opens no connection: the
// first call does.
func New(host string, port int, opts ...Option) *Client {
	c := &Client{
		host: host,
		addr: net.JoinHostPort(host, strconv.Itoa(port)),
		turn: make(chan struct{}, 1),
		options: options{
			timeout:         defaultTimeout,
			connectAttempts: defaultConnectAttempts,
			replyLimit:      defaultReplyLimit,
		},
	}
	c.life, c.stop = context.WithCancel(context.Background())
	for _, option := range opts {
		option(&c.options)
	}
	return c
}

// Close closes the connection. A call that is under way, and all later ones, fail with a
// connection error. It may be called twice, and always gives nil.
func (c *Client) Close() error {
	c.stop()
	c.turn <- struct{}{}
	c.drop()
	c.giveTurn()
	return nil
}

// operation is a request together with how its reply is read.
type operation[T any] struct {
	request
	read       func(*conn, *request) (T, error)
	repeatable bool  // asked once more if the connection breaks before the reply
	err        error // an argument error: it is never sent
	answer     *T    // known without asking the node: it is never sent
}

// call runs one operation.
func call[T any](ctx context.Context, c *Client, op operation[T]) (result T, err error) {
	if op.err != nil {
		return result, op.err
	}
	if op.answer != nil {
		return *op.answer, nil
	}
	err = c.converse(ctx, op.repeatable, func(conn *conn) (err error) {
		if err = conn.send(&op.request); err == nil {
			result, err = op.read(conn, &op.request)
		}
		return err
	})
	return result, err
}

// converse has one call talk to the node when it is its turn, on a connection that lives.
func (c *Client) converse(ctx context.Context, repeatable bool, talk func(*conn) error) error {
	if err := c.takeTurn(ctx); err != nil {
		return err
	}
	defer c.giveTurn()
	deadline := time.Now().Add(c.timeout)
	for again := repeatable; ; again = false {
		if err := c.connect(ctx, deadline); err != nil {
			return c.orClosed(err)
		}
		err := c.talk(ctx, deadline, talk)
		if !again || !errors.Is(err, ErrConnection) {
			return c.orClosed(err)
		}
	}
}

// talk makes the connection the call's, and drops it if it is out of step afterwards.
func (c *Client) talk(ctx context.Context, deadline time.Time, talk func(*conn) error) error {
	end := c.conn.begin(ctx, deadline)
	err := talk(c.conn)
	if quiet := end(); !quiet || !livesAfter(err) {
		c.drop()
		return err
	}
	c.conn.lastUsed = time.Now()
	return err
}

// connect sees to it that there is a connection, that the node did not close it meanwhile, and that
// nothing is left on it that would be taken for the next reply.
func (c *Client) connect(ctx context.Context, deadline time.Time) error {
	if c.life.Err() != nil {
		return c.closedError()
	}
	if c.conn != nil && (!c.conn.lines.empty() || c.conn.stale()) {
		c.drop()
	}
	if c.conn != nil {
		return nil
	}
	conn, err := c.dial(ctx, deadline)
	if err == nil {
		c.conn = conn
	}
	return err
}

// drop closes the connection. The next call opens another.
func (c *Client) drop() {
	if c.conn != nil {
		c.conn.close()
		c.conn = nil
	}
}

func (c *Client) takeTurn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return contextError(c.addr, err)
	}
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return contextError(c.addr, ctx.Err())
	}
}

func (c *Client) giveTurn() { <-c.turn }

// orClosed names the true cause of a failure that Close brought about.
func (c *Client) orClosed(err error) error {
	if c.life.Err() != nil && errors.Is(err, ErrConnection) {
		return c.closedError()
	}
	return err
}

func (c *Client) closedError() error {
	return &Error{ErrConnection, c.addr, "the client was closed; make another", net.ErrClosed}
}
