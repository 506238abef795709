"""Many keys at once: MGET, MSET, EXISTS, SCAN and its pages, DBSIZE, FLUSH and HASH."""

import re

import pytest

EMPTY_HASH = "28ae4a3068df4056661bb6ebbd307fc04fa41443ccd9ac2f3c9882a7ec0814c7"
DIGEST = re.compile(r"[0-9a-f]{64}")

# Words behind MSET ({} is the prefix), and what GET shows of `a` and `b` then.
SETS = {
    "one": ("{}a 1", "VALUE 1", "(null)"),
    "two": ("{}a 1 {}b 2", "VALUE 1", "VALUE 2"),
    "the-last-of-a-key-counts": ("{}a 1 {}b 2 {}a 3", "VALUE 3", "VALUE 2"),
    "quoted-with-spaces": ('{}a "one two" {}b 2', "VALUE one two", "VALUE 2"),
    "empty": ('{}a "" {}b ""', 'VALUE ""', 'VALUE ""'),
    "line-break": (r'{}a "1\r\n2" {}b "\0"', r'VALUE "1\r\n2"', r'VALUE "\0"'),
    "escaped-quote": (r'{}a "say \"hi\" " {}b 2', r'VALUE "say \"hi\" "', "VALUE 2"),
    "quotes-within": ('{}a {{"x":1}} {}b a"b', 'VALUE {"x":1}', 'VALUE a"b'),
    "unicode": ("{}a grüße {}b 🚀", "VALUE grüße", "VALUE 🚀"),
    "several-spaces": ("{}a  1   {}b  2 ", "VALUE 1", "VALUE 2"),
}

# Words behind MSET of which one is bad, and how the error begins.
BAD_SETS = {
    "no-value-for-the-last": ("{}a 1 {}b", "Missing arguments"),
    "tab-in-a-key": ("{}a 1 {}b\tc 2", "Invalid key"),
    "key-too-long": ("{}a 1 {}" + "k" * 1024 + " 2", "Invalid key"),
    "value-too-long": ("{}a 1 {}b " + "x" * (1024 * 1024 + 1), "Value too long"),
    "bad-one-first": ("{}" + "k" * 1024 + " 1 {}a 2", "Invalid key"),
}


@pytest.mark.parametrize(("words", "a", "b"), SETS.values(), ids=SETS.keys())
def test_mset_sets_all(client, keys, words, a, b):
    assert client.ask("MSET " + words.format(*[keys.prefix] * 3)) == "OK"
    assert client.ask_list(f"MGET {keys('a')} {keys('b')}", "VALUES") == [a, b]


@pytest.mark.parametrize(("words", "sentence"), BAD_SETS.values(), ids=BAD_SETS.keys())
def test_mset_with_a_bad_pair_sets_nothing(client, keys, words, sentence):
    reply = client.ask("MSET " + words.format(*[keys.prefix] * 2))
    assert reply.startswith(f"ERROR: {sentence}")
    assert client.ask_list(f"SCAN {keys.prefix}", "KEYS") == []


def test_mget_answers_for_each_key_in_order(client, keys):
    a, b, none = keys("a"), keys("b"), keys("none")
    assert client.ask(f"MSET {a} 1 {b} END") == "OK"
    values = client.ask_list(f"MGET {b} {none} {a} {b}", "VALUES")
    assert values == ["VALUE END", "(null)", "VALUE 1", "VALUE END"]


def test_mget_of_missing_keys_is_a_list_of_nulls(client, keys):
    assert client.ask_list(f"MGET {keys('a')} {keys('b')}", "VALUES") == ["(null)", "(null)"]


@pytest.mark.parametrize(
    ("words", "count"), [("{a}", 1), ("{a} {b}", 2), ("{a} {c} {a}", 2), ("{c}", 0)]
)
def test_exists_counts_each_mention(client, keys, words, count):
    assert client.ask(f"MSET {keys('a')} 1 {keys('b')} 2") == "OK"
    named = words.format(a=keys("a"), b=keys("b"), c=keys("c"))
    assert client.ask(f"EXISTS {named}") == f"EXISTS {count}"


