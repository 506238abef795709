"""What a node says about itself: INFO, STATS, MEMORY, CLIENT LIST, HELP."""

import re
import time

import pytest

from waiting import wait_for, wait_until

INTEGER, DECIMAL, ANY = r"\d+", r"\d+\.\d+", r".+"

# Every line of INFO, in order, and what stands behind the colon.
INFO = {
    "version": r"\d+\.\d+\.\d+",
    "uptime_seconds": INTEGER,
    "server_time_unix": INTEGER,
    "node_id": r"[A-Za-z0-9._-]{1,64}",
    "memory_usage_mb": DECIMAL,
    "memory_rss_mb": DECIMAL,
    "total_keys": INTEGER,
    "expiring_keys": INTEGER,
    "expired_keys": INTEGER,
    "tombstones": INTEGER,
    "root_hash": "[0-9a-f]{64}",
    "connected_clients": INTEGER,
    "broker": ANY,
    "broker_state": ANY,
    "replication": "enabled|disabled",
    "ready": "yes|no",
    "peers": INTEGER,
}

# Counters of STATS, and a line that adds one to each.
COUNTERS = {
    "get": ["GET {}"],
    "set": ["SET {} v"],
    "del": ["DEL {}", "DELETE {}", "UNLINK {}"],
    "incr": ["INCR {}", "INC {} 2"],
    "decr": ["DECR {}", "DEC {} 2"],
    "append": ["APPEND {} 1"],
    "prepend": ["PREPEND {} 1"],
    "mset": ["MSET {} 1"],
    "exists": ["EXISTS {}"],
    "expire": ["EXPIRE {} 1000"],
    "persist": ["PERSIST {}"],
    "ttl": ["TTL {}"],
    "dbsize": ["DBSIZE"],
    "hash": ["HASH {}"],
    "ping": ["PING", "ping {}"],
    "echo": ["ECHO {}"],
    "version": ["VERSION"],
    "memory": ["MEMORY"],
    "replicate": ["REPLICATE STATUS"],
}

# Values that only grow.
GROWING = ["uptime_seconds", "total_connections", "total_commands", "stats_commands"]


def test_info_has_every_line_in_its_form(client):
    facts = client.ask_facts("INFO")
    assert list(facts) == list(INFO)
    assert {name: text for name, text in facts.items() if not re.fullmatch(INFO[name], text)} == {}


def test_info_and_its_commands_agree(empty_client, key):
    assert empty_client.ask(f"SET {key} {'x' * 200_000}") == "OK"
    facts = empty_client.ask_facts("INFO")
    assert empty_client.ask("VERSION") == f"MerkleKV {facts['version']}"
    assert empty_client.ask("HASH") == f"HASH {facts['root_hash']}"
    assert empty_client.ask("DBSIZE") == f"DBSIZE {facts['total_keys']}"
    assert facts["total_keys"] == "1"
    megabytes = int(empty_client.ask("MEMORY").split()[1]) / 1024**2
    assert abs(float(facts["memory_usage_mb"]) - megabytes) <= 0.1


def test_the_time_of_the_node_is_told_in_seconds(client):
    before = time.time()
    told = int(client.ask_facts("INFO")["server_time_unix"])
    # Nodes elsewhere have clocks of their own; a day apart is another unit.
    assert abs(told - before) < 86400


def test_uptime_grows(client):
    begun = int(client.ask_facts("INFO")["uptime_seconds"])
    wait_until(
        lambda: int(client.ask_facts("INFO")["uptime_seconds"]),
        lambda seconds: seconds > begun,
        "a second has passed",
    )


@pytest.mark.parametrize("command", ["INFO", "info", "STATS", "stats"])
def test_a_report_ends_with_end(client, command):
    client.send_line(command)
    header = {"INFO": "# Server Information", "STATS": "STATS"}[command.upper()]
    lines = client.read_report(header)
    assert all(re.fullmatch(r"[a-z0-9_]+:.+", line) for line in lines)
    assert client.ask("PING") == "PONG"


def test_stats_are_numbers_with_names_that_occur_once(client):
    client.send_line("STATS")
    lines = client.read_report("STATS")
    names = [line.partition(":")[0] for line in lines]
    assert set(GROWING) <= set(names)
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"\d+(\.\d+)?", line.partition(":")[2]) for line in lines)


@pytest.mark.parametrize(("name", "lines"), COUNTERS.items(), ids=COUNTERS.keys())
def test_each_command_has_a_counter(pytestconfig, client, key, name, lines):
    before = client.ask_facts("STATS")
    client.pipeline(line.format(key) for line in lines)
    after = client.ask_facts("STATS")
    added = {
        key: int(after[key]) - int(before[key]) for key in (f"{name}_commands", "total_commands")
    }
    # STATS counts itself, and others may use a node that runs already.
    expected = {f"{name}_commands": len(lines), "total_commands": len(lines) + 1}
    if pytestconfig.running_node:
        assert all(added[key] >= number for key, number in expected.items())
    else:
        assert added == expected


