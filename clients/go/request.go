package merklekv

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// scanPage is how many keys a scan asks for at a time.
const scanPage = 1000

// endOfReport is sent behind INFO and STATS in the legacy dialect, which does not say where they
// end.
const endOfReport = "end-of-report"

// Pair is a key and the value that MSet gives it.
type Pair struct{ Key, Value string }

// request is a command that is not written yet: how depends on the dialect, which is known only
// when there is a connection.
type request struct {
	verb  string
	write func(b []byte, r *request, d dialect) ([]byte, error)
	key   string
	text  string // value, message, prefix or password
	keys  []string
	pairs []Pair
}

// append writes the whole command line. An argument error means that the dialect cannot carry it.
func (r *request) append(b []byte, d dialect) ([]byte, error) {
	b = append(b, r.verb...)
	b, err := r.write(b, r, d)
	return append(b, "\r\n"...), err
}

func writeNothing(b []byte, _ *request, _ dialect) ([]byte, error) { return b, nil }

func writeKey(b []byte, r *request, d dialect) ([]byte, error) {
	b = append(b, ' ')
	return append(b, r.key...), d.carriesKey(r.key)
}

// writeKeyAndNumber writes the number in the field text as it is.
func writeKeyAndNumber(b []byte, r *request, d dialect) ([]byte, error) {
	b, err := writeKey(b, r, d)
	b = append(b, ' ')
	return append(b, r.text...), err
}

func writeKeyAndValue(b []byte, r *request, d dialect) ([]byte, error) {
	b, err := writeKey(b, r, d)
	if err != nil {
		return b, err
	}
	return writeValue(b, r, d)
}

func writeValue(b []byte, r *request, d dialect) ([]byte, error) {
	b = append(b, ' ')
	if d == legacy {
		return append(b, r.text...), d.carriesValue(r.text)
	}
	return appendValue(b, r.text, false), nil
}

func writeKeys(b []byte, r *request, d dialect) ([]byte, error) {
	for _, key := range r.keys {
		if err := d.carriesKey(key); err != nil {
			return b, err
		}
		b = append(b, ' ')
		b = append(b, key...)
	}
	return b, nil
}

func writePairs(b []byte, r *request, d dialect) ([]byte, error) {
	for _, pair := range r.pairs {
		b = append(b, ' ')
		b = append(b, pair.Key...)
		b = append(b, ' ')
		if d == standard {
			b = appendValue(b, pair.Value, true)
			continue
		}
		if err := d.carriesWord("value", pair.Value); err != nil {
			return b, err
		}
		b = append(b, pair.Value...)
	}
	return b, nil
}

// writePrefix writes the prefix of HASH, which may be empty.
func writePrefix(b []byte, r *request, d dialect) ([]byte, error) {
	if r.text == "" {
		return b, nil
	}
	b = append(b, ' ')
	if d == standard {
		return appendQuoted(b, r.text), nil
	}
	return append(b, r.text...), d.carriesWord("prefix", r.text)
}

// writeScan writes a prefix, and in the field key the last key of the page before, if there was
// one. The legacy dialect has no pages.
func writeScan(b []byte, r *request, d dialect) ([]byte, error) {
	if d == legacy {
		return writePrefix(b, r, d)
	}
	b = append(b, ' ')
	b = appendQuoted(b, r.text)
	if r.key != "" {
		b = append(b, " AFTER "...)
		b = appendQuoted(b, r.key)
	}
	b = append(b, " LIMIT "...)
	return strconv.AppendInt(b, scanPage, 10), nil
}

// writeLogin writes the user, in the field key, and the password.
func writeLogin(b []byte, r *request, d dialect) ([]byte, error) {
	b = append(b, ' ')
	if d == standard {
		b = append(appendQuoted(b, r.key), ' ')
		return appendQuoted(b, r.text), nil
	}
	b = append(b, r.key...)
	b = append(b, ' ')
	b = append(b, r.text...)
	if err := d.carriesWord("user", r.key); err != nil {
		return b, err
	}
	return b, d.carriesWord("password", r.text)
}

func writeReport(b []byte, _ *request, d dialect) ([]byte, error) {
	if d == legacy {
		b = append(b, "\r\nPING "+endOfReport...)
	}
	return b, nil
}

// checkKey refuses what would not be one word of a line.
func checkKey(key string) error {
	if key == "" {
		return argumentError("the key is empty; a key has at least one byte")
	}
	ascii := true
	for i := 0; i < len(key); i++ {
		c := key[i]
		if c <= ' ' || c == 0x7f {
			return argumentError("the key %q has a space or a control character; keys have neither", key)
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if !ascii && !utf8.ValidString(key) {
		return argumentError("the key %q is not UTF-8", key)
	}
	return nil
}

// dialect is what a node speaks, as its answer to VERSION tells.
type dialect uint8

const (
	standard dialect = iota
	legacy
)

// carriesKey refuses keys that a node of the legacy dialect would trim.
func (d dialect) carriesKey(key string) error {
	if d == legacy && strings.TrimSpace(key) != key {
		return argumentError("the key %q begins or ends with a space character, "+
			"which the legacy dialect takes off", key)
	}
	return nil
}

// carriesValue refuses values that would not come through without quotes.
func (d dialect) carriesValue(value string) error {
	switch {
	case d == standard:
		return nil
	case value == "":
		return argumentError("the value is empty, which the legacy dialect of this node cannot carry")
	case strings.ContainsAny(value, "\r\n"):
		return argumentError("the value has a line break, which the legacy dialect of this node cannot carry")
	case strings.TrimSpace(value) != value:
		return argumentError("the value begins or ends with a space, " +
			"which the legacy dialect of this node cannot carry")
	}
	return nil
}

// carriesWord refuses what would not be one word.
func (d dialect) carriesWord(name, text string) error {
	if d == legacy && (text == "" || strings.ContainsAny(text, " \t\r\n") || strings.TrimSpace(text) != text) {
		return argumentError("the %s is empty or has spaces, tabs or line breaks, "+
			"which the legacy dialect of this node cannot carry", name)
	}
	return nil
}
