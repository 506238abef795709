"""Errors: what is refused, in which words, and that nothing but a reply comes of it."""

import pytest

from text_client import quote

MAX_KEY_BYTES = 1024
MAX_VALUE_BYTES = 1024 * 1024
# The longest legal line: SET, a key, and a value whose bytes are all written \xHH.
MAX_LINE_BYTES = 20 + MAX_KEY_BYTES + 4 * MAX_VALUE_BYTES

# A line, in which {} is a key whose value is `v`, and how the sentence of its error begins.
REFUSED = [
    ("", "Invalid command: empty line"),
    ("   ", "Invalid command: empty line"),
    ("NONSENSE", "Invalid command: 'NONSENSE' is not a command"),
    ("GÉT {}", "Invalid command: 'GÉT' is not a command"),
    (" GET {}", "Invalid command"),
    ("GET\t{}", "Invalid command"),
    ("{{", "Invalid command"),
    ("GET", "Missing arguments: GET needs a key"),
    ("GET {} {}", "Too many arguments: GET needs a key"),
    ("SET", "Missing arguments: SET needs a key and a value"),
    ("SET {}", "Missing arguments: SET needs a key and a value"),
    ("SET {} ", "Missing arguments: SET needs a key and a value"),
    ("SET  {} v", "Invalid key: it is empty"),
    ("DEL", "Missing arguments: DEL needs a key"),
    ("DEL {} {}", "Too many arguments: DEL"),
    ("INCR", "Missing arguments: INCR"),
    ("INCR {} 1 2", "Too many arguments: INCR"),
    ("INCR {} x", "Invalid number: 'x'"),
    ("INCR {}", "Wrong type: the value of "),
    ("DECR", "Missing arguments: DECR"),
    ("DECR {} 1 2", "Too many arguments: DECR"),
    ("DECR {}", "Wrong type: the value of "),
    ("APPEND {}", "Missing arguments: APPEND needs a key and a value"),
    ("APPEND  {} x", "Invalid key: it is empty"),
    ("PREPEND", "Missing arguments: PREPEND needs a key and a value"),
    ("MGET", "Missing arguments: MGET needs one or more keys"),
    ("MSET", "Missing arguments: MSET"),
    ("MSET {}", "Missing arguments: MSET needs a value for every key"),
    ("MSET {} 1 {}x", "Missing arguments: MSET needs a value for every key"),
    ("EXISTS", "Missing arguments: EXISTS needs one or more keys"),
    ("SCAN {} other", "Invalid command: SCAN 'other' is not one of"),
    ("SCAN {} AFTER", "Missing arguments: SCAN"),
    ("SCAN {} LIMIT", "Missing arguments: SCAN"),
    ("SCAN LIMIT 0", "Invalid number: '0'"),
    ("SCAN LIMIT -1", "Invalid number: '-1'"),
    ("SCAN LIMIT many", "Invalid number: 'many'"),
    ("SCAN LIMIT 1 LIMIT 2", "Invalid command: SCAN 'LIMIT'"),
    ("EXPIRE {}", "Missing arguments: EXPIRE needs a key and a number of seconds"),
    ("EXPIRE {} 1 2", "Too many arguments: EXPIRE"),
    ("EXPIRE {} soon", "Invalid number: 'soon'"),
    ("EXPIRE {} 1.5", "Invalid number: '1.5'"),
    ("EXPIRE {} 9223372036854775807", "Invalid expiry"),
    ("TTL", "Missing arguments: TTL"),
    ("TTL {} {}", "Too many arguments: TTL"),
    ("PERSIST", "Missing arguments: PERSIST"),
    ("PERSIST {} 1", "Too many arguments: PERSIST"),
    ("DBSIZE {}", "Too many arguments: DBSIZE needs no argument"),
    ("FLUSH now", "Too many arguments: FLUSH needs no argument"),
    ("HASH {} {}", "Too many arguments: HASH"),
    ("SYNC a:1 b:2", "Too many arguments: SYNC"),
    ("SYNC localhost", "Invalid address: 'localhost' is not host:port"),
    ("PEERS now", "Too many arguments: PEERS"),
    ("REPLICATE", "Missing arguments: REPLICATE needs ENABLE, DISABLE or STATUS"),
    ("REPLICATE maybe", "Invalid command: REPLICATE 'maybe' is not one of"),
    ("ECHO", "Missing arguments: ECHO needs a message"),
    ("VERSION 1", "Too many arguments: VERSION"),
    ("INFO all", "Too many arguments: INFO"),
    ("STATS all", "Too many arguments: STATS"),
    ("MEMORY all", "Too many arguments: MEMORY"),
    ("HELP GET", "Too many arguments: HELP"),
    ("CLIENT", "Missing arguments: CLIENT needs LIST"),
    ("CLIENT KILL", "Invalid command: CLIENT 'KILL' is not one of LIST"),
    ("AUTH me", "Missing arguments: AUTH needs a user and a password"),
    ("AUTH me secret", "Not permitted"),
    ("SHUTDOWN now", "Too many arguments: SHUTDOWN needs no argument"),
    ("QUIT now", "Too many arguments: QUIT"),
]


