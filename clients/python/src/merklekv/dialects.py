"""The two dialects of the protocol: how texts are written in a command and read in a reply.

All in bytes. Which commands there are is in commands.py, how replies look in replies.py.
"""

from __future__ import annotations

import re

from .errors import InvalidArgumentError, ProtocolError, ServerError
from .quoting import is_text, needs_quotes, quoted, unquoted

# What the legacy dialect takes off the ends of a line: the white space of Unicode.
_TRIMMED = " \t\v\f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)

_REFUSAL = re.compile(rb"ERROR(?:: ?| |$)(.*)", re.DOTALL)


class Dialect:
    """What the commands and replies need to know of a dialect. There is one object of each."""

    name: str
    is_legacy: bool
    missing: bytes
    """The reply to GET of a key without a value."""

    def message(self, value: bytes) -> bytes:
        """A value as the last argument of a line."""
        raise NotImplementedError

    def word(self, value: bytes) -> bytes:
        """A value as one of several words of a line."""
        raise NotImplementedError

    def name_or_prefix(self, text: bytes) -> bytes:
        """A prefix, a last key, a user or a password."""
        raise NotImplementedError

    def plain(self, data: bytes) -> bytes:
        """The bytes that a value or a key in a reply stands for."""
        raise NotImplementedError


class _Standard(Dialect):
    name = "standard"
    is_legacy = False
    missing = b"(null)"

    def message(self, value: bytes) -> bytes:
        return quoted(value) if needs_quotes(value) else value

    def word(self, value: bytes) -> bytes:
        if b" " in value or b"\t" in value or needs_quotes(value):
            return quoted(value)
        return value

    def name_or_prefix(self, text: bytes) -> bytes:
        return quoted(text)

    def plain(self, data: bytes) -> bytes:
        if data[:1] != b'"':
            return data
        try:
            return unquoted(data)
        except ValueError as error:
            raise malformed(data, str(error)) from None


class _Legacy(Dialect):
    name = "legacy"
    is_legacy = True
    missing = b"NOT_FOUND"

    def message(self, value: bytes) -> bytes:
        if not value:
            raise _untakable("empty values")
        if b"\n" in value or b"\r" in value:
            raise _untakable("line breaks in values")
        if not is_text(value):
            raise _untakable("values that are not UTF-8")
        text = value.decode()
        if text[0] in _TRIMMED or text[-1] in _TRIMMED:
            raise _untakable("white space at the ends of a value")
        return value

    def word(self, value: bytes) -> bytes:
        if b" " in value or b"\t" in value:
            raise _untakable("spaces and tabs in the values of mset; use set")
        return self.message(value)

    def name_or_prefix(self, text: bytes) -> bytes:
        if re.search(rb"[\x00-\x20\x7f]", text):
            raise _untakable("spaces in prefixes, users and passwords")
        return self.message(text)

    def plain(self, data: bytes) -> bytes:
        return data


STANDARD: Dialect = _Standard()
LEGACY: Dialect = _Legacy()


def _untakable(what: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"a node with the legacy dialect takes no {what}")


def malformed(line: bytes, why: str) -> ProtocolError:
    """The error for a line that is no reply to the command."""
    shown = line if len(line) <= 80 else line[:80] + b"..."
    return ProtocolError(f"the answer {shown!r} does not fit the command: {why}")


def refusal(line: bytes) -> ServerError | None:
    """The error that a line tells of, or None if it tells of none."""
    found = _REFUSAL.fullmatch(line)
    return ServerError(found[1].decode("utf-8", "replace")) if found else None
