"""The legacy dialect: a node that answers programs which were written for MerkleKV 0.1."""

import re

import pytest

# Steps on an empty node: a line, and the lines of its reply.
STRINGS = [
    ("GET k", ["NOT_FOUND"]),
    ("SET k hello  world", ["OK"]),
    ("GET k", ["VALUE hello  world"]),
    ("  \tGET k \t", ["VALUE hello  world"]),
    ("APPEND k !", ["VALUE hello  world!"]),
    ("PREPEND k >", ["VALUE >hello  world!"]),
    ("DELETE k", ["DELETED"]),
    ("DEL k", ["NOT_FOUND"]),
    ('SET k ""', ["OK"]),
    ("GET k", ['VALUE ""']),
    (r'SET k "a\nb"', ["OK"]),
    ("GET k", [r'VALUE "a\nb"']),
    ("SET k grüße 🚀", ["OK"]),
    ("GET k", ["VALUE grüße 🚀"]),
]
LISTS = [
    ("MGET a b", ["NOT_FOUND"]),
    ("MSET b 2 a 1", ["OK"]),
    ("MGET b none a", ["VALUES 2", "b 2", "none NOT_FOUND", "a 1"]),
    ("MGET a\tb", ["VALUES 2", "a 1", "b 2"]),
    ("EXISTS a b none a", ["EXISTS 3"]),
    ("SCAN", ["KEYS 2", "a", "b"]),
    ("SCAN b", ["KEYS 1", "b"]),
    ("SCAN *", ["KEYS 0"]),
    ("DBSIZE", ["DBSIZE 2"]),
    ("TRUNCATE", ["OK"]),
    ("DBSIZE", ["DBSIZE 0"]),
]
NUMBERS = [
    ("INC n", ["VALUE 1"]),
    ("INC n 9", ["VALUE 10"]),
    ("DEC n", ["VALUE 9"]),
    ("DEC n 20", ["VALUE -11"]),
    ("INC n x", ["ERROR INC command amount must be a valid number"]),
    ("DEC n x", ["ERROR DEC command amount must be a valid number"]),
    ("SET t text", ["OK"]),
    ("INC t", ["ERROR Value for key 't' is not a valid number"]),
    ("GET n", ["VALUE -11"]),
]
EXPIRY = [
    ("TTL k", ["TTL -2"]),
    ("SET k v", ["OK"]),
    ("TTL k", ["TTL -1"]),
    ("EXPIRE k 1000000", ["OK"]),
    ("PERSIST k", ["OK"]),
    ("EXPIRE k 0", ["OK"]),
    ("GET k", ["NOT_FOUND"]),
]
SERVER = [
    ("PING", ["PONG "]),
    ("PING are you there", ["PONG are you there"]),
    ("REPLICATE STATUS", ["REPLICATION disabled"]),
    ("HASH none", ["HASH none 28ae4a3068df4056661bb6ebbd307fc04fa41443ccd9ac2f3c9882a7ec0814c7"]),
]
TABLES = {
    "strings": STRINGS,
    "lists": LISTS,
    "numbers": NUMBERS,
    "expiry": EXPIRY,
    "server": SERVER,
}

ERRORS = [
    ("", "ERROR Empty command"),
    (" \t ", "ERROR Empty command"),
    ("NONSENSE x", "ERROR Unknown command: NONSENSE"),
    ("GET", "ERROR GET command requires arguments"),
    ("GET a b", "ERROR GET command accepts only one argument"),
    ("SET k", "ERROR SET command requires a key and value"),
    ("MSET a 1 b", "ERROR MSET command requires an even number of arguments (key-value pairs)"),
    ("SCAN a b", "ERROR SCAN command accepts only one argument"),
    ("DBSIZE x", "ERROR DBSIZE command does not accept any arguments"),
    ("SET a\tb v", "ERROR Invalid character: tab character not allowed in key"),
    ("REPLICATE foo", "ERROR Unknown REPLICATE action: foo"),
    ("SYNC localhost", "ERROR SYNC requires <port> as the second argument"),
]


@pytest.mark.parametrize("steps", TABLES.values(), ids=TABLES.keys())
def test_a_dialogue_goes_as_with_0_1(legacy, steps):
    for line, reply in steps:
        legacy.send_line(line)
        assert [legacy.read_line() for _ in reply] == reply, line
    # Nothing else has come in between.
    assert legacy.ask("ECHO end") == "ECHO end"


def test_the_version_is_told_as_by_0_1(legacy):
    assert re.fullmatch(r"VERSION \d+\.\d+\.\d+", legacy.ask("VERSION"))


@pytest.mark.parametrize(
    ("line", "reply"), ERRORS, ids=[line.strip() or repr(line) for line, _ in ERRORS]
)
def test_errors_have_the_words_of_0_1(legacy, line, reply):
    assert legacy.ask(line) == reply
    assert legacy.ask("PING still here") == "PONG still here"


INFO = ["INFO", "version", "uptime_seconds", "uptime", "server_time_unix", "db_keys"]
STATS = {
    "uptime_seconds", "uptime", "total_connections", "active_connections", "total_commands",
    "get_commands", "set_commands", "delete_commands", "numeric_commands", "string_commands",
    "used_memory_kb",
}


def read_until_echo(client, command):
    """The lines of a reply that has no END, which the next reply marks."""
    client.send_bytes(f"{command}\nECHO end\n".encode())
    lines = []
    while (line := client.read_line()) != "ECHO end":
        lines.append(line)
    return lines


def test_info_has_the_lines_that_0_1_had(legacy):
    lines = read_until_echo(legacy, "INFO")
    assert [line.partition(":")[0] for line in lines] == INFO


def test_stats_have_at_least_the_counters_that_0_1_had(legacy):
    header, *lines = read_until_echo(legacy, "STATS")
    assert header == "STATS"
    assert {line.partition(":")[0] for line in lines} >= STATS


@pytest.mark.parametrize("command", ["INFO", "STATS"])
def test_reports_fit_the_buffer_of_old_clients(legacy, command):
    assert len("".join(f"{line}\r\n" for line in read_until_echo(legacy, command)).encode()) <= 1024