@pytest.fixture
def held(client, key):
    """A key whose value is v."""
    assert client.ask(f"SET {key} v") == "OK"
    return key


@pytest.mark.parametrize(
    ("line", "sentence"), REFUSED, ids=[line or "nothing" for line, _ in REFUSED]
)
def test_a_bad_line_is_refused_and_costs_nothing_else(client, held, line, sentence):
    reply = client.ask(line.format(*[held] * 2))
    assert reply.startswith(f"ERROR: {sentence}")
    assert client.ask(f"GET {held}") == "VALUE v"


# A key that is sent raw behind the fresh prefix, and the byte that the error names.
BAD_KEYS = {
    "tab": (b"a\tb", "0x09"),
    "zero": (b"a\0b", "0x00"),
    "carriage-return": (b"a\rb", "0x0d"),
    "escape": (b"\x1b[1m", "0x1b"),
    "delete": (b"a\x7f", "0x7f"),
}
WITH_A_KEY = [
    "GET %b",
    "SET %b v",
    "DEL %b",
    "INCR %b",
    "APPEND %b v",
    "MGET %b",
    "EXISTS %b",
    "TTL %b",
]


@pytest.mark.parametrize(("name", "byte"), BAD_KEYS.values(), ids=BAD_KEYS.keys())
@pytest.mark.parametrize("command", WITH_A_KEY)
def test_a_control_character_in_a_key_is_refused(client, keys, command, name, byte):
    client.send_bytes(command.encode() % (keys.prefix.encode() + name) + b"\r\n")
    assert client.read_line() == f"ERROR: Invalid key: byte {byte} is not allowed in a key"
    assert client.ask_list(f"SCAN {keys.prefix}", "KEYS") == []


NO_UTF_8 = {
    "lone-continuation": b"\x80",
    "half-a-character": b"\xc3",
    "overlong": b"\xc0\xaf",
    "surrogate": b"\xed\xa0\x80",
    "beyond-the-last": b"\xf4\x90\x80\x80",
    "never-used": b"\xff",
}


@pytest.mark.parametrize("data", NO_UTF_8.values(), ids=NO_UTF_8.keys())
@pytest.mark.parametrize("where", ["value", "key", "command"])
def test_a_line_that_is_not_utf_8_is_refused(client, held, where, data):
    lines = {
        "value": b"SET " + held.encode() + b" x" + data,
        "key": b"GET " + held.encode() + data,
        "command": data + b" " + held.encode(),
    }
    client.send_bytes(lines[where] + b"\r\n")
    assert client.read_line().startswith("ERROR: Invalid UTF-8: byte ")
    assert client.ask(f"GET {held}") == "VALUE v"


@pytest.mark.parametrize("filler", ["k", "é"])
@pytest.mark.parametrize("command", ["GET {}", "SET {} v", "INCR {}", "MSET {} v", "EXPIRE {} 1"])
def test_a_key_of_one_byte_more_than_the_limit_is_refused(client, keys, command, filler):
    room = MAX_KEY_BYTES + 1 - len(keys.prefix)
    count, rest = divmod(room, len(filler.encode()))
    reply = client.ask(command.format(keys(filler * count + "x" * rest)))
    assert reply == "ERROR: Invalid key: it has 1025 bytes, the limit is 1024"


TOO_LONG = "ERROR: Value too long: it has 1048577 bytes, the limit is 1048576"


@pytest.mark.parametrize("command", ["SET {} {}", "MSET {} {}", "APPEND {} {}", "PREPEND {} {}"])
def test_a_value_of_one_byte_more_than_the_limit_is_refused(client, keys, command):
    assert client.ask(command.format(keys(), "x" * (MAX_VALUE_BYTES + 1))) == TOO_LONG
    assert client.ask(f"GET {keys()}") == "(null)"


@pytest.mark.parametrize("command", ["APPEND", "PREPEND"])
def test_a_value_does_not_grow_beyond_the_limit(client, key, command):
    assert client.ask(f"SET {key} {'x' * MAX_VALUE_BYTES}") == "OK"
    assert client.ask(f"{command} {key} y") == TOO_LONG
    assert client.ask(f'{command} {key} ""') == f"VALUE {'x' * MAX_VALUE_BYTES}"


def test_the_limit_counts_bytes_and_not_how_they_are_written(client, key):
    assert client.ask(f"SET {key} {quote(bytes(MAX_VALUE_BYTES + 1))}") == TOO_LONG


