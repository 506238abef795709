"""Values and keys: what is set is got, byte for byte, and what DEL and APPEND make of it."""

import random

import pytest

from text_client import TextClient, quote, unquote

MAX_KEY_BYTES = 1024
MAX_VALUE_BYTES = 1024 * 1024
# A seed, so that a value that fails today fails tomorrow.
SEED = 20261126

# Values as they stand in a line, and as GET shows them.
LITERAL = {
    "word": "hello",
    "words": "hello big  world",
    "digits": "0123",
    "json": '{"name":"a","list":[1, 2]}',
    "single-quotes": "'a b'",
    "backslashes": r"C:\new\table",
    "tab": "a\tb",
    "tabs-at-ends": "\ta\t",
    "umlauts": "grüße",
    "cyrillic": "Привет, мир",
    "arabic": "مرحبا بالعالم",
    "chinese": "你好，世界",
    "emoji": "🚀👩‍👩‍👧🇺🇦",
    "combining": "e\u0301o\u0308",
    "zero-width": "a\u200bb\u200d",
    "byte-order-mark": "\ufeffbom",
    "right-to-left-mark": "\u202eabc",
    "line-separator": "a\u2028b\u2029c",
    "no-break-space": "\u00a0",
    "last-character": "\U0010ffff",
    "like-ok": "OK",
    "like-null": "(null)",
    "like-end": "END",
    "like-value": "VALUE x",
    "like-error": "ERROR: x",
    "like-a-command": "SET a b",
    "comma": ", ;:!?",
}

# Value in the line of SET, and the value that GET shows.
QUOTED = {
    "empty": ('""', '""'),
    "plain-in-quotes": ('"hello"', "hello"),
    "spaces-within": ('"a b"', "a b"),
    "space-before": ('" a"', '" a"'),
    "space-behind": ('"a "', '"a "'),
    "only-a-space": ('" "', '" "'),
    "space-before-unquoted": (" a", '" a"'),
    "line-feed": (r'"a\nb"', r'"a\nb"'),
    "carriage-return": (r'"a\r\nb"', r'"a\r\nb"'),
    "zero": (r'"a\0b"', r'"a\0b"'),
    "tab-escaped": (r'"a\tb"', "a\tb"),
    "tab-beside-a-line-feed": (r'"\t\n"', '"\t\\n"'),
    "quote": (r'"\""', r'"\""'),
    "backslash": (r'"\\"', "\\"),
    "hex": (r'"\x41\x6f"', "Ao"),
    "hex-upper-case": (r'"\xC3\xA9"', "é"),
    "no-utf-8": (r'"\xff\xfe"', r'"\xff\xfe"'),
    "control": (r'"\x01\x7f"', r'"\x01\x7f"'),
    "unicode-in-quotes": ('" ü "', '" ü "'),
    # No quoted string as a whole, so it is literal.
    "unknown-escape": (r'"\q"', r'"\"\\q\""'),
    "short-hex": (r'"\x4"', r'"\"\\x4\""'),
    "bad-hex": (r'"\xzz"', r'"\"\\xzz\""'),
    "no-closing-quote": ('"a', r'"\"a"'),
    "closing-quote-escaped": (r'"\"', r'"\"\\\""'),
    "one-quote": ('"', r'"\""'),
    "three-quotes": ('"""', r'"\"\"\""'),
    "two-strings": ('"a" "b"', r'"\"a\" \"b\""'),
    "text-behind-the-string": ('"a"b', r'"\"a\"b"'),
    "space-behind-the-string": ('"a" ', r'"\"a\" "'),
    "quote-within": ('a"b"', 'a"b"'),
}


@pytest.mark.parametrize("value", LITERAL.values(), ids=LITERAL.keys())
def test_a_literal_value_is_returned_as_it_was_sent(client, key, value):
    assert client.ask(f"SET {key} {value}") == "OK"
    assert client.ask(f"GET {key}") == f"VALUE {value}"


@pytest.mark.parametrize("value", LITERAL.values(), ids=LITERAL.keys())
def test_a_value_in_quotes_means_the_value(client, key, value):
    assert client.ask(f"SET {key} {quote(value.encode())}") == "OK"
    assert client.ask(f"GET {key}") == f"VALUE {value}"


