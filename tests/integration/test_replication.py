"""Nodes that replicate, at the broker that one of them hosts: what is written on one is on all.

Tests marked `simple` share two nodes that nobody kills. The others start nodes of their own.
"""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from cluster import Cluster, peers
from node import Node
from text_client import quote
from waiting import wait_for, wait_until

WRITES = 500


@pytest.fixture(scope="module")
def two(program, tmp_path_factory):
    """Two nodes that replicate, for tests that leave them as they were."""
    with Cluster(program, tmp_path_factory.mktemp("two"), 2) as cluster:
        yield cluster


@pytest.fixture
def start_cluster(program, tmp_path):
    """Starts nodes of the test's own."""
    clusters = []

    def start(size, **options):
        cluster = Cluster(program, tmp_path, size, **options)
        clusters.append(cluster.__enter__())
        return cluster

    yield start
    for cluster in clusters:
        cluster.__exit__()


@pytest.fixture
def key():
    """A name that no other test uses."""
    return f"key-{secrets.token_hex(6)}"


def arrives(node, line, reply):
    """Waits until a node gives this reply."""
    wait_for(lambda: node.ask(line), reply, f"{node.node_id} answers {line[:60]!r}")


# Writes on one node, and then a question to the other with its answer.
WRITTEN = {
    "set": (["SET {} hello"], "GET {}", "VALUE hello"),
    "last-of-several": (["SET {} 1", "SET {} 2", "SET {} 3"], "GET {}", "VALUE 3"),
    "empty": (['SET {} ""'], "GET {}", 'VALUE ""'),
    "unicode": (["SET {} grüße 🚀"], "GET {}", "VALUE grüße 🚀"),
    "any-bytes": ([r'SET {} "\0\r\n\xff"'], "GET {}", r'VALUE "\0\r\n\xff"'),
    "append": (["SET {} a", "APPEND {} b"], "GET {}", "VALUE ab"),
    "prepend": (["SET {} a", "PREPEND {} b"], "GET {}", "VALUE ba"),
    "incr": (["INCR {}", "INCR {} 41"], "GET {}", "VALUE 42"),
    "decr": (["DECR {} 5"], "GET {}", "VALUE -5"),
    "end-of-64-bits": (["INCR {} 9223372036854775807"], "GET {}", "VALUE 9223372036854775807"),
    "mset": (['MSET {0}:1 "a b" {0} 2'], "GET {}:1", "VALUE a b"),
    "expire": (["SET {} v", "EXPIRE {} 1000000"], "PERSIST {}", "OK"),
    "persist": (
        ["SET {} v", "EXPIRE {} 1000000", "PERSIST {}", "APPEND {} w"],
        "GET {}",
        "VALUE vw",
    ),
    "deleted-and-set-again": (["SET {} v", "DEL {}", "SET {} w"], "GET {}", "VALUE w"),
}


