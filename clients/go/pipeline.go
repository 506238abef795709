package merklekv

import (
	"context"
	"time"
)

// window is how many bytes of commands may be on their way before their replies are read. A node
// stops reading from a client that leaves its replies unread, so writing without end would wait
// for ever.
const window = 32 << 10

// Pipeline collects operations and sends them together, in few writes. Each gives a [Future], which
// has its result after Exec. A pipeline is for one goroutine; after Exec it is empty and may be
// used again.
type Pipeline struct {
	client *Client
	calls  []pending
	err    error // the first argument error
}

// pending is a future of any type.
type pending interface {
	command() *request
	receive(*conn) error
	fail(error)
}

// Pipeline makes an empty pipeline.
func (c *Client) Pipeline() *Pipeline { return &Pipeline{client: c} }

// Future is the result of one operation of a pipeline.
type Future[T any] struct {
	op     operation[T]
	result T
	err    error
}

var errNotExecuted = argumentError("the pipeline was not executed yet; call Exec first")

// Result gives what the operation alone would have given. If the node refused the command, that is
// its server error; if the pipeline failed as a whole, the error of Exec; before Exec, an argument
// error.
func (f *Future[T]) Result() (T, error) { return f.result, f.err }

func (f *Future[T]) command() *request { return &f.op.request }

// receive reads the reply. It fails if the connection is out of step.
func (f *Future[T]) receive(c *conn) error {
	f.result, f.err = f.op.read(c, &f.op.request)
	if livesAfter(f.err) {
		return nil
	}
	return f.err
}

func (f *Future[T]) fail(err error) { f.err = err }

// add puts an operation into a pipeline.
func add[T any](p *Pipeline, op operation[T]) *Future[T] {
	f := &Future[T]{op: op, err: errNotExecuted}
	switch {
	case op.err != nil:
		f.err = op.err
		if p.err == nil {
			p.err = op.err
		}
	case op.answer != nil:
		f.result, f.err = *op.answer, nil
	default:
		p.calls = append(p.calls, f)
	}
	return f
}

// Len gives how many commands Exec would send.
func (p *Pipeline) Len() int { return len(p.calls) }

// Err gives the argument error of the first operation that was refused when it was added, or nil.
func (p *Pipeline) Err() error { return p.err }

// Exec sends the collected operations and reads their replies, each of which may take the client's
// timeout. Commands that the node refuses have their server error in their future, and Exec gives
// nil. If an operation had a bad argument nothing is sent, and Exec gives its argument error. Any
// other error means that the pipeline failed as a whole: how many of its commands were done is not
// known then. Nothing is repeated.
func (p *Pipeline) Exec(ctx context.Context) error {
	calls, err := p.calls, p.err
	p.calls, p.err = nil, nil
	if err == nil && len(calls) > 0 {
		err = p.client.converse(ctx, false, func(c *conn) error { return c.exchange(calls) })
	}
	if err != nil {
		for _, call := range calls {
			call.fail(err)
		}
	}
	return err
}

// exchange sends all commands, a window at a time, and reads all replies.
func (c *conn) exchange(calls []pending) error {
	if err := c.carries(calls); err != nil {
		return err
	}
	for sent := 0; sent < len(calls); {
		size, err := c.writeWindow(calls[sent:])
		if err != nil {
			return err
		}
		for _, call := range calls[sent : sent+size] {
			if err := call.receive(c); err != nil {
				return err
			}
			c.nextReply()
		}
		sent += size
	}
	return nil
}

// carries refuses what the legacy dialect cannot carry before anything is sent.
func (c *conn) carries(calls []pending) error {
	if c.dialect == standard {
		return nil
	}
	for _, call := range calls {
		var err error
		if c.out, err = call.command().append(c.out[:0], c.dialect); err != nil {
			return err
		}
	}
	return nil
}

// writeWindow sends as many of the commands as fit, at least one, and gives their number.
func (c *conn) writeWindow(calls []pending) (int, error) {
	c.out = c.out[:0]
	size := 0
	for _, call := range calls {
		before := len(c.out)
		line, err := call.command().append(c.out, c.dialect)
		if err != nil {
			return 0, err
		}
		if size > 0 && len(line) > window {
			c.out = line[:before]
			break
		}
		c.out = line
		size++
	}
	if c.renew {
		c.renew = false
		c.setDeadline(time.Now().Add(c.timeout))
	}
	if err := c.ctx.Err(); err != nil {
		return 0, contextError(c.addr, err)
	}
	return size, c.flush()
}
