"""One connection of the synchronous client: a socket, and what is said on it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from time import monotonic
from typing import Any, TypeVar, cast

from . import commands, policy
from .commands import Command
from .dialogue import INCOMPLETE, Dialogue
from .errors import MerkleKVError, NodeTimeoutError, NotTextError, ServerError
from .options import Options

T = TypeVar("T")


class Connection:
    """An open connection that has been greeted. It is closed by the first call that fails on it.

    Deadlines are moments of ``time.monotonic``.
    """

    def __init__(self, options: Options, credentials: Command[None] | None, deadline: float):
        self._options = options
        self._node = options.node
        self._dialogue = Dialogue(self._node, options.reply_limit)
        self._armed = options.timeout
        self._socket = _open(options, deadline)
        self._used = monotonic()
        self.is_open = True
        try:
            self._dialogue.dialect = self.call(commands.greeting(), deadline)
            if credentials:
                self.call(credentials, deadline)
        except BaseException:
            self.close()
            raise

    def call(self, command: Command[T], deadline: float) -> T:
        """Sends one command and gives its result."""
        line = self._dialogue.encode(command)
        try:
            self._send(line, deadline)
            result = self._receive(command, deadline)
            self._finish()
            return result
        except (ServerError, NotTextError):
            self._finish()
            raise
        except BaseException:
            # A reply may still be on its way, and must not be taken for that of the next command.
            self.close()
            raise

    def call_all(self, calls: Sequence[Command[Any]], deadline: float) -> list[Any]:
        """Sends many commands and gives the result of each, or the error that is in its place."""
        lines = [self._dialogue.encode(command) for command in calls]
        remaining = iter(calls)
        results: list[Any] = []
        timeout = self._options.timeout
        try:
            for batch in policy.batches(lines):
                self._send(b"".join(batch), deadline)
                for _ in batch:
                    try:
                        results.append(self._receive(next(remaining), deadline))
                    except (ServerError, NotTextError) as error:
                        results.append(error)
                    deadline = monotonic() + timeout
            self._finish()
        except BaseException:
            self.close()
            raise
        return results

    def is_alive(self) -> bool:
        """Whether it may be used for another call. Looks at it if nobody used it for a second."""
        if not self.is_open or monotonic() - self._used < policy.IDLE_SECONDS:
            return self.is_open
        self._armed = 0.0
        self._socket.settimeout(0.0)
        try:
            # Either the node closed it, or it sent what nobody asked for.
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            pass
        self.close()
        return False

    def close(self) -> None:
        """Closes the socket. May be called twice."""
        self.is_open = False
        self._socket.close()

    def _finish(self) -> None:
        if self._dialogue.has_left_over:
            self.close()
            raise policy.unasked(self._node)
        self._used = monotonic()

    def _send(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        try:
            while rest:
                self._arm(deadline)
                rest = rest[self._socket.send(rest) :]
        except socket.timeout:
            raise policy.late(self._node, self._options.timeout) from None
        except OSError as error:
            raise policy.broken(self._node, error) from error

    def _receive(self, command: Command[T], deadline: float) -> T:
        while True:
            result = self._dialogue.take(command)
            if result is not INCOMPLETE:
                return cast(T, result)
            self._arm(deadline)
            try:
                data = self._socket.recv(policy.RECEIVE_BYTES)
            except socket.timeout:
                raise policy.late(self._node, self._options.timeout) from None
            except OSError as error:
                raise policy.broken(self._node, error) from error
            if not data:
                raise policy.ended(self._node)
            self._dialogue.feed(data)

    def _arm(self, deadline: float) -> None:
        """Has the socket give up at the deadline, or up to a hundredth of the timeout after it.

        Setting a timeout is a system call, which most calls save by that hundredth.
        """
        left = deadline - monotonic()
        if left <= 0:
            raise policy.late(self._node, self._options.timeout)
        if abs(left - self._armed) > self._options.timeout / 100:
            self._socket.settimeout(left)
            self._armed = left


def _open(options: Options, deadline: float) -> socket.socket:
    """A connected socket, with TLS if the options want it."""
    try:
        addresses = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise policy.unreachable(options.node, error) from error
    failure: MerkleKVError = policy.unreachable(options.node, OSError("the host has no address"))
    for family, kind, protocol, _, address in addresses:
        connection = socket.socket(family, kind, protocol)
        try:
            return _connected(connection, address, options, deadline)
        except socket.timeout:
            failure = policy.late(options.node, options.timeout)
        except OSError as error:
            failure = policy.unreachable(options.node, error)
        except BaseException:
            connection.close()
            raise
        connection.close()
        if isinstance(failure, NodeTimeoutError):
            break
    raise failure


def _connected(
    connection: socket.socket, address: Any, options: Options, deadline: float
) -> socket.socket:
    connection.settimeout(max(deadline - monotonic(), 0.001))
    connection.connect(address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if options.ssl_context:
        connection.settimeout(max(deadline - monotonic(), 0.001))
        secured = options.ssl_context.wrap_socket(connection, server_hostname=options.server_name)
        connection = secured
    connection.settimeout(options.timeout)
    return connection