@pytest.mark.simple
@pytest.mark.parametrize("writer", [0, 1], ids=["n1-to-n2", "n2-to-n1"])
@pytest.mark.parametrize(("writes", "question", "answer"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_write_arrives(two, key, writer, writes, question, answer):
    with two.nodes[writer].client() as client:
        replies = client.pipeline(line.format(key) for line in writes)
    assert not [reply for reply in replies if reply.startswith("ERROR")]
    arrives(two.nodes[1 - writer], question.format(key), answer)


@pytest.mark.simple
@pytest.mark.parametrize("write", ["DEL {}", "EXPIRE {} 0", "EXPIRE {} 1"])
def test_a_delete_and_an_expiry_arrive(two, key, write):
    first, second = two.nodes
    assert first.ask(f"SET {key} v") == "OK"
    arrives(second, f"GET {key}", "VALUE v")
    first.ask(write.format(key))
    arrives(second, f"GET {key}", "(null)")
    arrives(first, f"GET {key}", "(null)")


@pytest.mark.simple
def test_a_value_of_a_mebibyte_arrives(two, key):
    first, second = two.nodes
    assert first.ask(f"SET {key} {quote(bytes(range(256)) * 4096)}") == "OK"
    with first.client() as client:
        value = client.ask(f"GET {key}")
    wait_until(lambda: second.ask(f"GET {key}") == value, bool, "the value is on the other node")


@pytest.mark.simple
def test_a_counter_goes_on_from_what_the_other_node_wrote(two, key):
    first, second = two.nodes
    for number in range(1, 11):
        writer, reader = (first, second) if number % 2 else (second, first)
        assert writer.ask(f"INCR {key}") == f"VALUE {number}"
        arrives(reader, f"GET {key}", f"VALUE {number}")


@pytest.mark.simple
def test_thousands_of_writes_end_with_equal_roots(two, key):
    first, second = two.nodes
    with first.client() as client:
        assert set(client.pipeline(f"SET {key}:{n} {n}" for n in range(5000))) == {"OK"}
    two.wait_equal()
    assert keys_of(first, key) == keys_of(second, key)
    assert len(keys_of(second, key)) == 5000


def keys_of(node, prefix):
    with node.client() as client:
        return client.ask_list(f"SCAN {prefix}", "KEYS")


@pytest.mark.simple
def test_flush_empties_all_nodes_and_later_writes_stay(two, key):
    first, second = two.nodes
    assert first.ask(f"SET {key} old") == "OK"
    arrives(second, f"GET {key}", "VALUE old")
    with second.client() as client:
        assert client.pipeline(["FLUSH", f"SET {key}:later new"]) == ["OK", "OK"]
    arrives(first, f"GET {key}:later", "VALUE new")
    arrives(first, f"GET {key}", "(null)")
    two.wait_equal()
    assert [node.ask("DBSIZE") for node in two.nodes] == ["DBSIZE 1", "DBSIZE 1"]


@pytest.mark.simple
def test_writers_on_two_nodes_end_with_the_same(two, key):
    def write(node):
        with node.client() as client:
            lines = [f"SET {key}:{n % 50} {node.node_id}-{n}" for n in range(WRITES)]
            lines += [f"DEL {key}:{n}" for n in range(0, 50, 7)]
            return client.pipeline(lines)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, two.nodes))
    two.wait_equal()
    values = [[node.ask(f"GET {key}:{n}") for n in range(50)] for node in two.nodes]
    assert values[0] == values[1]


@pytest.mark.simple
def test_what_was_written_while_replication_was_off_arrives_afterwards(two, key):
    first, second = two.nodes
    assert second.ask("REPLICATE DISABLE") == "OK"
    try:
        assert second.ask("REPLICATE STATUS").startswith("REPLICATION disabled ")
        assert first.ask(f"SET {key}:1 from-first") == "OK"
        assert second.ask(f"SET {key}:2 from-second") == "OK"
        assert second.ask(f"GET {key}:1") == "(null)"
    finally:
        assert second.ask("REPLICATE ENABLE") == "OK"
    arrives(first, f"GET {key}:2", "VALUE from-second")
    arrives(second, f"GET {key}:1", "VALUE from-first")


@pytest.mark.simple
def test_nodes_tell_of_each_other(two):
    for node, other in zip(two.nodes, reversed(two.nodes)):
        with node.client() as client:
            (line,) = client.ask_list("PEERS", "PEERS")
            assert line.startswith(f"{other.node_id} 127.0.0.1:{other.port} up root=")
            client.send_line(f"SYNC 127.0.0.1:{other.port}")
            (session,) = client.read_report("SYNC")
            assert session.startswith(f"{other.node_id}@127.0.0.1:{other.port} equal sent=")
            assert client.ask_facts("INFO")["broker_state"] == "connected"


def test_a_write_on_any_of_three_nodes_is_on_all(start_cluster, key):
    cluster = start_cluster(3)
    for writer in cluster.nodes:
        assert writer.ask(f"SET {key}:{writer.node_id} by-{writer.node_id}") == "OK"
    for reader in cluster.nodes:
        for writer in cluster.nodes:
            arrives(reader, f"GET {key}:{writer.node_id}", f"VALUE by-{writer.node_id}")
    cluster.wait_equal()


@pytest.mark.parametrize("persistent", [False, True], ids=["memory", "disk"])
def test_a_node_that_was_killed_catches_up(start_cluster, key, persistent):
    cluster = start_cluster(2, persistent=persistent)
    first, second = cluster.nodes
    with first.client() as client:
        client.pipeline([f"MSET {key}:kept 1 {key}:changed 1 {key}:deleted 1", f"SET {key}:n 1"])
        cluster.wait_equal()
        second.kill()
        client.pipeline(
            [f"SET {key}:changed 2", f"DEL {key}:deleted", f"INCR {key}:n", f"SET {key}:new 3"]
        )
        assert set(client.pipeline(f"SET {key}:many:{n} {n}" for n in range(1000))) == {"OK"}
    second.start()
    cluster.wait_equal()
    replies = {
        name: second.ask(f"GET {key}:{name}") for name in ("kept", "changed", "deleted", "n", "new")
    }
    assert replies == {
        "kept": "VALUE 1",
        "changed": "VALUE 2",
        "deleted": "(null)",
        "n": "VALUE 2",
        "new": "VALUE 3",
    }
    assert second.ask("DBSIZE") == first.ask("DBSIZE") == "DBSIZE 1004"


