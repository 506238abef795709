"""The adapter of the conformance suite: reads calls, makes them, writes their results.

    adapter.py [sync|async]

The asynchronous client is driven by an event loop that runs only during a call.
"""

from __future__ import annotations

import asyncio
import pathlib
import re
import sys
from collections.abc import Iterable
from typing import Any, Callable

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "src"))

import merklekv

KINDS = (
    (merklekv.InvalidArgumentError, "argument"),
    (merklekv.NodeConnectionError, "connection"),
    (merklekv.NodeTimeoutError, "timeout"),
    (merklekv.ProtocolError, "protocol"),
    (merklekv.ServerError, "server"),
)
FILES = {"ca": "ca_file", "server_name": "server_name", "cert": "cert_file", "key": "key_file"}
NUMBERS = {"connect_attempts": int, "reply_limit": int}


def decoded(field: bytes) -> Any:
    """A field of a line: text, or bytes if it is not text."""
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), field)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def encoded(field: Any) -> bytes:
    """Text or bytes as a field of a line."""
    if isinstance(field, str):
        return re.sub(rb"[%\t\r\n]", lambda found: b"%%%02X" % found[0][0], field.encode())
    try:
        return encoded(field.decode())
    except UnicodeDecodeError:
        return re.sub(rb"[^ -$&-~]", lambda found: b"%%%02X" % found[0][0], field)


def result_line(result: Any, is_text: bool) -> list[Any]:
    """A result as the fields of its line."""
    if isinstance(result, merklekv.MerkleKVError):
        kind = next(name for cls, name in KINDS if isinstance(result, cls))
        return ["error", kind, getattr(result, "code", ""), str(result)]
    if result is None:
        return ["nil" if is_text else "ok"]
    if isinstance(result, bool):
        return ["bool", "true" if result else "false"]
    if isinstance(result, int):
        return ["int", str(result)]
    if isinstance(result, dict):
        return ["map", *(part for item in result.items() for part in item)]
    if isinstance(result, list):
        return ["list", *("!" if item is None else "=" + item for item in result)]
    return ["text", result]


def arguments_of(name: str, fields: list[Any]) -> list[Any]:
    """The fields of a call as the arguments of its method."""
    if name in ("incr", "decr", "expire") and len(fields) == 2:
        return [fields[0], int(fields[1])]
    if name == "mset":
        return [list(zip(fields[::2], fields[1::2]))]
    return fields


def options_of(fields: Iterable[str]) -> dict:
    """The options of ``connect`` as the arguments of a client."""
    options: dict = {}
    tls = {}
    for field in fields:
        name, _, value = field.partition("=")
        if name in FILES:
            tls[FILES[name]] = value
        elif name == "tls":
            options["tls"] = True
        elif name == "timeout_ms":
            options["timeout"] = int(value) / 1000
        else:
            options[name] = NUMBERS.get(name, str)(value)
    if "tls" in options:
        options["tls"] = merklekv.TLS(**tls)
    return options


class Adapter:
    """One client at a time, which is made by the first call: bad options are told there."""

    def __init__(self, client_class: type, finish: Callable[[Any], Any]) -> None:
        self._client_class = client_class
        self._finish = finish
        self._make: Callable[[], Any] | None = None
        self._client: Any = None

    def run(self) -> None:
        """Answers calls until the input ends."""
        for line in sys.stdin.buffer:
            name, fields = self._call_of(line)
            if name == "pipeline":
                calls = [self._call_of(sys.stdin.buffer.readline()) for _ in range(int(fields[0]))]
                self._pipeline(calls)
            else:
                self._write(self._answer(name, fields))
            sys.stdout.buffer.flush()

    def _answer(self, name: str, fields: list[Any]) -> list[Any]:
        try:
            if name == "connect":
                return self._connect(fields)
            client = self._made()
            if name == "scan":
                return result_line(self._keys(client.scan(*fields)), True)
            method = getattr(client, "set" if name == "set_bytes" else name)
            result = self._finish(method(*arguments_of(name, fields)))
        except merklekv.MerkleKVError as error:
            result = error
        return result_line(result, name in ("get", "get_bytes"))

    def _pipeline(self, calls: list[Any]) -> None:
        try:
            pipeline = self._made().pipeline()
            for name, fields in calls:
                method = getattr(pipeline, "set" if name == "set_bytes" else name)
                method(*arguments_of(name, fields))
            results = self._finish(pipeline.execute())
        except merklekv.MerkleKVError as error:
            self._write(result_line(error, False))
            return
        self._write(["results", str(len(results))])
        for (name, _), result in zip(calls, results):
            self._write(result_line(result, name in ("get", "get_bytes")))

    def _connect(self, fields: list[Any]) -> list[Any]:
        if self._client:
            self._finish(self._client.close())
        host, port, *options = fields
        self._client = None
        self._make = lambda: self._client_class(host, int(port), **options_of(options))
        return ["ok"]

    def _made(self) -> Any:
        if self._client is None:
            assert self._make is not None, "the first call is connect"
            self._client = self._make()
        return self._client

    def _keys(self, keys: Any) -> list[str]:
        if not hasattr(keys, "__aiter__"):
            return list(keys)

        async def collect() -> list[str]:
            return [key async for key in keys]

        return self._finish(collect())

    @staticmethod
    def _call_of(line: bytes) -> Any:
        name, *fields = (decoded(field) for field in line.rstrip(b"\n").split(b"\t"))
        return name, fields

    @staticmethod
    def _write(fields: list[Any]) -> None:
        sys.stdout.buffer.write(b"\t".join(map(encoded, fields)) + b"\n")


def main() -> None:
    """Chooses the client."""
    if sys.argv[1:] == ["async"]:
        loop = asyncio.new_event_loop()
        Adapter(merklekv.AsyncMerkleKVClient, loop.run_until_complete).run()
        loop.close()
    else:
        Adapter(merklekv.MerkleKVClient, lambda result: result).run()


if __name__ == "__main__":
    main()
