"""Client for MerkleKV, a replicated key-value node.

``MerkleKVClient`` is for threads, ``AsyncMerkleKVClient`` for asyncio. Input and output are
in connection.py and async_connection.py; all else is shared. commands.py has the commands, with
replies.py and lists.py for what comes back; dialects.py and quoting.py say how texts are written;
dialogue.py joins these for one connection.
"""

from .async_client import AsyncMerkleKVClient
from .client import MerkleKVClient
from .errors import (
    InvalidArgumentError,
    MerkleKVError,
    NodeConnectionError,
    NodeTimeoutError,
    NotTextError,
    ProtocolError,
    ServerError,
)
from .options import TLS
from .pipeline import AsyncPipeline, Pipeline

__version__ = "0.2.0"

__all__ = [
    "TLS",
    "AsyncMerkleKVClient",
    "AsyncPipeline",
    "InvalidArgumentError",
    "MerkleKVClient",
    "MerkleKVError",
    "NodeConnectionError",
    "NodeTimeoutError",
    "NotTextError",
    "Pipeline",
    "ProtocolError",
    "ServerError",
]
