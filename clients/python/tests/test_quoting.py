"""Quoted strings, as a table."""

import unittest

from merklekv.dialects import LEGACY, STANDARD
from merklekv.errors import InvalidArgumentError
from merklekv.quoting import quoted, unquoted

AS_THEY_ARE = [
    "a",
    "hello world",
    'half" "of',
    "\ta\t",
    "{}",
    "grüße",
    "\u2028",
    "\u00a0",
    "\\n",
    "'",
]
QUOTED = {
    "": '""',
    " a": '" a"',
    "a ": '"a "',
    '"': '"\\""',
    '"a"': '"\\"a\\""',
    "a\nb\r": '"a\\nb\\r"',
    "\0\x01\x1f\x7f": '"\\0\\x01\\x1F\\x7F"',
    " \\": '" \\\\"',
    "ü\n": '"ü\\n"',
    "\n\t": '"\\n\\t"',
}


class Quoting(unittest.TestCase):
    def test_values_that_need_no_quotes_are_not_touched(self) -> None:
        for value in AS_THEY_ARE:
            with self.subTest(value):
                raw = value.encode()
                self.assertIs(STANDARD.message(raw), raw)

    def test_values_that_need_quotes_have_them(self) -> None:
        for value, wanted in QUOTED.items():
            with self.subTest(value):
                self.assertEqual(STANDARD.message(value.encode()), wanted.encode())

    def test_words_with_spaces_and_tabs_are_quoted_too(self) -> None:
        self.assertEqual(STANDARD.word(b"two words"), b'"two words"')
        self.assertEqual(STANDARD.word(b"a\tb"), b'"a\\tb"')
        self.assertEqual(STANDARD.word(b'half"'), b'half"')

    def test_bytes_that_are_no_text_are_escaped_and_text_beside_them_is_not(self) -> None:
        self.assertEqual(STANDARD.message(b"\xff\xc3\xbca"), '"\\xFFüa"'.encode())

    def test_every_byte_comes_back(self) -> None:
        for value in (bytes(range(256)), bytes(reversed(range(256))), "grüße 🚀".encode(), b""):
            self.assertEqual(unquoted(quoted(value)), value)

    def test_escapes_may_have_small_and_large_digits(self) -> None:
        self.assertEqual(unquoted(b'"\\x4a\\x4A\\xfF"'), b"JJ\xff")

    def test_what_is_no_quoted_string_is_refused(self) -> None:
        for data in (b'"', b'"a', b'"a\\"', b'"a" b', b'"\\q"', b'"\\x4"', b'"\\xzz"', b'"a"b"'):
            with self.subTest(data), self.assertRaises(ValueError):
                unquoted(data)


class LegacyDialect(unittest.TestCase):
    def test_quotes_are_ordinary_characters(self) -> None:
        self.assertEqual(LEGACY.message(b'"a"'), b'"a"')
        self.assertEqual(LEGACY.plain(b'"a"'), b'"a"')

    def test_what_it_cannot_carry_is_refused(self) -> None:
        for value in ("", " a", "a ", "\ta", "a\nb", "a\r", "a\u3000", "\x85a"):
            with self.subTest(value), self.assertRaises(InvalidArgumentError):
                LEGACY.message(value.encode())
        with self.assertRaises(InvalidArgumentError):
            LEGACY.message(b"\xff")
        with self.assertRaises(InvalidArgumentError):
            LEGACY.word(b"two words")
        with self.assertRaises(InvalidArgumentError):
            LEGACY.name_or_prefix(b"two words")
