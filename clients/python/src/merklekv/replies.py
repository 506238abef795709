"""What the replies of one line look like. All of it is pure: a line goes in, a result comes out.

A reader gets the dialect and the first line of a reply, and returns the result. A reader of a list
is a generator (see lists.py), which is sent the lines that follow.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Callable, TypeVar

from .dialects import LEGACY, STANDARD, Dialect, malformed, refusal
from .errors import MerkleKVError, NotTextError

T = TypeVar("T")
Lines = Generator[None, bytes, T]
Reader = Callable[[Dialect, bytes], T]
ListReader = Callable[[Dialect, bytes], Lines[T]]

_NUMBER = re.compile(rb"-?[0-9]{1,19}")
_DIGEST = re.compile(rb"HASH (?:.* )?([0-9a-f]{64})", re.DOTALL)
_NOT_TEXT = "the value is not UTF-8; get_bytes, mget_bytes or scan_bytes gives it as bytes"


def text(raw: bytes) -> str:
    """The text of a value."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise NotTextError(_NOT_TEXT) from None


def unexpected(line: bytes, expected: str) -> MerkleKVError:
    """The error of a line where another was expected: the node's own, or a protocol error."""
    return refusal(line) or malformed(line, f"{expected} was expected")


def done(dialect: Dialect, line: bytes) -> None:
    """``OK``."""
    if line != b"OK":
        raise unexpected(line, "OK")


def yes_or_no(yes: bytes) -> Reader[bool]:
    """The one word, or ``NOT_FOUND``."""

    def read(dialect: Dialect, line: bytes) -> bool:
        if line == yes:
            return True
        if line == b"NOT_FOUND":
            return False
        raise unexpected(line, f"{yes.decode()} or NOT_FOUND")

    return read


def value(dialect: Dialect, line: bytes) -> bytes:
    """``VALUE v``, where there is one always."""
    if line.startswith(b"VALUE "):
        return dialect.plain(line[6:])
    raise unexpected(line, "VALUE")


def value_as_text(dialect: Dialect, line: bytes) -> str:
    """``VALUE v`` as text."""
    return text(value(dialect, line))


def optional_value(dialect: Dialect, line: bytes) -> bytes | None:
    """``VALUE v``, or what stands for a missing one."""
    return None if line == dialect.missing else value(dialect, line)


def optional_text(dialect: Dialect, line: bytes) -> str | None:
    """Likewise, as text."""
    return None if line == dialect.missing else text(value(dialect, line))


def value_as_number(dialect: Dialect, line: bytes) -> int:
    """``VALUE n``."""
    return number(line, value(dialect, line), -(2**63))


def fact(name: bytes, least: int = 0) -> Reader[int]:
    """``NAME n``."""
    start = name + b" "

    def read(dialect: Dialect, line: bytes) -> int:
        if not line.startswith(start):
            raise unexpected(line, name.decode())
        return number(line, line[len(start) :], least)

    return read


def number(line: bytes, digits: bytes, least: int) -> int:
    """The digits of a line as a number of 64 bits that is not below the least."""
    if not _NUMBER.fullmatch(digits):
        raise malformed(line, "a number was expected")
    result = int(digits)
    if not least <= result < 2**63:
        raise malformed(line, "the number is out of its range")
    return result


def version(dialect: Dialect, line: bytes) -> str:
    """``MerkleKV 0.2.0``, or ``VERSION 0.1.0`` in the legacy dialect."""
    name = b"VERSION " if dialect.is_legacy else b"MerkleKV "
    if not line.startswith(name):
        raise unexpected(line, name.decode())
    return text(line[len(name) :])


def greeting(dialect: Dialect, line: bytes) -> Dialect:
    """The answer to the first command of a connection, ``VERSION``: the dialect of the node."""
    if line.startswith(b"MerkleKV "):
        return STANDARD
    if line.startswith(b"VERSION "):
        return LEGACY
    refused = refusal(line)
    if refused:
        raise refused
    raise malformed(line, "a MerkleKV node tells its version; is this the port of one?")


def pong(dialect: Dialect, line: bytes) -> str:
    """``PONG``, the answer to a PING without a message."""
    if line == b"PONG" or (dialect.is_legacy and line == b"PONG "):
        return "PONG"
    raise unexpected(line, "PONG")


def echo(name: bytes, message: bytes) -> Reader[str]:
    """The name and the message that was sent."""

    def read(dialect: Dialect, line: bytes) -> str:
        if not line.startswith(name):
            raise unexpected(line, name.decode())
        if dialect.plain(line[len(name) :]) != message:
            raise malformed(line, "it has another message")
        return text(message)

    return read


def digest(dialect: Dialect, line: bytes) -> str:
    """``HASH d`` or ``HASH prefix d``."""
    found = _DIGEST.fullmatch(line)
    if not found:
        raise unexpected(line, "HASH and 64 hex digits")
    return found[1].decode()
