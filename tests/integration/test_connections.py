"""What happens on a connection: how bytes become lines, pipelines, and clients that stall or go."""

import pytest

from text_client import TextClient
from waiting import wait_for

# How bytes may be cut on their way; each is a list of pieces.
CUTS = {
    "one-piece": lambda data: [data],
    "byte-by-byte": lambda data: [data[at : at + 1] for at in range(len(data))],
    "in-sevens": lambda data: [data[at : at + 7] for at in range(0, len(data), 7)],
    "before-a-line-feed": lambda data: [data[: data.index(b"\n")], data[data.index(b"\n") :]],
}
LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
@pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS.keys())
def test_replies_come_in_order_however_the_commands_arrive(client, key, cut, end):
    lines = [
        f"SET {key} grüße 🚀",
        f"GET {key}",
        "nonsense",
        f"INCR {key}",
        f"DEL {key}",
        "PING bye",
    ]
    for piece in cut("".join(line + end for line in lines).encode()):
        client.send_bytes(piece)
    replies = [client.read_line() for _ in lines]
    assert replies[:2] == ["OK", "VALUE grüße 🚀"]
    assert replies[2].startswith("ERROR: Invalid command")
    assert replies[3].startswith("ERROR: Wrong type")
    assert replies[4:] == ["DELETED", "PONG bye"]


def test_both_ends_of_lines_may_be_mixed(client):
    client.send_bytes(b"PING 1\nPING 2\r\nPING 3\n\r\nPING 4\r\n")
    assert [client.read_line() for _ in range(3)] == ["PONG 1", "PONG 2", "PONG 3"]
    assert client.read_line() == "ERROR: Invalid command: empty line"
    assert client.read_line() == "PONG 4"


def test_a_carriage_return_within_a_line_belongs_to_the_value(client, key):
    client.send_bytes(f"SET {key} a\rb\r\r\n".encode())
    assert client.read_line() == "OK"
    assert client.ask(f"GET {key}") == r'VALUE "a\rb\r"'


def test_ten_thousand_commands_in_one_piece_are_answered_in_order(client, key):
    client.send_bytes(f"INCR {key}\r\n".encode() * 10_000)
    assert [client.read_line() for _ in range(10_000)] == [f"VALUE {n + 1}" for n in range(10_000)]


def test_lists_and_errors_within_a_pipeline_keep_their_places(client, keys):
    a, b = keys("a"), keys("b")
    commands = [f"MSET {a} 1 {b} 2", f"MGET {a} {b}", "GET", f"SCAN {keys.prefix}", f"GET {b}"]
    client.send_bytes("".join(f"{command}\r\n" for command in commands).encode())
    assert client.read_line() == "OK"
    assert client.read_list("VALUES") == ["VALUE 1", "VALUE 2"]
    assert client.read_line().startswith("ERROR: Missing arguments")
    assert client.read_list("KEYS") == [a, b]
    assert client.read_line() == "VALUE 2"


def test_a_large_value_and_small_commands_share_a_piece(client, key):
    value = "x" * 1_000_000
    client.send_bytes(f"SET {key} {value}\nGET {key}\nDEL {key}\nGET {key}\n".encode())
    assert client.read_line() == "OK"
    assert len(client.read_line()) == len("VALUE ") + len(value)
    assert [client.read_line(), client.read_line()] == ["DELETED", "(null)"]


@pytest.mark.parametrize("word", ["QUIT", "quit"])
def test_what_follows_quit_is_not_run(client, connect, key, word):
    client.send_bytes(f"SET {key} 1\n{word}\nSET {key} 2\n".encode())
    assert [client.read_line(), client.read_line()] == ["OK", "OK"]
    assert client.read_to_end() == b""
    assert connect().ask(f"GET {key}") == "VALUE 1"


def test_commands_are_answered_after_the_client_has_finished_sending(client, key):
    client.send_bytes(f"SET {key} v\nGET {key}\n".encode())
    client.finish_sending()
    assert client.read_to_end() == b"OK\r\nVALUE v\r\n"


