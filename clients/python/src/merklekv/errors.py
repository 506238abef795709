"""The errors of the library: five kinds, all of one family."""

from __future__ import annotations


class MerkleKVError(Exception):
    """The base of all errors of this library.

    ``message`` says what was wrong, and ``node`` with which node (``host:port``), or is None if
    none was asked.
    """

    def __init__(self, message: str, node: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.node = node

    def __str__(self) -> str:
        return f"{self.node}: {self.message}" if self.node else self.message


class InvalidArgumentError(MerkleKVError, ValueError):
    """An argument was refused before anything was sent. The connection lives."""


class NodeConnectionError(MerkleKVError, ConnectionError):
    """The connection could not be opened, or it broke, or the client was closed.

    Unless the client was closed, the next call opens another connection. Whether the node ran a
    write whose connection broke is not known.
    """


class NodeTimeoutError(MerkleKVError, TimeoutError):
    """A reply was not there in time. The connection was closed; the next call opens another."""


class ProtocolError(MerkleKVError):
    """The answer is none of this protocol, or not one to this command.

    The connection was closed; the next call opens another.
    """


class NotTextError(ProtocolError):
    """A value or a key is not UTF-8, so it cannot be given as ``str``.

    The connection lives: the answer was whole, and the operation for bytes gives it.
    """


class ServerError(MerkleKVError):
    """The node refused the command. The connection lives.

    ``message`` is the sentence of the node, and ``code`` the words before its first colon, such as
    ``Wrong type``, or the whole sentence if it has none.
    """

    def __init__(self, message: str, node: str | None = None) -> None:
        super().__init__(message, node)
        self.code = message.partition(":")[0]