def test_a_thousand_keys_in_one_command(client, keys):
    names = [keys(f"{n:04}") for n in range(1000)]
    pairs = " ".join(f"{name} {n}" for n, name in enumerate(names))
    assert client.ask(f"MSET {pairs}") == "OK"
    values = client.ask_list(f"MGET {' '.join(names)}", "VALUES")
    assert values == [f"VALUE {n}" for n in range(1000)]
    assert client.ask(f"EXISTS {' '.join(names)}") == "EXISTS 1000"


def test_mget_of_large_values_is_complete(client, keys):
    names = [keys(str(n)) for n in range(8)]
    for name in names:
        assert client.ask(f"SET {name} {'x' * 1_000_000}") == "OK"
    values = client.ask_list(f"MGET {' '.join(names)}", "VALUES")
    assert [len(value) for value in values] == [len("VALUE ") + 1_000_000] * 8


@pytest.fixture
def scanned(client, keys):
    """The prefix of some keys whose order by bytes is not that of a dictionary."""
    names = ["user:2", "user:10", "user:1", "User:1", "item:1", "zoë", "zoe", "🚀"]
    assert client.ask("MSET " + " ".join(f"{keys(name)} x" for name in names)) == "OK"
    return keys.prefix


# Words behind SCAN ({} is the prefix), and the keys without it.
SCANS = {
    "all": ("{}", ["User:1", "item:1", "user:1", "user:10", "user:2", "zoe", "zoë", "🚀"]),
    "prefix": ("{}user:", ["user:1", "user:10", "user:2"]),
    "prefix-is-case-sensitive": ("{}User", ["User:1"]),
    "half-a-word": ("{}z", ["zoe", "zoë"]),
    "unicode": ("{}zoë", ["zoë"]),
    "whole-key": ("{}user:1", ["user:1", "user:10"]),
    "none": ("{}none", []),
    "no-pattern": ("{}user:*", []),
    "limit": ("{}user: LIMIT 2", ["user:1", "user:10"]),
    "limit-above-all": ("{}user: LIMIT 100", ["user:1", "user:10", "user:2"]),
    "after": ("{0}user: AFTER {0}user:10", ["user:2"]),
    "after-a-key-that-is-not-there": ("{0}user: AFTER {0}user:11", ["user:2"]),
    "after-the-last": ("{0}user: AFTER {0}user:2", []),
    "after-and-limit": ("{0} AFTER {0}item:1 LIMIT 2", ["user:1", "user:10"]),
    "limit-and-after": ("{0} LIMIT 1 AFTER {0}item:1", ["user:1"]),
    "small-letters": ("{0} after {0}item:1 limit 1", ["user:1"]),
    "quoted-prefix": ('"{}item"', ["item:1"]),
}


@pytest.mark.parametrize(("words", "found"), SCANS.values(), ids=SCANS.keys())
def test_scan_gives_keys_in_byte_order(client, scanned, words, found):
    lines = client.ask_list("SCAN " + words.format(scanned), "KEYS")
    assert [line.removeprefix(scanned) for line in lines] == found


@pytest.mark.parametrize("page", [1, 7, 100, 1000])
def test_pages_of_a_scan_give_every_key_once(client, keys, page):
    names = sorted(keys(str(n)) for n in range(300))
    assert client.ask("MSET " + " ".join(f"{name} x" for name in names)) == "OK"
    found, after = [], ""
    while lines := client.ask_list(f"SCAN {keys.prefix} {after} LIMIT {page}", "KEYS"):
        assert len(lines) <= page
        found += lines
        after = f"AFTER {lines[-1]}"
    assert found == names


