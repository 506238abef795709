"""The commands: how each is written, and how its reply is read.

Each public function makes the command of the operation that has its name. Arguments are checked
then, before anybody is asked; what only the dialect of the node decides is checked by ``encode``.
Knows nothing of sockets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable, Generic, TypeVar, Union

from . import lists, replies
from .dialects import Dialect
from .errors import InvalidArgumentError

T = TypeVar("T")
Value = Union[str, bytes]
Pairs = Union[Mapping[str, Value], Iterable["tuple[str, Value]"]]

_DELETED = replies.yes_or_no(b"DELETED")
_OK_OR_NOT_FOUND = replies.yes_or_no(b"OK")
_EXISTS = replies.fact(b"EXISTS")
_TTL = replies.fact(b"TTL", -2)
_DBSIZE = replies.fact(b"DBSIZE")
_MEMORY = replies.fact(b"MEMORY")

_NOT_IN_KEYS = re.compile(r"[\x00-\x20\x7f]").search


class Command(Generic[T]):
    """A command that is not in the words of a dialect yet, and the reader of its reply.

    ``is_read`` tells whether it may be sent again when nobody knows whether it was run,
    ``is_list`` whether the reply has several lines, and ``is_bounded`` whether only the limit for
    replies says how many.
    """

    __slots__ = ("encode", "reply", "is_read", "is_list", "is_bounded")

    def __init__(
        self,
        encode: Callable[[Dialect], bytes],
        reply: Callable[[Dialect, bytes], Any],
        is_read: bool = False,
        is_list: bool = False,
        is_bounded: bool = False,
    ) -> None:
        self.encode = encode
        self.reply = reply
        self.is_read = is_read
        self.is_list = is_list
        self.is_bounded = is_bounded


class Answered(Generic[T]):
    """A call whose result is known without asking the node."""

    __slots__ = ("result",)

    def __init__(self, result: T) -> None:
        self.result = result


Call = Union[Command[T], Answered[T]]


def set(key: str, value: Value) -> Command[None]:
    return _with_value(b"SET", key, value, replies.done)


def get(key: str) -> Command[str | None]:
    return _with_key(b"GET", key, replies.optional_text, is_read=True)


def get_bytes(key: str) -> Command[bytes | None]:
    return _with_key(b"GET", key, replies.optional_value, is_read=True)


def delete(key: str) -> Command[bool]:
    return _with_key(b"DEL", key, _DELETED)


def incr(key: str, n: int) -> Command[int]:
    return _with_amount(b"INCR", key, n)


def decr(key: str, n: int) -> Command[int]:
    return _with_amount(b"DECR", key, n)


def append(key: str, value: Value) -> Command[str]:
    return _with_value(b"APPEND", key, value, replies.value_as_text)


def prepend(key: str, value: Value) -> Command[str]:
    return _with_value(b"PREPEND", key, value, replies.value_as_text)


def mget(keys: Iterable[str]) -> Call[list[str | None]]:
    return _of_keys(keys, lists.values_as_text)


def mget_bytes(keys: Iterable[str]) -> Call[list[bytes | None]]:
    return _of_keys(keys, lists.values)


def mset(pairs: Pairs) -> Call[None]:
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    words = [(_key(key), _bytes(value)) for key, value in items]
    if not words:
        return Answered(None)

    def encode(dialect: Dialect) -> bytes:
        line = b" ".join([b"%b %b" % (key, dialect.word(value)) for key, value in words])
        return b"MSET %b\r\n" % line

    return Command(encode, replies.done)


def exists(keys: Iterable[str]) -> Call[int]:
    words = [_key(key) for key in keys]
    if not words:
        return Answered(0)
    return _plain(b"EXISTS " + b" ".join(words), _EXISTS, is_read=True)


def scan_page(prefix: bytes, after: bytes | None) -> Command[lists.Page]:
    """The first keys with a prefix, or those behind a key."""

    def encode(dialect: Dialect) -> bytes:
        if dialect.is_legacy:
            return b"SCAN %b\r\n" % dialect.name_or_prefix(prefix) if prefix else b"SCAN\r\n"
        line = b"SCAN " + dialect.name_or_prefix(prefix)
        if after is not None:
            line += b" AFTER " + dialect.name_or_prefix(after)
        return line + b" LIMIT %d\r\n" % lists.PAGE

    return Command(encode, lists.page(after), is_read=True, is_list=True, is_bounded=True)


def expire(key: str, seconds: int) -> Command[bool]:
    line = b"EXPIRE %b %d" % (_key(key), _number(seconds))
    return _plain(line, _OK_OR_NOT_FOUND)


def persist(key: str) -> Command[bool]:
    return _with_key(b"PERSIST", key, _OK_OR_NOT_FOUND)


def ttl(key: str) -> Command[int]:
    return _with_key(b"TTL", key, _TTL, is_read=True)


def dbsize() -> Command[int]:
    return _plain(b"DBSIZE", _DBSIZE, is_read=True)


def memory() -> Command[int]:
    return _plain(b"MEMORY", _MEMORY, is_read=True)


def ping(message: str | None) -> Command[str]:
    if message is None:
        return _plain(b"PING", replies.pong, is_read=True)
    return _with_message(b"PING", b"PONG", message)


def echo(message: str) -> Command[str]:
    return _with_message(b"ECHO", b"ECHO", message)


def info() -> Command[dict[str, str]]:
    return _report(b"INFO", b"# Server Information")


def stats() -> Command[dict[str, str]]:
    return _report(b"STATS", b"STATS")


def version() -> Command[str]:
    return _plain(b"VERSION", replies.version, is_read=True)


def greeting() -> Command[Dialect]:
    """The first command of a connection."""
    return _plain(b"VERSION", replies.greeting)


def hash(prefix: str) -> Command[str]:
    raw = text_bytes(prefix)

    def encode(dialect: Dialect) -> bytes:
        return b"HASH %b\r\n" % dialect.name_or_prefix(raw) if raw else b"HASH\r\n"

    return Command(encode, replies.digest, is_read=True)


def flush() -> Command[None]:
    return _plain(b"FLUSH", replies.done)


def auth(user: str, password: str) -> Command[None]:
    words = text_bytes(user), text_bytes(password)

    def encode(dialect: Dialect) -> bytes:
        return b"AUTH %b %b\r\n" % tuple(map(dialect.name_or_prefix, words))

    return Command(encode, replies.done)


def credentials(user: str | None, password: str | None) -> Command[None] | None:
    """The login of the options, if there is one."""
    return None if user is None or password is None else auth(user, password)


def with_answers(calls: Sequence[Call[Any]], results: list[Any]) -> list[Any]:
    """The results of all calls, where those of the calls that were asked are given."""
    if len(calls) == len(results):
        return results
    asked = iter(results)
    return [call.result if isinstance(call, Answered) else next(asked) for call in calls]


def text_bytes(text: str) -> bytes:
    """The bytes of a text that is an argument."""
    if not isinstance(text, str):
        raise InvalidArgumentError(f"a str was expected, not {type(text).__name__}")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError("the text has half a surrogate pair; give bytes") from None


def _key(key: str) -> bytes:
    raw = text_bytes(key)
    if not raw:
        raise InvalidArgumentError("the key is empty")
    if _NOT_IN_KEYS(key):
        raise InvalidArgumentError(f"the key {key[:80]!r} has a space or a control character")
    return raw


def _bytes(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return text_bytes(value)
    raise InvalidArgumentError(f"a value is str or bytes, not {type(value).__name__}")


def _number(n: int) -> int:
    if not isinstance(n, int):
        raise InvalidArgumentError(f"an int was expected, not {type(n).__name__}")
    if not -(2**63) <= n < 2**63:
        raise InvalidArgumentError(f"{n} does not fit 64 bits")
    return n


def _plain(
    line: bytes, reply: Callable[[Dialect, bytes], Any], is_read: bool = False
) -> Command[Any]:
    line += b"\r\n"
    return Command(lambda dialect: line, reply, is_read)


def _with_key(
    name: bytes, key: str, reply: Callable[[Dialect, bytes], Any], is_read: bool = False
) -> Command[Any]:
    return _plain(b"%b %b" % (name, _key(key)), reply, is_read)


def _with_value(
    name: bytes, key: str, value: Value, reply: Callable[[Dialect, bytes], Any]
) -> Command[Any]:
    start, raw = b"%b %b " % (name, _key(key)), _bytes(value)
    return Command(lambda dialect: b"%b%b\r\n" % (start, dialect.message(raw)), reply)


def _with_amount(name: bytes, key: str, n: int) -> Command[int]:
    line = b"%b %b" % (name, _key(key))
    return _plain(line if _number(n) == 1 else b"%b %d" % (line, n), replies.value_as_number)


def _with_message(name: bytes, answer: bytes, message: str) -> Command[str]:
    raw = text_bytes(message)

    def encode(dialect: Dialect) -> bytes:
        return b"%b %b\r\n" % (name, dialect.message(raw))

    return Command(encode, replies.echo(answer + b" ", raw), is_read=True)


def _of_keys(
    keys: Iterable[str], reader: Callable[[list[bytes]], replies.ListReader[Any]]
) -> Call[list[Any]]:
    words = [_key(key) for key in keys]
    if not words:
        return Answered([])
    line = b"MGET %b\r\n" % b" ".join(words)
    return Command(lambda dialect: line, reader(words), is_read=True, is_list=True)


def _report(name: bytes, header: bytes) -> Command[dict[str, str]]:
    def encode(dialect: Dialect) -> bytes:
        if dialect.is_legacy:
            return b"%b\r\nPING %b\r\n" % (name, lists.END_OF_REPORT)
        return name + b"\r\n"

    reply = lists.report(header, name)
    return Command(encode, reply, is_read=True, is_list=True, is_bounded=True)