def test_a_delete_and_a_flush_reach_a_node_that_comes_back_with_old_data(start_cluster, key):
    cluster = start_cluster(2, persistent=True)
    first, second = cluster.nodes
    assert first.ask(f"MSET {key}:1 old {key}:2 old") == "OK"
    cluster.wait_equal()
    second.kill()
    assert first.ask("FLUSH") == "OK"
    assert first.ask(f"SET {key}:3 new") == "OK"
    second.start()
    cluster.wait_equal()
    for node in cluster.nodes:
        assert [node.ask(f"GET {key}:{n}") for n in (1, 2, 3)] == ["(null)", "(null)", "VALUE new"]


def test_nodes_serve_without_the_broker_and_agree_when_it_is_back(start_cluster, key):
    cluster = start_cluster(3, persistent=True)
    first, second, third = cluster.nodes
    assert first.ask(f"SET {key}:before 1") == "OK"
    cluster.wait_equal()
    first.kill()
    for node in (second, third):
        assert node.ask(f"SET {key}:{node.node_id} meanwhile") == "OK"
        assert node.ask(f"GET {key}:{node.node_id}") == "VALUE meanwhile"
    assert second.ask(f"DEL {key}:before") == "DELETED"
    first.start()
    for node in cluster.nodes:
        cluster.wait_joined(node)
    cluster.wait_equal()
    for node in cluster.nodes:
        assert node.ask(f"GET {key}:n2") == node.ask(f"GET {key}:n3") == "VALUE meanwhile"
        assert node.ask(f"GET {key}:before") == "(null)"
    assert second.ask(f"SET {key}:after 2") == "OK"
    arrives(third, f"GET {key}:after", "VALUE 2")


def test_writes_while_a_node_is_killed_again_and_again_are_on_all_in_the_end(start_cluster, key):
    cluster = start_cluster(3)
    first, second, third = cluster.nodes
    with first.client() as client:
        for number in range(3):
            lines = [f"SET {key}:{number}:{n} {n}" for n in range(WRITES)]
            assert set(client.pipeline(lines[: WRITES // 2])) == {"OK"}
            third.kill()
            assert set(client.pipeline(lines[WRITES // 2 :])) == {"OK"}
            third.start()
    cluster.wait_equal()
    assert [node.ask("DBSIZE") for node in cluster.nodes] == [f"DBSIZE {3 * WRITES}"] * 3


def test_sessions_alone_are_enough_if_nodes_know_each_other(program, tmp_path, key):
    first = Node(program, tmp_path, "n1", {"mqtt": {"enabled": False}}).start()
    try:
        settings = {"peer_list": [f"127.0.0.1:{first.port}"], "interval_seconds": 1}
        sessions = {"mqtt": {"enabled": False}, "anti_entropy": settings}
        second = Node(program, tmp_path, "n2", sessions).start()
        try:
            assert first.ask(f"SET {key}:1 a") == "OK"
            assert second.ask(f"SET {key}:2 b") == "OK"
            arrives(second, f"GET {key}:1", "VALUE a")
            arrives(first, f"GET {key}:2", "VALUE b")
        finally:
            second.stop()
    finally:
        first.stop()


def test_a_second_node_with_the_same_id_does_not_join(start_cluster, program, tmp_path, key):
    cluster = start_cluster(2)
    first, second = cluster.nodes
    twin = Node(program, tmp_path / "twin", second.node_id, second.settings).start()
    try:
        what = "REPLICATION enabled refused-duplicate-node-id"
        wait_until(lambda: twin.ask("REPLICATE STATUS"), lambda reply: reply.startswith(what), what)
        assert twin.ask(f"SET {key} own") == "OK"
        assert peers(first) == 1
    finally:
        twin.stop()


def test_nodes_that_stop_in_order_leave_with_exit_code_0(start_cluster, key):
    cluster = start_cluster(2)
    first, second = cluster.nodes
    assert second.ask(f"SET {key} last words") == "OK"
    assert second.stop() == 0
    arrives(first, f"GET {key}", "VALUE last words")
    wait_for(lambda: peers(first), 0, "the other node has said goodbye")
    assert first.stop() == 0