def test_a_large_scan_is_complete_and_in_order(client, keys):
    names = sorted(keys(f"{n}") for n in range(20_000))
    assert set(client.pipeline(f"SET {name} x" for name in names)) == {"OK"}
    assert client.ask_list(f"SCAN {keys.prefix}", "KEYS") == names


def test_scan_of_the_whole_node_shows_keys_that_need_quotes(empty_client):
    assert empty_client.ask('MSET "k" 1 plain 2 LIMITS 3') == "OK"
    assert empty_client.ask_list("SCAN", "KEYS") == [r'"\"k\""', "LIMITS", "plain"]
    assert empty_client.ask_list(r'SCAN AFTER "\"k\"" LIMIT 1', "KEYS") == ["LIMITS"]
    assert empty_client.ask_list('SCAN "LIMIT"', "KEYS") == ["LIMITS"]
    assert empty_client.ask_list('SCAN ""', "KEYS") == [r'"\"k\""', "LIMITS", "plain"]


def test_dbsize_counts_keys_that_have_a_value(empty_client):
    for command, size in [
        ("DBSIZE", 0),
        ("MSET a 1 b 2", 2),
        ("SET a 3", 2),
        ("INCR n", 3),
        ("DEL a", 2),
    ]:
        empty_client.ask(command)
        assert empty_client.ask("DBSIZE") == f"DBSIZE {size}"


@pytest.mark.parametrize("word", ["FLUSH", "FLUSHDB", "FLUSHALL", "TRUNCATE", "flush"])
def test_flush_deletes_all_that_was_there_and_nothing_later(empty_client, word):
    replies = empty_client.pipeline(["MSET a 1 b 2", word, "SET c 3", "GET a", "GET c", "DBSIZE"])
    assert replies == ["OK", "OK", "OK", "(null)", "VALUE 3", "DBSIZE 1"]


def test_flush_of_many_keys_is_done_when_it_is_answered(empty_client):
    assert set(empty_client.pipeline(f"SET {n} x" for n in range(20_000))) == {"OK"}
    assert empty_client.pipeline(["FLUSH", "DBSIZE", "GET 7"]) == ["OK", "DBSIZE 0", "(null)"]
    assert empty_client.ask_list("SCAN", "KEYS") == []


def test_nothing_has_a_hash_of_its_own(start_node):
    node = start_node()
    assert node.ask("HASH") == f"HASH {EMPTY_HASH}"


def test_hash_changes_with_every_write(client, keys):
    seen = [client.ask(f"HASH {keys.prefix}")]
    assert seen == [f"HASH {keys.prefix} {EMPTY_HASH}"]
    for command in [
        "SET {} 1",
        "SET {} 1",
        "INCR {}",
        "APPEND {} x",
        "EXPIRE {} 1000",
        "PERSIST {}",
        "DEL {}",
    ]:
        assert not client.ask(command.format(keys())).startswith("ERROR")
        seen.append(client.ask(f"HASH {keys.prefix}"))
    assert len(set(seen)) == len(seen)
    assert all(DIGEST.fullmatch(line.rpartition(" ")[2]) for line in seen)


def test_reads_leave_the_hash_alone(client, keys):
    assert client.ask(f"SET {keys()} 1") == "OK"
    before = client.ask(f"HASH {keys.prefix}")
    assert DIGEST.fullmatch(before.removeprefix(f"HASH {keys.prefix} "))
    client.pipeline([f"GET {keys()}", f"EXISTS {keys()}", f"TTL {keys()}", f"GET {keys('none')}"])
    assert client.ask(f"HASH {keys.prefix}") == before


def test_hash_of_a_prefix_is_about_its_keys_alone(client, keys):
    assert client.ask(f"SET {keys('a:1')} 1") == "OK"
    before = client.ask(f"HASH {keys('a:')}")
    assert DIGEST.fullmatch(before.removeprefix(f"HASH {keys('a:')} "))
    assert client.ask(f"SET {keys('b:1')} 1") == "OK"
    assert client.ask(f"HASH {keys('a:')}") == before
