"""A server of a test's own, which answers each line as a function says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Optional

Answer = Callable[[bytes], Optional[bytes]]


class ScriptedServer:
    """Greets like a node and answers every other line; None ends the connection.

    ``lines`` is all that was asked but the greetings, ``connections`` how many there were, and
    ``open_connections`` their sockets.
    """

    def __init__(self, answer: Answer, greeting: bytes = b"MerkleKV 0.2.0\r\n") -> None:
        self.lines: list[bytes] = []
        self.connections = 0
        self._answer = answer
        self._greeting = greeting
        self.open_connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, *_: object) -> None:
        # shutdown wakes the threads that wait; close alone would not.
        for each in (self._listener, *self.open_connections):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open_connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            try:
                for line in lines:
                    if not self._reply(connection, line.rstrip(b"\r\n")):
                        return
            except OSError:
                return

    def _reply(self, connection: socket.socket, line: bytes) -> bool:
        if line == b"VERSION":
            connection.sendall(self._greeting)
            return True
        self.lines.append(line)
        answer = self._answer(line)
        if answer:
            connection.sendall(answer)
        return answer is not None


def echo(line: bytes) -> bytes:
    """Answers ECHO, and GET with the name of the key."""
    if line.startswith(b"GET "):
        return b"VALUE " + line[4:] + b"\r\n"
    return line + b"\r\n"


def pages(line: bytes) -> bytes:
    """Answers SCAN with two pages: the keys from 0000 to 0999, and one more."""
    keys = [b"1000"] if b"AFTER" in line else [b"%04d" % number for number in range(1000)]
    return b"KEYS %d\r\n" % len(keys) + b"\r\n".join(keys) + b"\r\nEND\r\n"