def test_the_longest_line_is_read_and_one_byte_more_is_not(client):
    longest = "GET " + "k" * (MAX_LINE_BYTES - 4)
    assert client.ask(longest).startswith("ERROR: Invalid key: it has 4195344 bytes")
    assert client.ask(longest + "k").startswith("ERROR: Line too long: the limit is 4195348 bytes")
    assert client.ask("PING") == "PONG"


def test_the_rest_of_an_endless_line_is_thrown_away(client, held):
    for _ in range(16):
        client.send_bytes(b"x" * 1024 * 1024)
    client.send_bytes(f"\nGET {held}\n".encode())
    assert client.read_line().startswith("ERROR: Line too long")
    assert client.read_line() == "VALUE v"


def test_an_error_in_a_pipeline_stops_nothing(client, key):
    replies = client.pipeline(
        [f"INCR {key}", f"INCR {key} x", "", f"INCR {key}", "NONSENSE", f"INCR {key}"]
    )
    assert [replies[0], replies[3], replies[5]] == ["VALUE 1", "VALUE 2", "VALUE 3"]
    assert all(replies[at].startswith("ERROR: Invalid ") for at in (1, 2, 4))


def test_a_thousand_errors_do_not_close_the_connection(client):
    replies = client.pipeline(["NONSENSE"] * 1000)
    assert set(replies) == {"ERROR: Invalid command: 'NONSENSE' is not a command, HELP lists them"}
    assert client.ask("PING") == "PONG"


def test_refused_commands_are_counted(empty_client):
    before = int(empty_client.ask_facts("STATS")["refused_commands"])
    empty_client.pipeline(["NONSENSE", "GET", "SET a"])
    assert int(empty_client.ask_facts("STATS")["refused_commands"]) == before + 3


def test_limits_are_those_of_the_configuration(start_node):
    node = start_node(network={"max_key_bytes": 4, "max_value_bytes": 8})
    with node.client() as client:
        assert client.pipeline(["SET four 12345678", "GET four"]) == ["OK", "VALUE 12345678"]
        assert client.ask("GET fifth").endswith("it has 5 bytes, the limit is 4")
        assert client.ask("SET k 123456789").endswith("it has 9 bytes, the limit is 8")
        assert client.ask("APPEND four 9").endswith("it has 9 bytes, the limit is 8")
        # 20 bytes, a key, and four times a value.
        assert client.ask("X" * 56).startswith("ERROR: Invalid command")
        assert client.ask("X" * 57).startswith("ERROR: Line too long: the limit is 56 bytes")


def test_a_full_store_refuses_what_would_add_to_it_and_nothing_else(start_node):
    node = start_node(storage={"memory_limit_mb": 1})
    with node.client() as client:
        assert client.ask(f"SET a {'x' * 900_000}") == "OK"
        assert client.ask(f"SET b {'x' * 900_000}").startswith("ERROR: Storage full")
        assert client.ask(f"APPEND a {'x' * 100_000}{'x' * 40_000}").startswith(
            "ERROR: Storage full"
        )
        assert client.ask("GET b") == "(null)"
        assert client.ask("EXPIRE a 1000") == "OK"
        assert client.ask("DEL a") == "DELETED"
        assert client.ask("SET b small again") == "OK"


def test_replication_and_sessions_that_are_off_say_so(start_node):
    node = start_node(anti_entropy={"enabled": False})
    with node.client() as client:
        for command in ["REPLICATE ENABLE", "REPLICATE DISABLE"]:
            assert client.ask(command).startswith("ERROR: Replication off")
        for command in ["SYNC", "SYNC 127.0.0.1:1", "PEERS"]:
            assert client.ask(command).startswith("ERROR: Anti-entropy off")
        assert client.ask("REPLICATE STATUS") == "REPLICATION disabled off queued=0"


def test_users_may_do_what_they_are_permitted(start_node, add_user):
    file = add_user("ada", "secret word", "--permissions", "read,write,admin")
    add_user("sensor", "secret", "--permissions", "write", "--keys", "sensor/*")
    node = start_node(security={"users_file": str(file), "cluster_secret": "a secret of peers"})
    with node.client() as client:
        assert client.ask("PING") == "PONG"
        assert client.ask("GET a").startswith("ERROR: Not permitted")
        assert client.ask("AUTH ada wrong").startswith("ERROR: Not permitted")
        assert client.pipeline(["AUTH sensor secret", "SET sensor/1 5"]) == ["OK", "OK"]
        for line in ["SET other 5", "GET sensor/1", "FLUSH", "SHUTDOWN"]:
            assert client.ask(line).startswith("ERROR: Not permitted")
        assert client.pipeline(['AUTH ada "secret word"', "GET sensor/1"]) == ["OK", "VALUE 5"]
        assert client.ask("FLUSH") == "OK"