@pytest.mark.parametrize(("sent", "shown"), QUOTED.values(), ids=QUOTED.keys())
def test_quotes_are_taken_off_and_put_on_where_needed(client, key, sent, shown):
    assert client.ask(f"SET {key} {sent}") == "OK"
    assert client.ask(f"GET {key}") == f"VALUE {shown}"


def test_every_byte_survives(client, keys):
    every = [bytes([byte]) for byte in range(256)]
    names = [keys(f"{byte:03}") for byte in range(256)]
    sent = [f"SET {name} {quote(value)}" for name, value in zip(names, every)]
    assert client.pipeline(sent) == ["OK"] * 256
    replies = client.pipeline(f"GET {name}" for name in names)
    assert [unquote(reply.removeprefix("VALUE ")) for reply in replies] == every


def test_random_values_survive(client, key):
    chance = random.Random(SEED)
    for _ in range(200):
        value = chance.randbytes(chance.randrange(40))
        assert client.ask(f"SET {key} {quote(value)}") == "OK"
        reply = client.ask(f"GET {key}")
        assert unquote(reply.removeprefix("VALUE ")) == value


@pytest.mark.parametrize("size", [1, 4095, 4096, 4097, 65536, MAX_VALUE_BYTES - 1, MAX_VALUE_BYTES])
def test_a_value_of_any_size_up_to_the_limit_is_kept(client, key, size):
    value = ("0123456789abcdef" * (size // 16 + 1))[:size]
    assert client.ask(f"SET {key} {value}") == "OK"
    # Not compared by the assertion itself, which would print two of them.
    same = client.ask(f"GET {key}") == f"VALUE {value}"
    assert same, f"a value of {size} bytes came back changed"


def test_the_longest_value_may_be_escaped_byte_by_byte(client, key):
    assert client.ask(f"SET {key} {quote(bytes([255]) * MAX_VALUE_BYTES)}") == "OK"
    value = unquote(client.ask(f"GET {key}").removeprefix("VALUE "))
    assert (len(value), set(value)) == (MAX_VALUE_BYTES, {255})


KEYS = {
    "ascii": "user:1",
    "punctuation": "a.b/c-d_e=f?g&h#i%20",
    "umlauts": "straße",
    "chinese": "键",
    "emoji": "🚀",
    "combining": "e\u0301",
    "no-break-space": "a\u00a0b",
    "quotes": '"k"',
    "backslash": r"a\nb",
    "like-a-command": "GET",
    "like-end": "END",
    "glob": "a*b?[c]",
}


@pytest.mark.parametrize("name", KEYS.values(), ids=KEYS.keys())
def test_a_key_may_have_any_character_but_spaces_and_controls(client, keys, name):
    key = keys(name)
    assert client.ask(f"SET {key} v") == "OK"
    assert client.ask(f"GET {key}") == "VALUE v"
    assert client.ask(f"EXISTS {key}") == "EXISTS 1"
    assert client.ask_list(f"SCAN {keys.prefix}", "KEYS") == [key]
    assert client.ask(f"DEL {key}") == "DELETED"
    assert client.ask(f"GET {key}") == "(null)"


@pytest.mark.parametrize("filler", ["k", "é", "🚀"])
def test_a_key_may_have_as_many_bytes_as_the_limit_says(client, keys, filler):
    room = MAX_KEY_BYTES - len(keys.prefix)
    count, rest = divmod(room, len(filler.encode()))
    key = keys(filler * count + "x" * rest)
    assert len(key.encode()) == MAX_KEY_BYTES
    assert client.ask(f"SET {key} v") == "OK"
    assert client.ask(f"GET {key}") == "VALUE v"


def test_keys_that_look_alike_are_different(client, keys):
    names = ["a", "A", "e\u0301", "\u00e9", '"a"']
    for name in names:
        assert client.ask(f"SET {keys(name)} {name!a}") == "OK"
    for name in names:
        assert (
            unquote(client.ask(f"GET {keys(name)}").removeprefix("VALUE ")).decode() == f"{name!a}"
        )


@pytest.mark.parametrize("word", ["SET", "set", "Set", "sEt"])
def test_command_words_are_not_case_sensitive(client, key, word):
    assert client.ask(f"{word} {key} Value") == "OK"
    assert client.ask(f"{word.replace('t', 'T')} {key} vALUE") == "OK"
    assert client.ask(f"gEt {key}") == "VALUE vALUE"


@pytest.mark.parametrize("word", ["DEL", "DELETE", "UNLINK", "del", "Delete"])
def test_a_key_is_deleted_once(client, key, word):
    assert client.ask(f"{word} {key}") == "NOT_FOUND"
    assert client.ask(f"SET {key} v") == "OK"
    assert client.ask(f"{word} {key}") == "DELETED"
    assert client.ask(f"{word} {key}") == "NOT_FOUND"
    assert client.ask(f"GET {key}") == "(null)"
    assert client.ask(f"SET {key} again") == "OK"
    assert client.ask(f"GET {key}") == "VALUE again"


def test_the_last_value_counts(client, key):
    for value in ["1", "longer than before", '""', "short"]:
        assert client.ask(f"SET {key} {value}") == "OK"
    assert client.ask(f"GET {key}") == "VALUE short"


# Commands on one key in turn, and what each answers.
JOINED = {
    "append-to-nothing": [("APPEND {} one", "VALUE one")],
    "prepend-to-nothing": [("PREPEND {} one", "VALUE one")],
    "append": [("SET {} one", "OK"), ("APPEND {}  two", "VALUE one two")],
    "prepend": [("SET {} one", "OK"), ("PREPEND {} zero,", "VALUE zero,one")],
    "quoted": [
        ("SET {} a", "OK"),
        (r'APPEND {} "\n"', r'VALUE "a\n"'),
        ('PREPEND {} ""', r'VALUE "a\n"'),
    ],
    "space-behind": [
        ("SET {} a", "OK"),
        ('APPEND {} " "', 'VALUE "a "'),
        ("APPEND {} b", "VALUE a b"),
    ],
    "half-characters": [(r'SET {} "\xc3"', "OK"), (r'APPEND {} "\xa9"', "VALUE é")],
    "to-a-number": [("INCR {} 4", "VALUE 4"), ("APPEND {} 2", "VALUE 42"), ("INCR {}", "VALUE 43")],
    "after-a-delete": [("SET {} a", "OK"), ("DEL {}", "DELETED"), ("APPEND {} b", "VALUE b")],
}


@pytest.mark.parametrize("steps", JOINED.values(), ids=JOINED.keys())
def test_append_and_prepend_answer_the_whole_value(client, key, steps):
    for command, expected in steps:
        assert client.ask(command.format(key)) == expected
    assert client.ask(f"GET {key}") == steps[-1][1]


def test_append_may_fill_a_value_up_to_the_limit(client, key):
    assert client.ask(f"SET {key} {'x' * (MAX_VALUE_BYTES - 1)}") == "OK"
    assert len(client.ask(f"APPEND {key} y")) == len("VALUE ") + MAX_VALUE_BYTES


def test_what_one_connection_writes_another_reads(client, connect, key):
    assert client.ask(f"SET {key} v") == "OK"
    assert connect().ask(f"GET {key}") == "VALUE v"


# Message, and what PING and ECHO show of it.
MESSAGES = {
    "word": ("hello", "hello"),
    "words": ("one  two", "one  two"),
    "quoted": ('"a b"', "a b"),
    "empty": ('""', '""'),
    "line-feed": (r'"a\nb"', r'"a\nb"'),
    "space-before": (" x", '" x"'),
    "unicode": ("grüße 🚀", "grüße 🚀"),
}


@pytest.mark.parametrize(("sent", "shown"), MESSAGES.values(), ids=MESSAGES.keys())
def test_ping_and_echo_give_the_message_back(client, sent, shown):
    assert client.ask(f"PING {sent}") == f"PONG {shown}"
    assert client.ask(f"ECHO {sent}") == f"ECHO {shown}"


def test_ping_without_a_message_is_answered(client):
    assert client.ask("PING") == "PONG"


def test_the_node_tells_its_version(client):
    name, version = client.ask("VERSION").split(" ")
    assert name == "MerkleKV"
    assert len([int(part) for part in version.split(".")]) == 3


def test_a_client_that_goes_leaves_its_data(address, client, key):
    with TextClient(*address) as other:
        assert other.ask(f"SET {key} kept") == "OK"
        assert other.ask("QUIT") == "OK"
        assert other.read_to_end() == b""
    assert client.ask(f"GET {key}") == "VALUE kept"
