"""What is asked again, and how long an answer is waited for, in the synchronous client."""

import contextlib
import threading
import time
import unittest
from collections.abc import Callable, Iterator
from typing import Optional
from unittest import mock

from merklekv import MerkleKVClient, NodeConnectionError, NodeTimeoutError
from scripted import ScriptedServer, echo


class Retries(unittest.TestCase):
    REPLIES = {
        b"GET k": b"VALUE v",
        b"MGET k": b"VALUES 1\r\nVALUE v\r\nEND",
        b"EXISTS k": b"EXISTS 1",
        b'SCAN "" LIMIT 1000': b"KEYS 1\r\nk\r\nEND",
        b"TTL k": b"TTL 5",
        b"DBSIZE": b"DBSIZE 5",
        b"MEMORY": b"MEMORY 5",
        b"PING": b"PONG",
        b"PING a": b"PONG a",
        b"ECHO a": b"ECHO a",
        b"INFO": b"# Server Information\r\na:1\r\nEND",
        b"STATS": b"STATS\r\na:1\r\nEND",
        b"HASH": b"HASH " + b"0" * 64,
    }

    def breaking(self) -> ScriptedServer:
        """Breaks the connection at every other line, beginning with the first."""
        broken: list[bytes] = []

        def answer(line: bytes) -> Optional[bytes]:
            if line in broken:
                broken.remove(line)
                return self.REPLIES[line] + b"\r\n"
            broken.append(line)
            return None

        return ScriptedServer(answer)

    def test_every_read_is_asked_once_more(self) -> None:
        with self.breaking() as server, MerkleKVClient("127.0.0.1", server.port) as client:
            self.assertEqual(client.get("k"), "v")
            self.assertEqual(client.get_bytes("k"), b"v")
            self.assertEqual(client.mget("k"), ["v"])
            self.assertEqual(client.mget_bytes("k"), [b"v"])
            self.assertEqual(client.exists("k"), 1)
            self.assertEqual(list(client.scan()), ["k"])
            self.assertEqual(client.ttl("k"), 5)
            self.assertEqual(client.dbsize(), 5)
            self.assertEqual(client.memory(), 5)
            self.assertEqual(client.ping(), "PONG")
            self.assertEqual(client.ping("a"), "a")
            self.assertEqual(client.echo("a"), "a")
            self.assertEqual(client.info(), {"a": "1"})
            self.assertEqual(client.stats(), {"a": "1"})
            self.assertEqual(client.hash(), "0" * 64)

    def test_nothing_else_is(self) -> None:
        with ScriptedServer(lambda line: None) as server:
            with MerkleKVClient("127.0.0.1", server.port) as client:
                calls: list[Callable[[], object]] = [
                    lambda: client.set("k", "v"),
                    lambda: client.delete("k"),
                    lambda: client.incr("k"),
                    lambda: client.decr("k"),
                    lambda: client.append("k", "v"),
                    lambda: client.prepend("k", "v"),
                    lambda: client.mset({"k": "v"}),
                    lambda: client.expire("k", 5),
                    lambda: client.persist("k"),
                    lambda: client.flush(),
                    lambda: client.auth("al", "p"),
                    lambda: client.pipeline().get("k").execute(),
                ]
                for number, call in enumerate(calls, 1):
                    with self.assertRaises(NodeConnectionError):
                        call()
                    self.assertEqual(len(server.lines), number, server.lines[-1])

    def test_connecting_is_tried_as_often_as_is_said_with_pauses(self) -> None:
        for attempts in (1, 3):
            with ScriptedServer(echo) as server:
                client = MerkleKVClient("127.0.0.1", server.port, connect_attempts=attempts)
                with mock.patch("merklekv.client.sleep") as sleep, client:
                    with mock.patch("merklekv.connection.Connection.call") as call:
                        call.side_effect = NodeConnectionError("it broke at the greeting")
                        with self.assertRaises(NodeConnectionError):
                            client.get("k")
                self.assertEqual(call.call_count, attempts)
                self.assertEqual(sleep.call_count, attempts - 1)


