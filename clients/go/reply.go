package merklekv

import (
	"bytes"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
)

// Value is what MGet gives for a key: its value, or that there is none.
type Value struct {
	Text  string
	Found bool
}

// The functions of this file read one whole reply each. They fail with a server error if the node
// refused the command, and with a protocol error if the reply is not one to it.

func readOK(c *conn, _ *request) (struct{}, error) {
	line, err := c.firstLine()
	if err == nil && string(line) != "OK" {
		err = c.unexpected(line, "OK")
	}
	return struct{}{}, err
}

// readValue reads the reply to a GET.
func readValue(c *conn, _ *request) (Value, error) {
	line, err := c.firstLine()
	if err != nil {
		return Value{}, err
	}
	return c.parseValue(line)
}

func (c *conn) parseValue(line []byte) (Value, error) {
	missing := "(null)"
	if c.dialect == legacy {
		missing = "NOT_FOUND"
	}
	if string(line) == missing {
		return Value{}, nil
	}
	written, ok := bytes.CutPrefix(line, []byte("VALUE "))
	if !ok {
		return Value{}, c.unexpected(line, "a value")
	}
	text, err := c.unquoted(written)
	return Value{Text: text, Found: err == nil}, err
}

// unquoted gives the text of a value or a key as the dialect writes it.
func (c *conn) unquoted(written []byte) (string, error) {
	if c.dialect == legacy {
		return string(written), nil
	}
	text, err := unquote(written)
	if err != nil {
		return "", c.protocolError(err, "the node sent %s", excerpt(written))
	}
	return text, nil
}

// readText reads a text that must be there, as behind APPEND.
func readText(c *conn, r *request) (string, error) {
	line, err := c.firstLine()
	if err != nil {
		return "", err
	}
	written, ok := bytes.CutPrefix(line, []byte("VALUE "))
	if !ok {
		return "", c.unexpected(line, "the new value")
	}
	return c.unquoted(written)
}

// readNewNumber reads the reply to INCR and DECR.
func readNewNumber(c *conn, _ *request) (int64, error) { return c.readNumber("VALUE ", math.MinInt64) }

// readCount reads a fact that is a number and named after its command.
func readCount(c *conn, r *request) (int64, error) { return c.readNumber(r.verb+" ", 0) }

func readTTL(c *conn, _ *request) (int64, error) { return c.readNumber("TTL ", -2) }

func (c *conn) readNumber(before string, least int64) (int64, error) {
	line, err := c.firstLine()
	if err != nil {
		return 0, err
	}
	number, ok := bytes.CutPrefix(line, []byte(before))
	if !ok {
		return 0, c.unexpected(line, "a number")
	}
	n, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil || n < least {
		return 0, c.unexpected(line, "a 64-bit number that makes sense here")
	}
	return n, nil
}

func readDeleted(c *conn, _ *request) (bool, error) { return c.readEither("DELETED") }

// readChanged reads the reply to EXPIRE and PERSIST.
func readChanged(c *conn, _ *request) (bool, error) { return c.readEither("OK") }

func (c *conn) readEither(yes string) (bool, error) {
	line, err := c.firstLine()
	switch {
	case err != nil:
		return false, err
	case string(line) == yes:
		return true, nil
	case string(line) == "NOT_FOUND":
		return false, nil
	}
	return false, c.unexpected(line, yes+" or NOT_FOUND")
}

// readMessage reads the reply to PING and ECHO with a message.
func readMessage(c *conn, r *request) (string, error) {
	line, err := c.firstLine()
	if err != nil {
		return "", err
	}
	name := "ECHO "
	if r.verb == "PING" {
		name = "PONG "
	}
	written, ok := bytes.CutPrefix(line, []byte(name))
	if !ok {
		return "", c.unexpected(line, name+"and the message")
	}
	message, err := c.unquoted(written)
	if err == nil && message != r.text {
		err = c.unexpected(line, name+"and the message")
	}
	return message, err
}

func readPong(c *conn, _ *request) (string, error) {
	line, err := c.firstLine()
	if err != nil {
		return "", err
	}
	if string(line) == "PONG" || c.dialect == legacy && string(line) == "PONG " {
		return "PONG", nil
	}
	return "", c.unexpected(line, "PONG")
}

func readVersion(c *conn, _ *request) (string, error) {
	line, err := c.firstLine()
	if err != nil {
		return "", err
	}
	version, _, ok := parseVersion(line)
	if !ok {
		return "", c.unexpected(line, "the version of a MerkleKV node")
	}
	return version, nil
}

func parseVersion(line []byte) (version string, d dialect, ok bool) {
	if version, ok = strings.CutPrefix(string(line), "MerkleKV "); ok {
		return version, standard, version != ""
	}
	version, ok = strings.CutPrefix(string(line), "VERSION ")
	return version, legacy, ok && version != ""
}

// readHash reads HASH and a digest; a prefix, if one was asked for, stands between them.
func readHash(c *conn, r *request) (string, error) {
	line, err := c.firstLine()
	if err != nil {
		return "", err
	}
	const digits = 64
	shown, ok := bytes.CutPrefix(line, []byte("HASH "))
	if !ok || len(shown) < digits || len(shown) > digits && shown[len(shown)-digits-1] != ' ' {
		return "", c.unexpected(line, "a hash of 64 hex digits")
	}
	hash := string(shown[len(shown)-digits:])
	if _, err := hex.DecodeString(hash); err != nil || r.text == "" && len(shown) > digits {
		return "", c.unexpected(line, "a hash of 64 hex digits")
	}
	return hash, nil
}
