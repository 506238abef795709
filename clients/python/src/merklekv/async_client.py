"""The asyncio client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, TypeVar

from . import commands, policy, replies
from .async_connection import AsyncConnection
from .commands import Answered, Call, Command, Pairs, Value
from .errors import NodeConnectionError
from .options import TLS, Options
from .pipeline import AsyncPipeline

T = TypeVar("T")


class AsyncMerkleKVClient:
    """A client of one node for asyncio, with one connection, which the first call opens.

    Tasks of one event loop may share it: their calls take turns. If a task is cancelled in the
    middle of a call the connection is closed, so that the reply that is still on its way is taken
    for no other, and the next call opens another.

    Options and errors are those of MerkleKVClient, and operations that only read are asked once
    more here too.
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
        self._lock: asyncio.Lock | None = None
        self._connection: AsyncConnection | None = None
        self._is_closed = False

    async def __aenter__(self) -> AsyncMerkleKVClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the connection, when the call that uses it has ended. May be called twice."""
        async with self._turn():
            self._is_closed = True
            if self._connection:
                self._connection.close()

    async def set(self, key: str, value: Value) -> None:
        """Gives a key a value, without an expiry."""
        await self._call(commands.set(key, value))

    async def get(self, key: str) -> str | None:
        """The value of a key, or None. Raises NotTextError if it is not UTF-8."""
        return await self._call(commands.get(key))

    async def get_bytes(self, key: str) -> bytes | None:
        """The value of a key as bytes, or None."""
        return await self._call(commands.get_bytes(key))

    async def delete(self, key: str) -> bool:
        """Deletes a key. False if there was none."""
        return await self._call(commands.delete(key))

    async def incr(self, key: str, n: int = 1) -> int:
        """Adds to a number of 64 bits and gives the new one. A missing key counts as 0."""
        return await self._call(commands.incr(key, n))

    async def decr(self, key: str, n: int = 1) -> int:
        """Subtracts from a number of 64 bits and gives the new one. A missing key counts as 0."""
        return await self._call(commands.decr(key, n))

    async def append(self, key: str, value: Value) -> str:
        """Puts a value behind the one that is there, and gives the whole."""
        return await self._call(commands.append(key, value))

    async def prepend(self, key: str, value: Value) -> str:
        """Puts a value before the one that is there, and gives the whole."""
        return await self._call(commands.prepend(key, value))

    async def mget(self, *keys: str) -> list[str | None]:
        """For each key what ``get`` would give. Of no keys, without asking the node."""
        return await self._call(commands.mget(keys))

    async def mget_bytes(self, *keys: str) -> list[bytes | None]:
        """For each key what ``get_bytes`` would give."""
        return await self._call(commands.mget_bytes(keys))

    async def mset(self, pairs: Pairs) -> None:
        """Writes all pairs of a mapping, or of key and value, or none of them."""
        await self._call(commands.mset(pairs))

    async def exists(self, *keys: str) -> int:
        """How many of the keys there are. A key that is named twice counts twice."""
        return await self._call(commands.exists(keys))

    def scan(self, prefix: str = "") -> AsyncIterator[str]:
        """The keys with a prefix, in byte order, asked for as they are used, 1000 at a time.

        Raises NotTextError at a key that is not UTF-8; ``scan_bytes`` gives those too.
        """
        return self._scan_texts(commands.text_bytes(prefix))

    def scan_bytes(self, prefix: str = "") -> AsyncIterator[bytes]:
        """The keys with a prefix as bytes, likewise."""
        return self._scan(commands.text_bytes(prefix))

    async def expire(self, key: str, seconds: int) -> bool:
        """Deletes a key in so many seconds, at once if these are not above 0. False without one."""
        return await self._call(commands.expire(key, seconds))

    async def persist(self, key: str) -> bool:
        """Keeps a key that was to expire. False if there is no key with an expiry."""
        return await self._call(commands.persist(key))

    async def ttl(self, key: str) -> int:
        """The seconds that a key has still; -1 without an expiry, -2 without a key."""
        return await self._call(commands.ttl(key))

    async def dbsize(self) -> int:
        """The number of keys."""
        return await self._call(commands.dbsize())

    async def ping(self, message: str | None = None) -> str:
        """The message back, or ``PONG`` without one."""
        return await self._call(commands.ping(message))

    async def echo(self, message: str) -> str:
        """The message back."""
        return await self._call(commands.echo(message))

    async def info(self) -> dict[str, str]:
        """The node, its data and its place in the cluster."""
        return await self._call(commands.info())

    async def stats(self) -> dict[str, str]:
        """The counters of the node since its start."""
        return await self._call(commands.stats())

    async def version(self) -> str:
        """The version of the node, such as ``0.2.0``."""
        return await self._call(commands.version())

    async def memory(self) -> int:
        """The memory that the data takes, in bytes."""
        return await self._call(commands.memory())

    async def hash(self, prefix: str = "") -> str:
        """The root of the Merkle tree, or that of the keys with a prefix: 64 hex digits."""
        return await self._call(commands.hash(prefix))

    async def flush(self) -> None:
        """Deletes every key of the whole cluster."""
        await self._call(commands.flush())

    async def auth(self, user: str, password: str) -> None:
        """Logs in, on this connection and on those that are opened later."""
        command = commands.auth(user, password)
        async with self._turn():
            await self._run(command)
            self._credentials = command

    def pipeline(self) -> AsyncPipeline:
        """A pipeline, which collects operations and sends them together."""
        return AsyncPipeline(self._call_all)

    async def _scan_texts(self, prefix: bytes) -> AsyncIterator[str]:
        async for key in self._scan(prefix):
            yield replies.text(key)

    async def _scan(self, prefix: bytes) -> AsyncIterator[bytes]:
        after = None
        while True:
            page = await self._call(commands.scan_page(prefix, after))
            for key in page.keys:
                yield key
            if page.is_last:
                return
            after = page.keys[-1]

    def _turn(self) -> asyncio.Lock:
        # Before Python 3.10 a lock belongs to the event loop in which it is made.
        if self._lock is None:
            self._lock = asyncio.Lock()
        return self._lock

    async def _call(self, call: Call[T]) -> T:
        if isinstance(call, Answered):
            return call.result
        async with self._turn():
            return await self._run(call)

    async def _run(self, command: Command[T]) -> T:
        deadline = self._deadline()
        connection = await self._connected(deadline)
        try:
            return await connection.call(command, deadline)
        except NodeConnectionError:
            if not command.is_read:
                raise
        connection = await self._connected(deadline)
        return await connection.call(command, deadline)

    async def _call_all(self, calls: Sequence[Call[Any]]) -> list[Any]:
        asked = [call for call in calls if isinstance(call, Command)]
        results: list[Any] = []
        if asked:
            async with self._turn():
                deadline = self._deadline()
                connection = await self._connected(deadline)
                results = await connection.call_all(asked, deadline)
        return commands.with_answers(calls, results)

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + self._options.timeout

    async def _connected(self, deadline: float) -> AsyncConnection:
        """The connection, or another one if it is not open any more."""
        if self._is_closed:
            raise policy.closed(self._options.node)
        if self._connection is None or not await self._connection.is_alive():
            self._connection = await self._connect(deadline)
        return self._connection

    async def _connect(self, deadline: float) -> AsyncConnection:
        time = asyncio.get_running_loop().time
        for pause in policy.pauses(self._options.connect_attempts):
            try:
                return await AsyncConnection.open(self._options, self._credentials, deadline)
            except NodeConnectionError:
                if time() + pause >= deadline:
                    raise
                await asyncio.sleep(pause)
        return await AsyncConnection.open(self._options, self._credentials, deadline)
