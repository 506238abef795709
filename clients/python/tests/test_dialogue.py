"""From bytes to results, without a socket."""

import unittest
from typing import Any

from merklekv import NotTextError, ProtocolError, ServerError, commands
from merklekv.dialects import LEGACY
from merklekv.dialogue import INCOMPLETE, Dialogue
from merklekv.policy import batches, pauses


def dialogue(*pieces: bytes, limit: int = 1000) -> Dialogue:
    made = Dialogue("node:1", limit)
    for piece in pieces:
        made.feed(piece)
    return made


class Replies(unittest.TestCase):
    def test_a_reply_may_come_in_pieces_of_any_size(self) -> None:
        reply = b'VALUES 3\r\nVALUE END\r\n(null)\r\nVALUE " a"\r\nEND\r\n'
        command: Any = commands.mget(["a", "b", "c"])
        for cut in range(1, len(reply)):
            with self.subTest(cut):
                made = dialogue(reply[:cut])
                self.assertIs(made.take(command), INCOMPLETE)
                made.feed(reply[cut:])
                self.assertEqual(made.take(command), ["END", None, " a"])
                self.assertFalse(made.has_left_over)

    def test_what_is_behind_a_reply_is_left_over(self) -> None:
        made = dialogue(b"VALUE 1\r\nVAL")
        self.assertEqual(made.take(commands.get("k")), "1")
        self.assertTrue(made.has_left_over)

    def test_lines_may_end_with_a_line_feed_alone(self) -> None:
        self.assertEqual(dialogue(b"VALUE v\n").take(commands.get("k")), "v")

    def test_other_line_breaks_of_unicode_are_ordinary_characters(self) -> None:
        value = "a\u2028b\x85c\x0bd\x1ce"
        reply = f"VALUE {value}\r\n".encode()
        self.assertEqual(dialogue(reply).take(commands.get("k")), value)

    def test_a_line_may_be_as_long_as_the_limit_and_no_longer(self) -> None:
        made = dialogue(b"VALUE " + b"x" * 94 + b"\r\n", limit=100)
        self.assertEqual(made.take(commands.get("k")), "x" * 94)
        with self.assertRaisesRegex(ProtocolError, "node:1: .* 100 bytes"):
            dialogue(b"VALUE ", b"x" * 60, b"x" * 60, limit=100)
        with self.assertRaises(ProtocolError):
            dialogue(b"OK\r\n" + b"x" * 102 + b"\r\nOK\r\n", limit=100)

    def test_a_report_has_no_more_bytes_than_the_limit(self) -> None:
        made = dialogue(b"STATS\r\n", b"a:1\r\n" * 10, limit=30)
        with self.assertRaisesRegex(ProtocolError, "30 bytes"):
            made.take(commands.stats())

    def test_errors_name_the_node(self) -> None:
        with self.assertRaises(ServerError) as caught:
            dialogue(b"ERROR: Wrong type: it is no number\r\n").take(commands.incr("k", 1))
        self.assertEqual(caught.exception.code, "Wrong type")
        self.assertEqual(caught.exception.message, "Wrong type: it is no number")
        self.assertEqual(str(caught.exception), "node:1: Wrong type: it is no number")

    def test_a_list_is_over_after_its_error(self) -> None:
        made = dialogue(b"VALUES 1\r\nVALUE \xff\r\nEND\r\nPONG\r\n")
        with self.assertRaisesRegex(NotTextError, "mget_bytes"):
            made.take(commands.mget(["k"]))  # type: ignore[arg-type]
        self.assertEqual(made.take(commands.ping(None)), "PONG")

    def test_a_page_has_to_go_on_behind_the_last_key(self) -> None:
        made = dialogue(b"KEYS 1\r\nb\r\nEND\r\n")
        with self.assertRaisesRegex(ProtocolError, "behind the last"):
            made.take(commands.scan_page(b"", b"b"))

    def test_a_value_with_a_line_break_among_those_of_a_legacy_node_is_its_error(self) -> None:
        made = dialogue(b"VALUES 2\r\nERROR Value for key 'a' cannot be shown\r\nb 1\r\n")
        made.dialect = LEGACY
        with self.assertRaisesRegex(ServerError, "cannot be shown"):
            made.take(commands.mget(["a", "b"]))  # type: ignore[arg-type]
        self.assertFalse(made.has_left_over)


class Policy(unittest.TestCase):
    def test_pauses_double_and_leave_off_up_to_half(self) -> None:
        for _ in range(20):
            for full, pause in zip((0.05, 0.1, 0.2), pauses(4)):
                self.assertTrue(full / 2 <= pause <= full, pause)
        self.assertEqual(len(list(pauses(4))), 3)
        self.assertEqual(list(pauses(1)), [])

    def test_batches_have_32_kib_or_one_command(self) -> None:
        lines = [b"a" * 20_000, b"b" * 12_768, b"c", b"d" * 100_000, b"e"]
        self.assertEqual(list(batches(lines)), [lines[:2], lines[2:3], lines[3:4], lines[4:]])
        self.assertEqual(list(batches([])), [])
