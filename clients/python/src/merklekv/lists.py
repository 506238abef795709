"""What the replies of several lines look like: generators that are sent line after line.

The header says how many lines follow, and that is how many are read, since a key may be called
``END``. Knows nothing of sockets; dialogue.py sends the lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .dialects import Dialect, malformed, refusal
from .replies import Lines, ListReader, number, optional_value, text, unexpected

PAGE = 1000
"""How many keys are asked for at a time."""

END_OF_REPORT = b"end-of-report"
"""What a report in the legacy dialect, which has no end of its own, is followed by."""


class Page(NamedTuple):
    """Some of the keys of a scan."""

    keys: list[bytes]
    is_last: bool


def page(after: bytes | None) -> ListReader[Page]:
    """``KEYS n`` and as many keys, which come behind the one that was named."""

    def read(dialect: Dialect, header: bytes) -> Lines[Page]:
        count = _count(header, b"KEYS ")
        # The legacy dialect gives all keys at once.
        if count > PAGE and not dialect.is_legacy:
            raise malformed(header, f"at most {PAGE} keys were asked for")
        keys = []
        for _ in range(count):
            line = yield
            if not line:
                raise malformed(line, "a key was expected")
            keys.append(dialect.plain(line))
        if not dialect.is_legacy:
            _must_be_end((yield))
        if keys and after is not None and keys[0] <= after:
            raise malformed(keys[0], "keys behind the last one were asked for")
        return Page(keys, dialect.is_legacy or count < PAGE)

    return read


def values(keys: Sequence[bytes]) -> ListReader[list[bytes | None]]:
    """``VALUES n`` and the value of each key."""

    def read(dialect: Dialect, header: bytes) -> Lines[list[bytes | None]]:
        if dialect.is_legacy:
            return (yield from _legacy_values(keys, header))
        if _count(header, b"VALUES ") != len(keys):
            raise malformed(header, f"{len(keys)} values were asked for")
        found = []
        for _ in keys:
            line = yield
            if line != dialect.missing and not line.startswith(b"VALUE "):
                raise malformed(line, "a value was expected")
            found.append(optional_value(dialect, line))
        _must_be_end((yield))
        return found

    return read


def _legacy_values(keys: Sequence[bytes], header: bytes) -> Lines[list[bytes | None]]:
    if header == b"NOT_FOUND":
        return [None] * len(keys)
    if not 0 < _count(header, b"VALUES ") <= len(keys):
        raise malformed(header, f"{len(keys)} values were asked for")
    found: list[bytes | None] = []
    refused = None
    for key in keys:
        line = yield
        if line.startswith(key + b" "):
            data = line[len(key) + 1 :]
            found.append(None if data == b"NOT_FOUND" else data)
            continue
        # A value with a line break has an error in its place.
        refused = refused or refusal(line)
        if not refused:
            raise malformed(line, f"the value of {key.decode()!r} was expected")
    if refused:
        raise refused
    return found


def values_as_text(keys: Sequence[bytes]) -> ListReader[list[str | None]]:
    """Likewise, as text."""
    read_bytes = values(keys)

    def read(dialect: Dialect, header: bytes) -> Lines[list[str | None]]:
        found = yield from read_bytes(dialect, header)
        return [None if each is None else text(each) for each in found]

    return read


def report(header: bytes, legacy_header: bytes) -> ListReader[dict[str, str]]:
    """A header, lines ``name:text``, and an end."""

    def read(dialect: Dialect, line: bytes) -> Lines[dict[str, str]]:
        if dialect.is_legacy:
            return (yield from _legacy_report(legacy_header, line))
        if line != header:
            raise unexpected(line, header.decode())
        return (yield from _facts(b"END"))

    return read


def _legacy_report(header: bytes, line: bytes) -> Lines[dict[str, str]]:
    end = b"PONG " + END_OF_REPORT
    refused = refusal(line)
    if refused:
        # The PING that was sent behind the command has its reply all the same.
        if (yield) != end:
            raise malformed(line, f"{end.decode()} was expected behind it")
        raise refused
    if line != header:
        raise malformed(line, f"{header.decode()} was expected")
    return (yield from _facts(end))


def _facts(end: bytes) -> Lines[dict[str, str]]:
    facts: dict[str, str] = {}
    while True:
        line = yield
        if line == end:
            return facts
        name, colon, data = line.partition(b":")
        if not colon:
            raise malformed(line, "a line of a report has a colon")
        facts[name.decode("utf-8", "replace")] = data.decode("utf-8", "replace")


def _count(header: bytes, name: bytes) -> int:
    if not header.startswith(name):
        raise unexpected(header, f"{name.decode()}and a number")
    return number(header, header[len(name) :], 0)


def _must_be_end(line: bytes) -> None:
    if line != b"END":
        raise malformed(line, "END was expected behind the list")
