"""The asyncio client, against servers of its own."""

import asyncio
import socket
import threading
import time
import unittest
from typing import Optional
from unittest import mock

from merklekv import AsyncMerkleKVClient, NodeConnectionError, NodeTimeoutError, NotTextError
from scripted import ScriptedServer, echo, pages


class Tasks(unittest.IsolatedAsyncioTestCase):
    async def test_they_take_turns_on_one_connection(self) -> None:
        with ScriptedServer(echo) as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port) as client:
                keys = [f"key:{number}" for number in range(300)]
                values = await asyncio.gather(*map(client.get, keys))
                self.assertEqual(values, keys)
            self.assertEqual(server.connections, 1)

    async def test_a_reply_to_a_cancelled_call_is_taken_for_no_other(self) -> None:
        gate, asked = threading.Event(), threading.Event()

        def answer(line: bytes) -> bytes:
            if line == b"GET slow":
                asked.set()
                gate.wait(5)
            return echo(line)

        with ScriptedServer(answer) as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port) as client:
                slow = asyncio.create_task(client.get("slow"))
                await asyncio.to_thread(asked.wait)
                slow.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await slow
                gate.set()
                self.assertEqual(await client.get("next"), "next")
                self.assertEqual(server.connections, 2)

    async def test_a_call_that_is_cancelled_while_it_waits_for_its_turn_harms_nobody(self) -> None:
        gate, asked = threading.Event(), threading.Event()

        def answer(line: bytes) -> bytes:
            asked.set()
            gate.wait(5)
            return echo(line)

        with ScriptedServer(answer) as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port) as client:
                first = asyncio.create_task(client.get("first"))
                await asyncio.to_thread(asked.wait)
                second = asyncio.create_task(client.get("second"))
                await asyncio.sleep(0)
                second.cancel()
                gate.set()
                self.assertEqual(await first, "first")
                self.assertEqual(await client.get("third"), "third")
                self.assertEqual(server.lines, [b"GET first", b"GET third"])

    async def test_the_event_loop_goes_on_while_a_call_waits(self) -> None:
        with ScriptedServer(lambda line: b"") as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port, timeout=0.2) as client:
                begun = time.monotonic()
                call = asyncio.create_task(client.get("k"))
                turns = 0
                while not call.done():
                    await asyncio.sleep(0.01)
                    turns += 1
                with self.assertRaises(NodeTimeoutError):
                    await call
                self.assertGreater(turns, 1)
                self.assertLess(time.monotonic() - begun, 3)


class Connections(unittest.IsolatedAsyncioTestCase):
    async def test_the_block_closes_and_close_may_be_called_twice(self) -> None:
        with ScriptedServer(echo) as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port) as client:
                self.assertEqual(await client.get("k"), "k")
            await client.close()
            with self.assertRaisesRegex(NodeConnectionError, "closed"):
                await client.get("k")

    async def test_one_that_the_node_closed_is_replaced_for_writes_too(self) -> None:
        def answer(line: bytes) -> Optional[bytes]:
            return None if line == b"GET last" else b"OK\r\n"

        with ScriptedServer(answer) as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port) as client:
                with self.assertRaises(NodeConnectionError):
                    await client.get("last")
                await client.set("k", "v")
                self.assertEqual(server.lines, [b"GET last", b"GET last", b"SET k v"])

    async def test_a_stalled_handshake_of_tls_is_given_up_in_time(self) -> None:
        with ScriptedServer(lambda line: b"", greeting=b"") as server:
            options = {"timeout": 0.2, "tls": True}
            async with AsyncMerkleKVClient("127.0.0.1", server.port, **options) as client:
                begun = time.monotonic()
                with self.assertRaises(NodeTimeoutError):
                    await client.get("k")
                self.assertLess(time.monotonic() - begun, 3)

    async def test_one_that_ended_while_the_event_loop_was_blocked_is_replaced(self) -> None:
        with ScriptedServer(lambda line: b"OK\r\n") as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port) as client:
                await client.set("k", "v")
                with mock.patch("merklekv.policy.IDLE_SECONDS", 0):
                    # No await between them: the event loop has no turn to see it.
                    server.open_connections[0].shutdown(socket.SHUT_RDWR)
                    await client.set("k", "w")
                self.assertEqual(server.connections, 2)


class Operations(unittest.IsolatedAsyncioTestCase):
    async def test_scan_asks_as_keys_are_wanted(self) -> None:
        with ScriptedServer(pages) as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port) as client:
                keys = client.scan()
                self.assertEqual(server.connections, 0)
                self.assertEqual(await keys.__anext__(), "0000")
                self.assertEqual(len(server.lines), 1)
                self.assertEqual(len([key async for key in keys]), 1000)
                self.assertEqual(len(server.lines), 2)

    async def test_a_pipeline_is_executed_at_the_end_of_its_block(self) -> None:
        with ScriptedServer(echo) as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port) as client:
                async with client.pipeline() as pipe:
                    pipe.get("a").mget().echo("b")
                self.assertEqual(pipe.results, ["a", [], "b"])
                self.assertEqual(await client.pipeline().get("c").execute(), ["c"])

    async def test_a_value_that_is_no_text_leaves_the_connection(self) -> None:
        with ScriptedServer(lambda line: b'VALUE "\\xff"\r\n') as server:
            async with AsyncMerkleKVClient("127.0.0.1", server.port) as client:
                with self.assertRaisesRegex(NotTextError, "get_bytes"):
                    await client.get("k")
                self.assertEqual(await client.get_bytes("k"), b"\xff")
                self.assertEqual(server.connections, 1)