@pytest.mark.parametrize("begun", ["SET {} half", 'SET {} "ha', "SET {} ü"])
def test_a_line_without_its_end_is_not_run(client, connect, key, begun):
    assert client.ask(f"SET {key} whole") == "OK"
    leaver = connect()
    # The node is known to have read the half line once it closes the connection in turn.
    leaver.send_bytes(begun.format(key).encode())
    leaver.finish_sending()
    leaver.read_to_end()
    assert client.ask(f"GET {key}") == "VALUE whole"


def test_a_client_that_leaves_within_a_line_is_forgotten(client, connect):
    leaver = connect()
    assert leaver.ask("PING") == "PONG"
    name = f"addr={leaver.local_address()} "
    assert is_listed(client, name)
    leaver.send_bytes(b"SET unfinished")
    leaver.close()
    wait_for(lambda: is_listed(client, name), False, "the connection is no longer listed")


def is_listed(client, name):
    client.send_line("CLIENT LIST")
    return any(name in line for line in client.read_report("CLIENT LIST"))


def test_a_client_that_stalls_within_a_line_is_sent_away_and_others_are_not(start_node):
    node = start_node(network={"connection_timeout": 1})
    with node.client() as idle, node.client() as stalled:
        assert idle.ask("SET k v") == "OK"
        stalled.send_bytes(b"SET k hal")
        # What the node says as a farewell is its own affair; that it ends is not.
        stalled.read_to_end()
        assert idle.ask("GET k") == "VALUE v"


def test_a_client_that_reads_no_replies_is_sent_away(start_node):
    node = start_node(network={"connection_timeout": 1})
    with node.client() as deaf, node.client() as other:
        assert other.ask(f"SET k {'x' * 1_000_000}") == "OK"
        deaf.send_bytes(b"GET k\n" * 200)
        name = f"addr={deaf.local_address()} "
        wait_for(lambda: is_listed(other, name), False, "the one that reads nothing is gone")
        assert other.ask("PING") == "PONG"


def test_a_connection_too_many_is_told_so_and_there_is_room_again_after_one_left(start_node):
    node = start_node(network={"max_connections": 2})
    with node.client() as first, node.client() as second:
        assert [first.ask("PING"), second.ask("PING")] == ["PONG", "PONG"]
        with node.client() as third:
            assert third.read_line().startswith("ERROR: Too many connections")
            assert third.read_to_end() == b""
        assert first.ask("PING still there") == "PONG still there"
    wait_for(lambda: greeting(node), "PONG", "a connection is taken again")


def greeting(node):
    """The reply to PING on a new connection, or why there is none."""
    try:
        return node.ask("PING")
    except (OSError, AssertionError) as error:
        return repr(error)


def test_shutdown_stops_the_node_in_order(start_node):
    node = start_node()
    with node.client() as client:
        assert client.ask("SET k v") == "OK"
        assert client.ask("SHUTDOWN") == "OK"
        assert client.read_to_end() == b""
    assert node.process.wait(30) == 0


def test_a_client_of_redis_works_on_the_same_data(client, connect, keys):
    redis = connect()
    spaced = keys("a b")
    try:
        assert ask_redis(redis, "SET", spaced, "line\nbreak") == "+OK"
        assert client.ask_list(f"SCAN {keys.prefix}", "KEYS") == [f'"{spaced}"']
        assert client.ask(f"SET {keys()} text") == "OK"
        assert ask_redis(redis, "GET", keys()) == "$4"
        assert redis.read_line() == "text"
    finally:
        # The text protocol cannot name a key with a space, so the fixture cannot remove it.
        assert ask_redis(redis, "DEL", spaced) == ":1"


def ask_redis(client, *words):
    """The first line of the reply to a command in RESP."""
    strings = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    client.send_bytes(f"*{len(words)}\r\n{strings}".encode())
    return client.read_line()


def test_the_address_of_a_connection_is_listed_as_long_as_it_is_open(address, client):
    with TextClient(*address) as other:
        assert other.ask("PING") == "PONG"
        name = f"addr={other.local_address()} "
        assert is_listed(client, name)
    wait_for(lambda: is_listed(client, name), False, "the connection is no longer listed")
