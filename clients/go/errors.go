package merklekv

import (
	"errors"
	"fmt"
	"strings"
)

// Kind tells who has to act on an error. The kinds are errors themselves, so that
// errors.Is(err, merklekv.ErrTimeout) asks for one.
type Kind string

const (
	// ErrArgument: refused before anything was sent, such as a key with a space.
	ErrArgument Kind = "argument"
	// ErrConnection: the connection could not be opened or it broke, TLS failed, or the client was
	// closed. The next call opens another connection. If it broke behind a write, nobody knows
	// whether the node did it.
	ErrConnection Kind = "connection"
	// ErrTimeout: a reply was not there in time, by the client's timeout or by the deadline of the
	// context. The connection is closed if the reply was outstanding.
	ErrTimeout Kind = "timeout"
	// ErrCanceled: the context was cancelled. The connection is closed if a reply was outstanding.
	ErrCanceled Kind = "canceled"
	// ErrProtocol: the answer is none of this protocol, or not one to this command. The connection
	// is closed.
	ErrProtocol Kind = "protocol"
	// ErrServer: the node refused the command. errors.As with a *ServerError gives its sentence.
	ErrServer Kind = "server"
)

// Error makes a Kind an error, to be the target of errors.Is.
func (k Kind) Error() string { return "merklekv: " + string(k) + " error" }

// Error is what every operation of this package fails with.
type Error struct {
	Kind    Kind
	Addr    string // host:port of the node, empty if none was asked
	Message string // what was wrong, and what to do where that is known
	Err     error  // the cause, may be nil
}

// Error gives the whole message: the node, what was wrong, and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("merklekv: ")
	if e.Addr != "" {
		b.WriteString(e.Addr)
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	if e.Err != nil && e.Kind != ErrServer {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause, such as context.Canceled, io.EOF or a *ServerError.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether the target is the kind of this error.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

// Timeout reports whether the error is a timeout, as net.Error has it.
func (e *Error) Timeout() bool { return e.Kind == ErrTimeout }

// ServerError is the node's refusal of a command, wrapped in an [*Error] of the kind ErrServer.
type ServerError struct {
	Code    string // the words before the colon, such as "Wrong type"; all of it if there is none
	Message string // the whole sentence of the node
}

// Error gives the sentence of the node.
func (e *ServerError) Error() string { return e.Message }

func argumentError(format string, args ...any) error {
	return &Error{Kind: ErrArgument, Message: fmt.Sprintf(format, args...)}
}

// livesAfter reports whether the connection is in step after this error, so that the next command
// may use it.
func livesAfter(err error) bool {
	return err == nil || errors.Is(err, ErrServer) || errors.Is(err, ErrArgument)
}
