"""Pipelines: operations that are collected, sent together, and answered with a list."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from types import TracebackType
from typing import Any, Callable, TypeVar

from . import commands
from .commands import Call, Pairs, Value

P = TypeVar("P", bound="_Collector")


class _Collector:
    """What both pipelines have: every operation but scan, auth and close.

    Each checks its arguments and gives the pipeline itself, so that they can be chained.
    """

    def __init__(self) -> None:
        self._calls: list[Call[Any]] = []

    def __len__(self) -> int:
        """How many operations wait."""
        return len(self._calls)

    def _add(self: P, call: Call[Any]) -> P:
        self._calls.append(call)
        return self

    def _taken(self) -> list[Call[Any]]:
        calls, self._calls = self._calls, []
        return calls

    def set(self: P, key: str, value: Value) -> P:
        """Adds a ``set``; its result is None."""
        return self._add(commands.set(key, value))

    def get(self: P, key: str) -> P:
        """Adds a ``get``; its result is the text, or None."""
        return self._add(commands.get(key))

    def get_bytes(self: P, key: str) -> P:
        """Adds a ``get_bytes``; its result is the bytes, or None."""
        return self._add(commands.get_bytes(key))

    def delete(self: P, key: str) -> P:
        """Adds a ``delete``; its result is whether there was such a key."""
        return self._add(commands.delete(key))

    def incr(self: P, key: str, n: int = 1) -> P:
        """Adds an ``incr``; its result is the new number."""
        return self._add(commands.incr(key, n))

    def decr(self: P, key: str, n: int = 1) -> P:
        """Adds a ``decr``; its result is the new number."""
        return self._add(commands.decr(key, n))

    def append(self: P, key: str, value: Value) -> P:
        """Adds an ``append``; its result is the whole new value."""
        return self._add(commands.append(key, value))

    def prepend(self: P, key: str, value: Value) -> P:
        """Adds a ``prepend``; its result is the whole new value."""
        return self._add(commands.prepend(key, value))

    def mget(self: P, *keys: str) -> P:
        """Adds an ``mget``; its result is the list of texts."""
        return self._add(commands.mget(keys))

    def mget_bytes(self: P, *keys: str) -> P:
        """Adds an ``mget_bytes``; its result is the list of bytes."""
        return self._add(commands.mget_bytes(keys))

    def mset(self: P, pairs: Pairs) -> P:
        """Adds an ``mset``; its result is None."""
        return self._add(commands.mset(pairs))

    def exists(self: P, *keys: str) -> P:
        """Adds an ``exists``; its result is a number."""
        return self._add(commands.exists(keys))

    def expire(self: P, key: str, seconds: int) -> P:
        """Adds an ``expire``; its result is whether there is such a key."""
        return self._add(commands.expire(key, seconds))

    def persist(self: P, key: str) -> P:
        """Adds a ``persist``; its result is whether there is such a key with an expiry."""
        return self._add(commands.persist(key))

    def ttl(self: P, key: str) -> P:
        """Adds a ``ttl``; its result is whole seconds, or -1, or -2."""
        return self._add(commands.ttl(key))

    def dbsize(self: P) -> P:
        """Adds a ``dbsize``; its result is a number."""
        return self._add(commands.dbsize())

    def ping(self: P, message: str | None = None) -> P:
        """Adds a ``ping``; its result is the message, or PONG."""
        return self._add(commands.ping(message))

    def echo(self: P, message: str) -> P:
        """Adds an ``echo``; its result is the message."""
        return self._add(commands.echo(message))

    def info(self: P) -> P:
        """Adds an ``info``; its result is a dict."""
        return self._add(commands.info())

    def stats(self: P) -> P:
        """Adds a ``stats``; its result is a dict."""
        return self._add(commands.stats())

    def version(self: P) -> P:
        """Adds a ``version``; its result is a text."""
        return self._add(commands.version())

    def memory(self: P) -> P:
        """Adds a ``memory``; its result is a number of bytes."""
        return self._add(commands.memory())

    def hash(self: P, prefix: str = "") -> P:
        """Adds a ``hash``; its result is 64 hex digits."""
        return self._add(commands.hash(prefix))

    def flush(self: P) -> P:
        """Adds a ``flush``, which deletes every key of the whole cluster."""
        return self._add(commands.flush())


class Pipeline(_Collector):
    """Operations of a MerkleKVClient that are sent together.

    Made by ``client.pipeline()``. As a context manager it is executed at the end of the block,
    unless that raised; the results are in ``results`` then.
    """

    def __init__(self, run: Callable[[Sequence[Call[Any]]], list[Any]]) -> None:
        super().__init__()
        self._run = run
        self.results: list[Any] = []
        """What the last ``execute`` gave."""

    def execute(self) -> list[Any]:
        """Sends what was collected, and gives the result of each operation, in order.

        An operation that the node refused has its ServerError in its place, and one whose value is
        not UTF-8 its NotTextError; the others are done. Any other error is raised, and then it is
        not known how many operations were done. Afterwards the pipeline is empty.
        """
        self.results = []
        self.results = self._run(self._taken())
        return self.results

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.execute()


class AsyncPipeline(_Collector):
    """Operations of an AsyncMerkleKVClient that are sent together.

    Made by ``client.pipeline()``. With ``async with`` it is executed at the end of the block,
    unless that raised; the results are in ``results`` then.
    """

    def __init__(self, run: Callable[[Sequence[Call[Any]]], Awaitable[list[Any]]]) -> None:
        super().__init__()
        self._run = run
        self.results: list[Any] = []
        """What the last ``execute`` gave."""

    async def execute(self) -> list[Any]:
        """Sends what was collected, and gives the result of each operation, in order.

        Errors are those of ``Pipeline.execute``. Afterwards the pipeline is empty.
        """
        self.results = []
        self.results = await self._run(self._taken())
        return self.results

    async def __aenter__(self) -> AsyncPipeline:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            await self.execute()
