"""The synchronous client, against servers of its own."""

import itertools
import unittest
from concurrent.futures import ThreadPoolExecutor

from merklekv import (
    MerkleKVClient,
    NodeConnectionError,
    NotTextError,
    ProtocolError,
    ServerError,
)
from scripted import ScriptedServer, echo, pages


class Connections(unittest.TestCase):
    def test_making_a_client_opens_none(self) -> None:
        with ScriptedServer(echo) as server:
            client = MerkleKVClient("127.0.0.1", server.port)
            client.close()
            self.assertEqual(server.connections, 0)

    def test_the_block_closes_and_close_may_be_called_twice(self) -> None:
        with ScriptedServer(echo) as server:
            with MerkleKVClient("127.0.0.1", server.port) as client:
                self.assertEqual(client.get("k"), "k")
            client.close()
            with self.assertRaisesRegex(NodeConnectionError, "closed"):
                client.get("k")

    def test_threads_take_turns_on_one(self) -> None:
        with ScriptedServer(echo) as server, MerkleKVClient("127.0.0.1", server.port) as client:
            keys = [f"key:{number}" for number in range(400)]
            with ThreadPoolExecutor(8) as threads:
                self.assertEqual(list(threads.map(client.get, keys)), keys)
            self.assertEqual(server.connections, 1)

    def test_a_pipeline_of_one_thread_is_not_torn_by_another(self) -> None:
        with ScriptedServer(echo) as server, MerkleKVClient("127.0.0.1", server.port) as client:

            def run(name: str) -> list[str]:
                pipe = client.pipeline()
                for number in range(50):
                    pipe.get(f"{name}:{number}")
                return pipe.execute()

            with ThreadPoolExecutor(4) as threads:
                for name, results in zip("abcd", threads.map(run, "abcd")):
                    self.assertEqual(results, [f"{name}:{number}" for number in range(50)])

    def test_more_than_was_asked_for_is_a_protocol_error(self) -> None:
        with ScriptedServer(lambda line: b"VALUE 1\r\nVALUE 2\r\n") as server:
            with MerkleKVClient("127.0.0.1", server.port) as client:
                with self.assertRaisesRegex(ProtocolError, "more than was asked"):
                    client.get("k")

    def test_a_refused_login_is_told_and_tried_again_by_the_next_call(self) -> None:
        with ScriptedServer(lambda line: b"ERROR: Not permitted: no\r\n") as server:
            options = {"user": "al", "password": "p w"}
            with MerkleKVClient("127.0.0.1", server.port, **options) as client:
                for _ in range(2):
                    with self.assertRaises(ServerError) as caught:
                        client.get("k")
                    self.assertEqual(caught.exception.code, "Not permitted")
            self.assertEqual(server.lines, [b'AUTH "al" "p w"'] * 2)


class Scan(unittest.TestCase):
    def test_nothing_is_asked_before_the_first_key_is_wanted(self) -> None:
        with ScriptedServer(pages) as server, MerkleKVClient("127.0.0.1", server.port) as client:
            keys = client.scan("p")
            self.assertEqual(server.connections, 0)
            self.assertEqual(next(keys), "0000")
            self.assertEqual(server.lines, [b'SCAN "p" LIMIT 1000'])

    def test_the_next_page_is_asked_for_when_one_is_used_up(self) -> None:
        with ScriptedServer(pages) as server, MerkleKVClient("127.0.0.1", server.port) as client:
            keys = client.scan()
            self.assertEqual(len(list(itertools.islice(keys, 1000))), 1000)
            self.assertEqual(len(server.lines), 1)
            self.assertEqual(list(keys), ["1000"])
            self.assertEqual(server.lines[1], b'SCAN "" AFTER "0999" LIMIT 1000')

    def test_other_calls_may_be_made_in_between(self) -> None:
        def answer(line: bytes) -> bytes:
            return pages(line) if line.startswith(b"SCAN") else echo(line)

        with ScriptedServer(answer) as server, MerkleKVClient("127.0.0.1", server.port) as client:
            for key in client.scan():
                self.assertEqual(client.get(key), key)
            self.assertEqual(len(server.lines), 1003)

    def test_keys_that_are_no_text_are_given_as_bytes(self) -> None:
        reply = b'KEYS 2\r\na\r\n"\\xff"\r\nEND\r\n'
        with ScriptedServer(lambda line: reply) as server:
            with MerkleKVClient("127.0.0.1", server.port) as client:
                self.assertEqual(list(client.scan_bytes()), [b"a", b"\xff"])
                with self.assertRaisesRegex(NotTextError, "scan_bytes"):
                    list(client.scan())


class Pipelines(unittest.TestCase):
    def test_the_block_executes_and_keeps_the_results(self) -> None:
        with ScriptedServer(echo) as server, MerkleKVClient("127.0.0.1", server.port) as client:
            with client.pipeline() as pipe:
                pipe.get("a").echo("b")
                self.assertEqual(len(pipe), 2)
                self.assertEqual(server.lines, [])
            self.assertEqual(pipe.results, ["a", "b"])
            self.assertEqual(len(pipe), 0)

    def test_a_block_that_raises_sends_nothing(self) -> None:
        with ScriptedServer(echo) as server, MerkleKVClient("127.0.0.1", server.port) as client:
            with self.assertRaises(KeyError), client.pipeline() as pipe:
                pipe.get("a")
                raise KeyError
            self.assertEqual(server.lines, [])

    def test_refusals_are_in_their_places(self) -> None:
        replies = {b"GET a": b"VALUE 1\r\n", b"GET b": b"VALUE \xff\r\n"}
        with ScriptedServer(lambda line: replies.get(line, b"ERROR: No: never\r\n")) as server:
            with MerkleKVClient("127.0.0.1", server.port) as client:
                results = client.pipeline().get("a").mget().incr("n").get("b").get("a").execute()
        self.assertEqual((results[0], results[1], results[4]), ("1", [], "1"))
        self.assertEqual(results[2].code, "No")
        self.assertIsInstance(results[3], NotTextError)

    def test_a_broken_one_raises_and_is_empty_afterwards(self) -> None:
        with ScriptedServer(lambda line: None) as server:
            with MerkleKVClient("127.0.0.1", server.port) as client:
                pipe = client.pipeline().get("a")
                with self.assertRaises(NodeConnectionError):
                    pipe.execute()
                self.assertEqual(pipe.execute(), [])
                self.assertEqual(len(server.lines), 1)
