package merklekv

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"
)

// firstPause is how long is waited behind the first attempt to connect. Each further pause is
// twice as long.
const firstPause = 50 * time.Millisecond

// dial opens a connection, and tries again if it fails.
func (c *Client) dial(ctx context.Context, deadline time.Time) (*conn, error) {
	for attempt := 1; ; attempt++ {
		conn, err := c.open(ctx, deadline)
		if err == nil || !errors.Is(err, ErrConnection) || attempt == c.connectAttempts {
			return conn, err
		}
		pause := pauseAfter(attempt)
		if time.Until(deadline) < pause {
			return nil, err
		}
		if err := c.sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// pauseAfter leaves off up to half of the pause at random ("equal jitter"), for the clients of a
// node that restarts not to come all at once.
func pauseAfter(attempt int) time.Duration {
	pause := firstPause << min(attempt-1, 10)
	return pause - rand.N(pause/2)
}

func (c *Client) sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return contextError(c.addr, ctx.Err())
	case <-c.life.Done():
		return c.closedError()
	}
}

// open makes one attempt: TCP, TLS if wanted, and the handshake of the protocol.
func (c *Client) open(ctx context.Context, deadline time.Time) (*conn, error) {
	socket, err := c.openSocket(ctx, deadline)
	if err != nil {
		return nil, c.dialError(ctx, deadline, err)
	}
	conn := newConn(socket, c.addr, &c.options)
	conn.forget = context.AfterFunc(c.life, func() { socket.Close() })
	end := conn.begin(ctx, deadline)
	err = conn.greet(c.login)
	if quiet := end(); err == nil && !quiet {
		err = contextError(c.addr, ctx.Err())
	}
	if err != nil {
		conn.close()
		return nil, err
	}
	conn.lastUsed = time.Now()
	return conn, nil
}

func (c *Client) openSocket(ctx context.Context, deadline time.Time) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()
	dialer := net.Dialer{Deadline: deadline}
	socket, err := dialer.DialContext(ctx, "tcp", c.addr)
	if err != nil || c.tls == nil {
		return socket, err
	}
	config := c.tls
	if config.ServerName == "" && !config.InsecureSkipVerify {
		config = config.Clone()
		config.ServerName = c.host
	}
	secure := tls.Client(socket, config)
	socket.SetDeadline(deadline)
	if err := secure.HandshakeContext(ctx); err != nil {
		socket.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return secure, nil
}

func (c *Client) dialError(ctx context.Context, deadline time.Time, err error) error {
	var network net.Error
	switch {
	case ctx.Err() != nil:
		return contextError(c.addr, ctx.Err())
	case errors.As(err, &network) && network.Timeout():
		return timeoutError(ctx, c.addr, deadline, c.timeout)
	}
	return &Error{ErrConnection, c.addr, "cannot connect; is a node running there?", err}
}

// greet asks which dialect the node speaks, and logs in if there is a user.
func (c *conn) greet(login *login) error {
	c.out = append(c.out[:0], "VERSION\r\n"...)
	if err := c.flush(); err != nil {
		return err
	}
	line, err := c.firstLine()
	if err != nil {
		return err
	}
	_, dialect, ok := parseVersion(line)
	if !ok {
		return c.unexpected(line, "the version of a MerkleKV node")
	}
	c.dialect = dialect
	if login == nil {
		return nil
	}
	request := login.request()
	if err := c.send(&request); err != nil {
		return err
	}
	_, err = readOK(c, &request)
	return err
}

func (l *login) request() request {
	return request{verb: "AUTH", write: writeLogin, key: l.user, text: l.password}
}
