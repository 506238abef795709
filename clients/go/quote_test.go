package merklekv

import (
	"strings"
	"testing"
)

func TestValuesAreQuotedOnlyWhereTheyHaveToBe(t *testing.T) {
	for _, c := range []struct{ value, alone, betweenWords string }{
		{"plain", "plain", "plain"},
		{"grüße 🚀", "grüße 🚀", `"grüße 🚀"`},
		{"a\tb", "a\tb", `"a\tb"`},
		{"", `""`, `""`},
		{" a", `" a"`, `" a"`},
		{"a ", `"a "`, `"a "`},
		{`"a`, `"\"a"`, `"\"a"`},
		{`a"\`, `a"\`, `a"\`},
		{"a\r\nb\x00", `"a\r\nb\0"`, `"a\r\nb\0"`},
		{"\x01\x1f\x7f", `"\x01\x1f\x7f"`, `"\x01\x1f\x7f"`},
		{"é\xff\\", `"é\xff\\"`, `"é\xff\\"`},
		{"\u0085\u2028\ufeff", "\u0085\u2028\ufeff", "\u0085\u2028\ufeff"},
	} {
		if got := string(appendValue(nil, c.value, false)); got != c.alone {
			t.Errorf("%q alone is %s, not %s", c.value, got, c.alone)
		}
		if got := string(appendValue(nil, c.value, true)); got != c.betweenWords {
			t.Errorf("%q between words is %s, not %s", c.value, got, c.betweenWords)
		}
	}
}

func TestWhatWasQuotedComesBack(t *testing.T) {
	var everyByte strings.Builder
	for b := range 256 {
		everyByte.WriteByte(byte(b))
	}
	for _, text := range []string{"", "a", `"`, `\x41`, "ü\xc3", everyByte.String()} {
		if got, err := unquote(appendQuoted(nil, text)); err != nil || got != text {
			t.Errorf("%q came back as %q, %v", text, got, err)
		}
	}
}

func TestBrokenQuotesAreRefused(t *testing.T) {
	for _, written := range []string{`"`, `"a`, `"a"b`, `"\`, `"\"`, `"\q"`, `"\x4"`, `"\xg0"`, `"a\x"`} {
		if got, err := unquote([]byte(written)); err == nil {
			t.Errorf("%s was taken for %q", written, got)
		}
	}
}

func TestKeysThatAreNoWordAreRefused(t *testing.T) {
	for _, key := range []string{"", " ", "a b", "a\tb", "a\n", "\x7f", "\xff"} {
		if checkKey(key) == nil {
			t.Errorf("%q was taken", key)
		}
	}
	for _, key := range []string{"a", "ключ", `"k"`, "a\u00a0b"} {
		if err := checkKey(key); err != nil {
			t.Error(err)
		}
	}
}
