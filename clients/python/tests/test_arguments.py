"""What is refused before anybody is asked, and what kinds of errors there are."""

import pickle
import ssl
import unittest
from typing import Any

import merklekv
from merklekv import TLS, InvalidArgumentError, MerkleKVClient, MerkleKVError
from merklekv.options import Options


class Arguments(unittest.TestCase):
    def setUp(self) -> None:
        # Nobody listens there: a call that asked would be a connection error.
        self.client = MerkleKVClient("127.0.0.1", 1, connect_attempts=1)

    def test_bad_keys_values_and_numbers(self) -> None:
        wrong: Any = None
        calls = [
            lambda: self.client.get(""),
            lambda: self.client.get("a b"),
            lambda: self.client.set("a\r\nFLUSH", "v"),
            lambda: self.client.get(b"k"),  # type: ignore[arg-type]
            lambda: self.client.get("\ud800"),
            lambda: self.client.set("k", wrong),
            lambda: self.client.set("k", "\ud800"),
            lambda: self.client.incr("k", 2**63),
            lambda: self.client.decr("k", -(2**63) - 1),
            lambda: self.client.expire("k", 1.5),  # type: ignore[arg-type]
            lambda: self.client.mset([("good", "v"), ("bad key", "v")]),
            lambda: self.client.scan(b""),  # type: ignore[arg-type]
            lambda: self.client.pipeline().set("good", "v").get("bad key"),
        ]
        for number, call in enumerate(calls):
            with self.subTest(number), self.assertRaises(InvalidArgumentError):
                call()

    def test_nothing_of_nothing_is_answered_without_asking(self) -> None:
        self.assertEqual(self.client.mget(), [])
        self.assertEqual(self.client.exists(), 0)
        self.client.mset({})
        results = self.client.pipeline().mget().exists().mset([]).execute()
        self.assertEqual(results, [[], 0, None])

    def test_bad_options(self) -> None:
        bad: list[dict[str, Any]] = [
            {"host": ""},
            {"port": 0},
            {"port": 65536},
            {"timeout": 0},
            {"timeout": float("nan")},
            {"timeout": float("inf")},
            {"connect_attempts": 0},
            {"reply_limit": 0},
            {"user": "alice"},
            {"password": "secret"},
            {"tls": TLS(ca_file="/nowhere/ca.pem")},
            {"tls": TLS(cert_file="/nowhere/cert.pem")},
            {"tls": TLS(key_file="key.pem")},
        ]
        for options in bad:
            with self.subTest(options), self.assertRaises(InvalidArgumentError):
                MerkleKVClient(**options)

    def test_tls_may_be_a_context_of_the_programs_own(self) -> None:
        context = ssl.create_default_context()
        options = Options(host="node1", tls=context)
        self.assertIs(options.ssl_context, context)
        self.assertEqual(options.server_name, "node1")

    def test_the_name_in_the_certificate_is_the_host_unless_it_is_said(self) -> None:
        self.assertIsNone(Options(host="node1").server_name)
        self.assertEqual(Options(host="node1", tls=True).server_name, "node1")
        self.assertEqual(Options(tls=TLS(server_name="node2")).server_name, "node2")

    def test_a_password_is_not_shown(self) -> None:
        self.assertNotIn("secret", repr(Options(user="alice", password="secret")))


class Errors(unittest.TestCase):
    def test_all_are_of_one_family_and_like_those_of_python(self) -> None:
        for name in merklekv.__all__:
            if name.endswith("Error"):
                self.assertTrue(issubclass(getattr(merklekv, name), MerkleKVError))
        self.assertTrue(issubclass(InvalidArgumentError, ValueError))
        self.assertTrue(issubclass(merklekv.NodeConnectionError, ConnectionError))
        self.assertTrue(issubclass(merklekv.NodeTimeoutError, TimeoutError))
        self.assertTrue(issubclass(merklekv.NotTextError, merklekv.ProtocolError))

    def test_they_survive_a_journey_to_another_process(self) -> None:
        refused = pickle.loads(pickle.dumps(merklekv.ServerError("Wrong type: no number", "n1:1")))
        self.assertEqual((refused.code, refused.node), ("Wrong type", "n1:1"))
        late = pickle.loads(pickle.dumps(merklekv.NodeTimeoutError("no answer", "n1:1")))
        self.assertEqual(str(late), "n1:1: no answer")

    def test_they_say_with_which_node(self) -> None:
        error = merklekv.NodeConnectionError("it broke", "n1:7379")
        self.assertEqual(str(error), "n1:7379: it broke")
        self.assertEqual((error.message, error.node), ("it broke", "n1:7379"))
        self.assertEqual(str(InvalidArgumentError("the key is empty")), "the key is empty")