@pytest.mark.parametrize(("command", "name"), [("MGET {}", "VALUES"), ("SCAN {}", "KEYS")])
def test_lists_are_counted_as_well(client, key, command, name):
    counter = f"{command.split()[0].lower()}_commands"
    before = int(client.ask_facts("STATS")[counter])
    client.ask_list(command.format(key), name)
    assert int(client.ask_facts("STATS")[counter]) >= before + 1


@pytest.mark.parametrize("name", GROWING)
def test_counters_do_not_fall(client, connect, name):
    before = int(client.ask_facts("STATS")[name])
    assert connect().ask("PING") == "PONG"
    assert int(client.ask_facts("STATS")[name]) >= before


def test_connections_are_counted(empty_client, connect):
    wait_for(lambda: counted(empty_client)[1], 1, "connections of other tests have ended")
    total, active = counted(empty_client)
    assert connect().ask("PING") == "PONG"
    assert counted(empty_client) == (total + 1, active + 1)
    assert empty_client.ask_facts("INFO")["connected_clients"] == str(active + 1)


def counted(client):
    facts = client.ask_facts("STATS")
    return int(facts["total_connections"]), int(facts["active_connections"])


def test_memory_follows_the_data(empty_client):
    sizes = [memory(empty_client)]
    for command in [f"SET a {'x' * 100_000}", f"SET b {'x' * 100_000}"]:
        assert empty_client.ask(command) == "OK"
        sizes.append(memory(empty_client))
    assert sizes[1] >= sizes[0] + 100_000
    assert sizes[2] >= sizes[1] + 100_000
    assert empty_client.ask("FLUSH") == "OK"
    # It is freed in small steps behind the reply.
    wait_until(
        lambda: memory(empty_client), lambda size: size < 100_000, "the memory is free again"
    )


def memory(client):
    return int(client.ask("MEMORY").removeprefix("MEMORY "))


def test_keys_and_tombstones_are_counted(empty_client):
    assert empty_client.pipeline(["MSET a 1 b 2 c 3", "DEL a"]) == ["OK", "DELETED"]
    facts = empty_client.ask_facts("STATS")
    assert facts["keys"] == empty_client.ask_facts("INFO")["total_keys"] == "2"
    # A node without peers may drop a tombstone at any time, as nobody needs it.
    assert facts["tombstones"] in ("0", "1")


CLIENT_LINE = re.compile(r"id=(\d+) addr=(\S+) age=\d+ idle=\d+ name=")


def listed(client):
    """The ids of the clients that are listed, by address."""
    client.send_line("CLIENT LIST")
    matches = [CLIENT_LINE.fullmatch(line) for line in client.read_report("CLIENT LIST")]
    assert all(matches), "a line of CLIENT LIST has another form"
    return {match[2]: int(match[1]) for match in matches}


def test_open_connections_are_listed_with_ids_that_grow(client, connect):
    others = [connect() for _ in range(5)]
    assert [other.ask("PING") for other in others] == ["PONG"] * 5
    ids = listed(client)
    numbers = [ids[one.local_address()] for one in (client, *others)]
    assert numbers == sorted(set(numbers))


def test_a_closed_connection_is_not_listed(client, connect):
    other = connect()
    assert other.ask("QUIT") == "OK"
    assert other.read_to_end() == b""
    name = other.local_address()
    wait_for(lambda: name in listed(client), False, "the connection is no longer listed")


COMMANDS = [
    "GET", "SET", "DEL", "INCR", "DECR", "APPEND", "PREPEND", "MGET", "MSET", "EXISTS", "SCAN",
    "EXPIRE", "PERSIST", "TTL", "DBSIZE", "FLUSH", "REPLICATE", "HASH", "SYNC", "PEERS", "PING",
    "ECHO", "VERSION", "INFO", "STATS", "MEMORY", "CLIENT", "AUTH", "HELP", "QUIT", "SHUTDOWN",
]


def test_help_lists_every_command(client):
    client.send_line("HELP")
    lines = client.read_report("HELP")
    assert sorted(line.split()[0] for line in lines) == sorted(COMMANDS)


@pytest.mark.parametrize(
    "alias", ["DELETE", "UNLINK", "INC", "DEC", "FLUSHDB", "FLUSHALL", "TRUNCATE"]
)
def test_help_names_the_aliases(client, alias):
    client.send_line("HELP")
    assert any(re.search(rf"\(also .*\b{alias}\b", line) for line in client.read_report("HELP"))