class Clock:
    """A clock that only a test moves on, in place of the one that deadlines are read from."""

    def __init__(self) -> None:
        self.now = 1000.0

    def read(self) -> float:
        """What time it is."""
        return self.now

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Has the client read this clock. Its sockets keep the real one."""
        with mock.patch("merklekv.client.monotonic", self.read):
            with mock.patch("merklekv.connection.monotonic", self.read):
                yield


class Deadlines(unittest.TestCase):
    def test_a_server_that_trickles_is_given_up_in_time(self) -> None:
        over = threading.Event()
        with ScriptedServer(lambda line: b"") as server:
            with MerkleKVClient("127.0.0.1", server.port, timeout=0.2) as client:
                begun = time.monotonic()

                def trickle() -> None:
                    while not over.wait(0.02):
                        for connection in server.open_connections:
                            connection.send(b"x")

                thread = threading.Thread(target=trickle)
                thread.start()
                with self.assertRaises(NodeTimeoutError) as caught:
                    client.get("k")
                over.set()
                thread.join()
                self.assertIn(f"127.0.0.1:{server.port}", str(caught.exception))
                self.assertLess(time.monotonic() - begun, 3)

    def test_the_deadline_is_that_of_the_reply_and_not_of_its_last_piece(self) -> None:
        clock = Clock()

        def answer(line: bytes) -> bytes:
            clock.now += 19.9
            return b"VALUE and no more"

        with ScriptedServer(answer) as server, clock.installed():
            with MerkleKVClient("127.0.0.1", server.port, timeout=20) as client:
                begun = time.monotonic()
                with self.assertRaises(NodeTimeoutError):
                    client.get("k")
                self.assertLess(time.monotonic() - begun, 10)

    def test_each_reply_to_a_pipeline_has_its_own(self) -> None:
        clock = Clock()

        def answer(line: bytes) -> bytes:
            clock.now += 15
            return echo(line)

        with ScriptedServer(answer) as server, clock.installed():
            with MerkleKVClient("127.0.0.1", server.port, timeout=20) as client:
                # Each is more than fits on the way beside another.
                key = "k" * (32 << 10)
                results = client.pipeline().get(key).get(key).get(key).execute()
        self.assertEqual(results, [key] * 3)

    def test_a_late_reply_is_taken_for_no_other(self) -> None:
        gate = threading.Event()

        def answer(line: bytes) -> bytes:
            if line == b"GET slow":
                gate.wait(5)
            return echo(line)

        with ScriptedServer(answer) as server:
            with MerkleKVClient("127.0.0.1", server.port, timeout=0.5) as client:
                with self.assertRaises(NodeTimeoutError):
                    client.get("slow")
                gate.set()
                self.assertEqual(client.get("next"), "next")

    def test_a_stalled_handshake_of_tls_is_given_up_in_time(self) -> None:
        with ScriptedServer(lambda line: b"", greeting=b"") as server:
            with MerkleKVClient("127.0.0.1", server.port, timeout=0.2, tls=True) as client:
                begun = time.monotonic()
                with self.assertRaises(NodeTimeoutError):
                    client.get("k")
                self.assertLess(time.monotonic() - begun, 3)

    def test_a_server_that_reads_nothing_is_given_up_in_time(self) -> None:
        gate = threading.Event()
        with ScriptedServer(lambda line: gate.wait(5) and b"") as server:
            with MerkleKVClient("127.0.0.1", server.port, timeout=0.2) as client:
                pipe = client.pipeline().get("k")
                pipe.set("big", "x" * (1 << 24))
                begun = time.monotonic()
                with self.assertRaises(NodeTimeoutError):
                    pipe.execute()
                self.assertLess(time.monotonic() - begun, 3)
            gate.set()
