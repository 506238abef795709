"""One connection of the asyncio client: a transport, and what is said on it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from . import commands, policy
from .commands import Command
from .dialogue import INCOMPLETE, Dialogue
from .errors import MerkleKVError, NotTextError, ServerError
from .options import Options

T = TypeVar("T")


class _Link(asyncio.Protocol):
    """Feeds the dialogue, and wakes the one task that waits for more."""

    def __init__(self, options: Options) -> None:
        self.dialogue = Dialogue(options.node, options.reply_limit)
        self.failure: MerkleKVError | None = None
        self._options = options
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self.dialogue.feed(data)
        except MerkleKVError as error:
            self._fail(error)
            return
        if not self._wake() and self._transport:
            # Nobody has taken what came before, so that what comes now would pile up.
            self._transport.pause_reading()
            self._is_paused = True

    def connection_lost(self, error: Exception | None) -> None:
        node = self._options.node
        self._fail(policy.broken(node, error) if error else policy.ended(node))

    def write(self, data: bytes) -> None:
        """Sends the bytes, sooner or later."""
        if self._transport and not self.failure:
            self._transport.write(data)

    async def wait(self, deadline: float) -> None:
        """Waits until there is more to read. Raises what ended the connection, if that did."""
        if self.failure:
            raise self.failure
        if self._is_paused and self._transport:
            self._transport.resume_reading()
            self._is_paused = False
        self._waiter = self._loop.create_future()
        alarm = self._loop.call_at(deadline, self._expire)
        try:
            await self._waiter
        finally:
            alarm.cancel()
            self._waiter = None

    def abort(self) -> None:
        """Closes the connection at once."""
        if self._transport:
            self._transport.abort()

    def _expire(self) -> None:
        self._fail(policy.late(self._options.node, self._options.timeout))

    def _fail(self, error: MerkleKVError) -> None:
        if not self.failure:
            self.failure = error
            self.abort()
            self._wake()

    def _wake(self) -> bool:
        """Wakes the task that waits. False if none does."""
        if self._waiter is None or self._waiter.done():
            return False
        self._waiter.set_result(None)
        return True


class AsyncConnection:
    """An open connection that has been greeted. It is closed by the first call that fails on it.

    Deadlines are moments of the event loop's clock.
    """

    def __init__(self, options: Options, link: _Link) -> None:
        self._options = options
        self._link = link
        self._dialogue = link.dialogue
        self._time = asyncio.get_running_loop().time
        self._used = self._time()
        self._is_open = True

    @classmethod
    async def open(
        cls, options: Options, credentials: Command[None] | None, deadline: float
    ) -> AsyncConnection:
        """Connects, greets and logs in."""
        connection = cls(options, await _connected(options, deadline))
        try:
            connection._dialogue.dialect = await connection.call(commands.greeting(), deadline)
            if credentials:
                await connection.call(credentials, deadline)
        except BaseException:
            connection.close()
            raise
        return connection

    async def call(self, command: Command[T], deadline: float) -> T:
        """Sends one command and gives its result."""
        line = self._dialogue.encode(command)
        try:
            self._link.write(line)
            result = await self._receive(command, deadline)
            self._finish()
            return result
        except (ServerError, NotTextError):
            self._finish()
            raise
        except BaseException:
            # A reply may still be on its way, and must not be taken for that of the next command.
            self.close()
            raise

    async def call_all(self, calls: Sequence[Command[Any]], deadline: float) -> list[Any]:
        """Sends many commands and gives the result of each, or the error that is in its place."""
        lines = [self._dialogue.encode(command) for command in calls]
        remaining = iter(calls)
        results: list[Any] = []
        try:
            for batch in policy.batches(lines):
                self._link.write(b"".join(batch))
                for _ in batch:
                    try:
                        results.append(await self._receive(next(remaining), deadline))
                    except (ServerError, NotTextError) as error:
                        results.append(error)
                    deadline = self._time() + self._options.timeout
            self._finish()
        except BaseException:
            self.close()
            raise
        return results

    async def is_alive(self) -> bool:
        """Whether it may be used for another call. Looks at it if nobody used it for a second."""
        if self._is_open and self._time() - self._used >= policy.IDLE_SECONDS:
            # The event loop may have been blocked until now. It has one turn to see what came, one
            # to read it, and one to tell the link that the connection is lost.
            for _ in range(3):
                await asyncio.sleep(0)
        if self._is_open and (self._link.failure or self._dialogue.has_left_over):
            self.close()
        return self._is_open

    def close(self) -> None:
        """Closes the connection. May be called twice."""
        self._is_open = False
        self._link.abort()

    def _finish(self) -> None:
        if self._dialogue.has_left_over:
            self.close()
            raise policy.unasked(self._options.node)
        self._used = self._time()

    async def _receive(self, command: Command[T], deadline: float) -> T:
        while True:
            result = self._dialogue.take(command)
            if result is not INCOMPLETE:
                return cast(T, result)
            await self._link.wait(deadline)


async def _connected(options: Options, deadline: float) -> _Link:
    loop = asyncio.get_running_loop()
    link = _Link(options)
    connecting = loop.create_connection(
        lambda: link,
        options.host,
        options.port,
        ssl=options.ssl_context,
        server_hostname=options.server_name,
    )
    try:
        await asyncio.wait_for(connecting, deadline - loop.time())
    except asyncio.TimeoutError:
        raise policy.late(options.node, options.timeout) from None
    except (OSError, UnicodeError) as error:
        raise policy.unreachable(options.node, error) from error
    return link
