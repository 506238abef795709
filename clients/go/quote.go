package merklekv

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// needsQuotes reports whether a value would not come through raw: empty, ambiguous at its ends,
// with control characters, or not UTF-8. Between words, as in MSET, a space or a tab would split it.
func needsQuotes(value string, betweenWords bool) bool {
	if value == "" || value[0] == '"' || value[0] == ' ' || value[len(value)-1] == ' ' {
		return true
	}
	ascii := true
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c > ' ' && c < 0x7f:
		case c >= utf8.RuneSelf:
			ascii = false
		case c == ' ' || c == '\t':
			if betweenWords {
				return true
			}
		default:
			return true
		}
	}
	return !ascii && !utf8.ValidString(value)
}

// appendValue appends a value, quoted only if it has to be.
func appendValue(b []byte, value string, betweenWords bool) []byte {
	if needsQuotes(value, betweenWords) {
		return appendQuoted(b, value)
	}
	return append(b, value...)
}

// appendQuoted appends text in double quotes, with the escapes of the protocol.
func appendQuoted(b []byte, text string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c == 0:
			b = append(b, `\0`...)
		case c < ' ' || c == 0x7f:
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
			} else {
				b = append(b, text[i:i+size]...)
			}
			i += size
			continue
		}
		i++
	}
	return append(b, '"')
}

var errNotQuoted = errors.New("a quoted string with a wrong escape or without its end")

// unquote gives the text of what a node wrote: what begins with a quote is taken out of its
// quotes, all else stands for itself.
func unquote(written []byte) (string, error) {
	if len(written) == 0 || written[0] != '"' {
		return string(written), nil
	}
	var text strings.Builder
	text.Grow(len(written))
	for i := 1; i < len(written); i++ {
		switch c := written[i]; c {
		case '"':
			if i != len(written)-1 {
				return "", errNotQuoted
			}
			return text.String(), nil
		case '\\':
			b, size, ok := unescape(written[i+1:])
			if !ok {
				return "", errNotQuoted
			}
			text.WriteByte(b)
			i += size
		default:
			text.WriteByte(c)
		}
	}
	return "", errNotQuoted
}

// unescape gives the byte that an escape stands for, and the escape's length behind its backslash.
func unescape(escape []byte) (b byte, size int, ok bool) {
	if len(escape) == 0 {
		return 0, 0, false
	}
	switch escape[0] {
	case '"', '\\':
		return escape[0], 1, true
	case 'n':
		return '\n', 1, true
	case 'r':
		return '\r', 1, true
	case 't':
		return '\t', 1, true
	case '0':
		return 0, 1, true
	case 'x':
		if len(escape) < 3 {
			return 0, 0, false
		}
		high, low := hexDigit(escape[1]), hexDigit(escape[2])
		return byte(high<<4 | low), 3, high >= 0 && low >= 0
	}
	return 0, 0, false
}

// hexDigit gives the number of a hex digit, or -1.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
