"""From commands to the bytes to send, and from received bytes to results.

Pure: it is fed what came, and asked for what is whole.
"""

from __future__ import annotations

from collections import deque
from typing import Any, TypeVar, cast

from .commands import Command
from .dialects import STANDARD, Dialect
from .errors import MerkleKVError, ProtocolError
from .replies import Lines

T = TypeVar("T")


class Incomplete:
    """The type of INCOMPLETE."""


INCOMPLETE = Incomplete()
"""What stands for a result of which bytes are still missing."""


class Dialogue:
    """What is said on one connection, in the dialect of its node: STANDARD until that is known.

    It keeps at most one unfinished line, of ``limit`` bytes, beside what was fed at once. After a
    ProtocolError (other than NotTextError) nothing more can be read from it.
    """

    def __init__(self, node: str, limit: int) -> None:
        self.dialect: Dialect = STANDARD
        self._node = node
        # The carriage return at its end is no part of a line.
        self._limit = limit + 1
        self._lines: deque[bytes] = deque()
        self._unfinished: list[bytes] = []
        self._unfinished_size = 0
        self._list: Lines[Any] | None = None
        self._list_size = 0

    @property
    def has_left_over(self) -> bool:
        """Whether there are bytes that belong to no reply so far."""
        return bool(self._lines or self._unfinished_size)

    def encode(self, command: Command[Any]) -> bytes:
        """The bytes of a command. Raises InvalidArgumentError if the dialect cannot carry it."""
        try:
            return command.encode(self.dialect)
        except MerkleKVError as error:
            error.node = self._node
            raise

    def feed(self, data: bytes) -> None:
        """Takes bytes as they came. Raises ProtocolError if a line is longer than the limit."""
        first, *others = data.split(b"\n")
        self._unfinished.append(first)
        self._unfinished_size += len(first)
        if self._unfinished_size > self._limit or len(data) > self._limit:
            self._check_limit(others)
        if others:
            self._lines.append(b"".join(self._unfinished))
            last = others.pop()
            self._lines.extend(others)
            self._unfinished = [last]
            self._unfinished_size = len(last)

    def _check_limit(self, others: list[bytes]) -> None:
        longest = max(self._unfinished_size, *map(len, others), 0)
        if longest > self._limit:
            raise ProtocolError(
                f"a line of the answer has more than {self._limit - 1} bytes; raise reply_limit if "
                "values are as long as that",
                self._node,
            )

    def take(self, command: Command[T]) -> T | Incomplete:
        """The result of the command whose reply comes next, or INCOMPLETE.

        Raises the error that the reply tells of or is.
        """
        try:
            if self._list is None:
                if not self._lines:
                    return INCOMPLETE
                result: T = command.reply(self.dialect, self._line())
                if not command.is_list:
                    return result
                self._list = cast(Lines[Any], result)
                self._list_size = 0
                next(self._list)
            self._go_on(self._list, command)
            return INCOMPLETE
        except StopIteration as end:
            self._list = None
            return cast(T, end.value)
        except MerkleKVError as error:
            self._list = None
            error.node = self._node
            raise

    def _go_on(self, lines: Lines[Any], command: Command[Any]) -> None:
        """Sends a list what there is of it. Raises StopIteration if that is all."""
        while self._lines:
            line = self._line()
            self._list_size += len(line) + 1
            if command.is_bounded and self._list_size > self._limit:
                raise ProtocolError(
                    f"the answer has more than {self._limit - 1} bytes; raise reply_limit if it may"
                )
            lines.send(line)

    def _line(self) -> bytes:
        line = self._lines.popleft()
        return line[:-1] if line.endswith(b"\r") else line
