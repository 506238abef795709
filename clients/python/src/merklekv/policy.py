"""What both clients decide alike: pauses, what is said of a failure, what goes in one write."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from .errors import NodeConnectionError, NodeTimeoutError, ProtocolError

IDLE_SECONDS = 1.0
"""After so long without a call a connection is looked at before it is used."""

RECEIVE_BYTES = 1 << 16
"""The most that one read takes."""

# A node stops reading from a client that leaves 256 KiB of replies unread. With few commands on
# their way, it is never the client that waits to write while the node waits to be read from.
_ON_THEIR_WAY_BYTES = 32 << 10


def pauses(attempts: int) -> Iterator[float]:
    """The pause in seconds behind each attempt to connect but the last.

    50, 100, 200 ms and so on, of which up to half is left off at random, so that clients that lost
    one node do not come back to it all at once.
    """
    for attempt in range(attempts - 1):
        yield 0.05 * 2**attempt * random.uniform(0.5, 1)


def batches(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Commands in groups that may be on their way at once: 32 KiB, or one command."""
    group: list[bytes] = []
    size = 0
    for line in lines:
        if group and size + len(line) > _ON_THEIR_WAY_BYTES:
            yield group
            group, size = [], 0
        group.append(line)
        size += len(line)
    if group:
        yield group


def closed(node: str) -> NodeConnectionError:
    """The error of a call to a client that was closed."""
    return NodeConnectionError("the client was closed; make another one", node)


def ended(node: str) -> NodeConnectionError:
    """The error of a connection that the node closed."""
    return NodeConnectionError("the node closed the connection", node)


def unasked(node: str) -> ProtocolError:
    """The error of bytes behind the last reply that was asked for."""
    return ProtocolError("the node sent more than was asked for", node)


def broken(node: str, error: BaseException) -> NodeConnectionError:
    """The error of a connection that broke."""
    return NodeConnectionError(f"the connection broke: {_reason(error)}", node)


def unreachable(node: str, error: BaseException) -> NodeConnectionError:
    """The error of a connection that could not be opened."""
    return NodeConnectionError(f"cannot connect: {_reason(error)}", node)


def late(node: str, timeout: float) -> NodeTimeoutError:
    """The error of a reply that was not there in time."""
    return NodeTimeoutError(f"no answer within {timeout:g} s; is the node overloaded?", node)


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
