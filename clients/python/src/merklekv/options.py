"""What a client is told when it is made, checked once."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from .errors import InvalidArgumentError


# Eleven days; the system counts milliseconds in 31 bits.
_LONGEST_TIMEOUT = 1_000_000


@dataclass(frozen=True)
class TLS:
    """How to speak TLS with a node.

    ``ca_file`` has the certificates of the authority (those of the system without it),
    ``server_name`` is the name in the node's certificate (the host without it), ``cert_file`` and
    ``key_file`` are the client's own certificate and key, for nodes that ask for one. All files are
    PEM.
    """

    ca_file: str | None = None
    server_name: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    def context(self) -> ssl.SSLContext:
        """The files, read. Raises InvalidArgumentError if one cannot be."""
        if self.key_file and not self.cert_file:
            raise InvalidArgumentError("key_file needs cert_file")
        context = self._trusting()
        if self.cert_file:
            try:
                context.load_cert_chain(self.cert_file, self.key_file)
            except OSError as error:
                files = f"{self.cert_file} and {self.key_file or 'the key in it'}"
                raise InvalidArgumentError(f"cannot use {files}: {error}") from error
        return context

    def _trusting(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise InvalidArgumentError(
                f"cannot use the certificates in {self.ca_file}: {error}"
            ) from error


@dataclass(frozen=True)
class Options:
    """The options of a client; both clients take them by the same names."""

    host: str = "localhost"
    port: int = 7379
    timeout: float = 5.0
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: TLS | ssl.SSLContext | bool = False
    connect_attempts: int = 4
    reply_limit: int = 16 << 20
    ssl_context: ssl.SSLContext | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.host:
            raise InvalidArgumentError("the host is empty")
        if not 0 < self.port < 65536:
            raise InvalidArgumentError(f"{self.port} is no port; ports are 1 to 65535")
        if not 0 < self.timeout <= _LONGEST_TIMEOUT:
            raise InvalidArgumentError(
                f"a timeout of {self.timeout} s is not above zero and at most {_LONGEST_TIMEOUT} s"
            )
        if self.connect_attempts < 1:
            raise InvalidArgumentError("connect_attempts has to be at least 1")
        if self.reply_limit < 1:
            raise InvalidArgumentError("reply_limit has to be at least 1 byte")
        if (self.user is None) != (self.password is None):
            raise InvalidArgumentError("user and password belong together; one of them is missing")
        object.__setattr__(self, "ssl_context", self._made_context())

    def _made_context(self) -> ssl.SSLContext | None:
        if isinstance(self.tls, ssl.SSLContext):
            return self.tls
        if not self.tls:
            return None
        return (self.tls if isinstance(self.tls, TLS) else TLS()).context()

    @property
    def node(self) -> str:
        """The node as messages name it."""
        return f"{self.host}:{self.port}"

    @property
    def server_name(self) -> str | None:
        """The name that the node's certificate must have; None without TLS."""
        if not self.ssl_context:
            return None
        return getattr(self.tls, "server_name", None) or self.host
