"""The synchronous client."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator, Sequence
from time import monotonic, sleep
from types import TracebackType
from typing import Any, TypeVar

from . import commands, policy, replies
from .commands import Answered, Call, Command, Pairs, Value
from .connection import Connection
from .errors import NodeConnectionError
from .options import TLS, Options
from .pipeline import Pipeline

T = TypeVar("T")


class MerkleKVClient:
    """A client of one node, with one connection, which the first call opens.

    Threads may share it: their calls take turns. ``timeout`` is the longest that one reply may
    take, in seconds, connecting included. ``user`` and ``password`` log in on every connection.
    ``tls`` is a TLS, or True for TLS with the certificates of the system, or an ssl.SSLContext.
    Connecting is tried ``connect_attempts`` times, and no line of a reply may have more than
    ``reply_limit`` bytes.

    All operations raise the errors of errors.py; InvalidArgumentError before anything is sent.
    Operations that only read are asked once more if the connection breaks; others are not.
    """

    def __init__(
        self,
        host: str = "localhost",
        port: int = 7379,
        *,
        timeout: float = 5.0,
        user: str | None = None,
        password: str | None = None,
        tls: TLS | ssl.SSLContext | bool = False,
        connect_attempts: int = 4,
        reply_limit: int = 16 << 20,
    ) -> None:
        self._options = Options(
            host, port, timeout, user, password, tls, connect_attempts, reply_limit
        )
        self._credentials = commands.credentials(user, password)
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._is_closed = False

    def __enter__(self) -> MerkleKVClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection, when the call that uses it has ended. May be called twice."""
        with self._lock:
            self._is_closed = True
            if self._connection:
                self._connection.close()

    def set(self, key: str, value: Value) -> None:
        """Gives a key a value, without an expiry."""
        self._call(commands.set(key, value))

    def get(self, key: str) -> str | None:
        """The value of a key, or None. Raises NotTextError if it is not UTF-8."""
        return self._call(commands.get(key))

    def get_bytes(self, key: str) -> bytes | None:
        """The value of a key as bytes, or None."""
        return self._call(commands.get_bytes(key))

    def delete(self, key: str) -> bool:
        """Deletes a key. False if there was none."""
        return self._call(commands.delete(key))

    def incr(self, key: str, n: int = 1) -> int:
        """Adds to a number of 64 bits and gives the new one. A missing key counts as 0."""
        return self._call(commands.incr(key, n))

    def decr(self, key: str, n: int = 1) -> int:
        """Subtracts from a number of 64 bits and gives the new one. A missing key counts as 0."""
        return self._call(commands.decr(key, n))

    def append(self, key: str, value: Value) -> str:
        """Puts a value behind the one that is there, and gives the whole."""
        return self._call(commands.append(key, value))

    def prepend(self, key: str, value: Value) -> str:
        """Puts a value before the one that is there, and gives the whole."""
        return self._call(commands.prepend(key, value))

    def mget(self, *keys: str) -> list[str | None]:
        """For each key what ``get`` would give. Of no keys, without asking the node."""
        return self._call(commands.mget(keys))

    def mget_bytes(self, *keys: str) -> list[bytes | None]:
        """For each key what ``get_bytes`` would give."""
        return self._call(commands.mget_bytes(keys))

    def mset(self, pairs: Pairs) -> None:
        """Writes all pairs of a mapping, or of key and value, or none of them."""
        self._call(commands.mset(pairs))

    def exists(self, *keys: str) -> int:
        """How many of the keys there are. A key that is named twice counts twice."""
        return self._call(commands.exists(keys))

    def scan(self, prefix: str = "") -> Iterator[str]:
        """The keys with a prefix, in byte order, asked for as they are used, 1000 at a time.

        Raises NotTextError at a key that is not UTF-8; ``scan_bytes`` gives those too.
        """
        return map(replies.text, self.scan_bytes(prefix))

    def scan_bytes(self, prefix: str = "") -> Iterator[bytes]:
        """The keys with a prefix as bytes, likewise."""
        return self._scan(commands.text_bytes(prefix))

    def expire(self, key: str, seconds: int) -> bool:
        """Deletes a key in so many seconds, at once if these are not above 0. False without one."""
        return self._call(commands.expire(key, seconds))

    def persist(self, key: str) -> bool:
        """Keeps a key that was to expire. False if there is no key with an expiry."""
        return self._call(commands.persist(key))

    def ttl(self, key: str) -> int:
        """The seconds that a key has still; -1 without an expiry, -2 without a key."""
        return self._call(commands.ttl(key))

    def dbsize(self) -> int:
        """The number of keys."""
        return self._call(commands.dbsize())

    def ping(self, message: str | None = None) -> str:
        """The message back, or ``PONG`` without one."""
        return self._call(commands.ping(message))

    def echo(self, message: str) -> str:
        """The message back."""
        return self._call(commands.echo(message))

    def info(self) -> dict[str, str]:
        """The node, its data and its place in the cluster."""
        return self._call(commands.info())

    def stats(self) -> dict[str, str]:
        """The counters of the node since its start."""
        return self._call(commands.stats())

    def version(self) -> str:
        """The version of the node, such as ``0.2.0``."""
        return self._call(commands.version())

    def memory(self) -> int:
        """The memory that the data takes, in bytes."""
        return self._call(commands.memory())

    def hash(self, prefix: str = "") -> str:
        """The root of the Merkle tree, or that of the keys with a prefix: 64 hex digits."""
        return self._call(commands.hash(prefix))

    def flush(self) -> None:
        """Deletes every key of the whole cluster."""
        self._call(commands.flush())

    def auth(self, user: str, password: str) -> None:
        """Logs in, on this connection and on those that are opened later."""
        command = commands.auth(user, password)
        with self._lock:
            self._run(command)
            self._credentials = command

    def pipeline(self) -> Pipeline:
        """A pipeline, which collects operations and sends them together."""
        return Pipeline(self._call_all)

    def _scan(self, prefix: bytes) -> Iterator[bytes]:
        after = None
        while True:
            page = self._call(commands.scan_page(prefix, after))
            yield from page.keys
            if page.is_last:
                return
            after = page.keys[-1]

    def _call(self, call: Call[T]) -> T:
        if isinstance(call, Answered):
            return call.result
        with self._lock:
            return self._run(call)

    def _run(self, command: Command[T]) -> T:
        deadline = monotonic() + self._options.timeout
        connection = self._connected(deadline)
        try:
            return connection.call(command, deadline)
        except NodeConnectionError:
            if not command.is_read:
                raise
        return self._connected(deadline).call(command, deadline)

    def _call_all(self, calls: Sequence[Call[Any]]) -> list[Any]:
        asked = [call for call in calls if isinstance(call, Command)]
        results: list[Any] = []
        if asked:
            with self._lock:
                deadline = monotonic() + self._options.timeout
                results = self._connected(deadline).call_all(asked, deadline)
        return commands.with_answers(calls, results)

    def _connected(self, deadline: float) -> Connection:
        """The connection, or another one if it is not open any more."""
        if self._is_closed:
            raise policy.closed(self._options.node)
        if self._connection is None or not self._connection.is_alive():
            self._connection = self._connect(deadline)
        return self._connection

    def _connect(self, deadline: float) -> Connection:
        for pause in policy.pauses(self._options.connect_attempts):
            try:
                return Connection(self._options, self._credentials, deadline)
            except NodeConnectionError:
                if monotonic() + pause >= deadline:
                    raise
                sleep(pause)
        return Connection(self._options, self._credentials, deadline)
