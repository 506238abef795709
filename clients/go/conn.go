package merklekv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
)

// idleCheck is how long a connection may be unused before it is looked at.
const idleCheck = time.Second

var errReportTooLong = errors.New("the report is longer than the reply limit")

// conn is one connection, in step: whoever has it may send a command and read its reply. Its
// methods that fail say so with an *Error.
type conn struct {
	socket  net.Conn
	addr    string
	dialect dialect
	lines   lineReader
	out     []byte // kept between commands for its memory
	timeout time.Duration
	forget  func() bool // ends the watch on the life of the client

	ctx      context.Context // of the call that has its turn
	deadline time.Time       // of the reply that is waited for
	renew    bool            // a new reply began: the next wait sets a new deadline
	lastUsed time.Time
}

func newConn(socket net.Conn, addr string, o *options) *conn {
	c := &conn{socket: socket, addr: addr, timeout: o.timeout}
	c.lines = newLineReader(c, o.replyLimit)
	return c
}

func (c *conn) close() {
	c.forget()
	c.socket.Close()
}

// begin makes the connection a call's until the function that it gives is called. That one reports
// whether the context is still quiet; if not, the deadline of the socket is no longer ours.
func (c *conn) begin(ctx context.Context, deadline time.Time) (end func() bool) {
	c.ctx = ctx
	c.renew = false
	c.setDeadline(deadline)
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, func() { c.socket.SetDeadline(time.Unix(1, 0)) })
}

// setDeadline has the socket give up at the deadline, or at the context's if that is sooner.
func (c *conn) setDeadline(deadline time.Time) {
	if limit, ok := c.ctx.Deadline(); ok && limit.Before(deadline) {
		deadline = limit
	}
	c.deadline = deadline
	c.socket.SetDeadline(deadline)
}

// nextReply gives the reply that is read next a timeout of its own. It counts from when there is
// need to wait.
func (c *conn) nextReply() { c.renew = true }

// Read is what the line reader reads from.
func (c *conn) Read(p []byte) (int, error) {
	if c.renew {
		c.renew = false
		c.setDeadline(time.Now().Add(c.timeout))
		if err := c.ctx.Err(); err != nil { // its cancellation may have come before this deadline
			return 0, err
		}
	}
	return c.socket.Read(p)
}

// send writes one command.
func (c *conn) send(r *request) error {
	line, err := r.append(c.out[:0], c.dialect)
	c.out = line
	if err != nil {
		return err
	}
	return c.flush()
}

func (c *conn) flush() error {
	if _, err := c.socket.Write(c.out); err != nil {
		return c.failure(err)
	}
	return nil
}

// firstLine reads the first line of a reply. A refusal is a server error.
func (c *conn) firstLine() ([]byte, error) {
	line, err := c.nextLine()
	if err != nil {
		return nil, err
	}
	if refusal, ok := bytes.CutPrefix(line, []byte("ERROR")); ok {
		return nil, c.serverError(string(refusal))
	}
	return line, nil
}

func (c *conn) nextLine() ([]byte, error) {
	line, err := c.lines.next()
	if err != nil {
		return nil, c.failure(err)
	}
	return line, nil
}

// stale reports whether the node closed the connection, or sent what nobody asked for. There is no
// portable way to look without waiting, so it waits a millisecond, and only after an idle second.
func (c *conn) stale() bool {
	if time.Since(c.lastUsed) < idleCheck {
		return false
	}
	c.socket.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.socket.Read(make([]byte, 1))
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

// failure says what became of a connection that could not be read or written.
func (c *conn) failure(err error) error {
	switch {
	case errors.Is(err, errLineTooLong):
		return c.protocolError(err, "reading a reply")
	case c.ctx.Err() != nil:
		return contextError(c.addr, c.ctx.Err())
	case errors.Is(err, os.ErrDeadlineExceeded):
		return timeoutError(c.ctx, c.addr, c.deadline, c.timeout)
	case errors.Is(err, io.EOF):
		return &Error{ErrConnection, c.addr, "the node closed the connection", err}
	}
	return &Error{ErrConnection, c.addr, "the connection broke", err}
}

// timeoutError names the limit that was reached: the context's deadline or the client's timeout.
func timeoutError(ctx context.Context, addr string, deadline time.Time, timeout time.Duration) error {
	if limit, ok := ctx.Deadline(); ok && !limit.After(deadline) {
		return contextError(addr, context.DeadlineExceeded)
	}
	return &Error{ErrTimeout, addr, fmt.Sprintf("no reply within %v; is the node overloaded, "+
		"or the timeout too short?", timeout), os.ErrDeadlineExceeded}
}

// contextError says that the caller stopped waiting.
func contextError(addr string, cause error) error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return &Error{ErrTimeout, addr, "the deadline of the context was reached", cause}
	}
	return &Error{ErrCanceled, addr, "the call was cancelled", cause}
}

func (c *conn) protocolError(cause error, format string, args ...any) error {
	return &Error{ErrProtocol, c.addr, fmt.Sprintf(format, args...), cause}
}

func (c *conn) unexpected(line []byte, expected string) error {
	return c.protocolError(nil, "the node sent %s where %s was expected; is it a MerkleKV node?",
		excerpt(line), expected)
}

// excerpt shows the beginning of a line.
func excerpt(line []byte) string {
	const shown = 80
	if len(line) > shown {
		return fmt.Sprintf("%q…", line[:shown])
	}
	return fmt.Sprintf("%q", line)
}

// serverError takes what stands behind the word ERROR: a colon and a sentence, or in the legacy
// dialect the sentence alone.
func (c *conn) serverError(refusal string) error {
	sentence := strings.TrimPrefix(strings.TrimPrefix(refusal, ":"), " ")
	code, _, _ := strings.Cut(sentence, ":")
	message := "the node refused the command: " + sentence
	return &Error{ErrServer, c.addr, message, &ServerError{Code: code, Message: sentence}}
}
