"""Numbers: INCR and DECR, their aliases, and the ends of 64 bits."""

import pytest

MAX, MIN = 2**63 - 1, -(2**63)

OVERFLOW = "ERROR: Overflow: the new value of '{}' would not fit 64 bits, it stays as it was"
WRONG_TYPE = "ERROR: Wrong type: the value of '{}' is not a 64-bit signed integer"

# Value before (None for none), command, number after.
SUMS = [
    (None, "INCR {}", 1),
    (None, "DECR {}", -1),
    (None, "INCR {} 5", 5),
    (None, "DECR {} 5", -5),
    (None, "INCR {} 0", 0),
    ("10", "INCR {}", 11),
    ("10", "INC {}", 11),
    ("10", "DECR {}", 9),
    ("10", "DEC {}", 9),
    ("10", "incr {} 32", 42),
    ("10", "Inc {} 32", 42),
    ("10", "decr {} 20", -10),
    ("10", "dec {} 20", -10),
    ("10", "INCR {} -4", 6),
    ("10", "DECR {} -4", 14),
    ("10", "INCR {} +4", 14),
    ("10", "INCR {} 007", 17),
    ("10", "INCR {} -0", 10),
    ("-1", "INCR {}", 0),
    ("0", "DECR {}", -1),
    ("+7", "INCR {}", 8),
    ("007", "INCR {}", 8),
    ("-0", "INCR {}", 1),
    ('"5"', "INCR {}", 6),
    # The ends of 64 bits, reached and not passed.
    (MAX - 1, "INCR {}", MAX),
    (MIN + 1, "DECR {}", MIN),
    (0, f"INCR {{}} {MAX}", MAX),
    (0, f"INCR {{}} {MIN}", MIN),
    (-1, f"DECR {{}} {MIN}", MAX),
    (0, f"DECR {{}} {MAX}", -MAX),
    (MIN, f"INCR {{}} {MAX}", -1),
    (MAX, f"INCR {{}} {MIN}", -1),
    (MAX, f"DECR {{}} {MAX}", 0),
    (MIN, f"DECR {{}} {MIN}", 0),
]

# Value before, and a command that would pass an end.
OVERFLOWS = [
    (MAX, "INCR {}"),
    (MAX, "DECR {} -1"),
    (MIN, "DECR {}"),
    (MIN, "INCR {} -1"),
    (1, f"INCR {{}} {MAX}"),
    (0, f"DECR {{}} {MIN}"),
    (MAX, f"INCR {{}} {MAX}"),
    (MIN, f"INCR {{}} {MIN}"),
    (MIN, f"DECR {{}} {MAX}"),
]

# Values that are no 64-bit number, as they stand in a line.
NO_NUMBERS = [
    '""', "seven", "1.0", "1e3", "0x10", "1_000", "1,000", "-", "+", "--1", '" 1"', '"1 "',
    r'"1\n"', "１", str(MAX + 1), str(MIN - 1), "1" * 100,
]

NO_AMOUNTS = [
    "x",
    "1.5",
    "1e3",
    "0x1",
    "-",
    "+",
    "--1",
    '"1"',
    "１",
    "∞",
    str(MAX + 1),
    str(MIN - 1),
]


def names(table):
    return [" ".join(map(str, row)).replace("{}", "k") for row in table]


@pytest.mark.parametrize(("before", "command", "after"), SUMS, ids=names(SUMS))
def test_the_new_number_is_answered_and_kept(client, key, before, command, after):
    if before is not None:
        assert client.ask(f"SET {key} {before}") == "OK"
    assert client.ask(command.format(key)) == f"VALUE {after}"
    assert client.ask(f"GET {key}") == f"VALUE {after}"


@pytest.mark.parametrize(("before", "command"), OVERFLOWS, ids=names(OVERFLOWS))
def test_a_result_beyond_64_bits_is_refused_and_changes_nothing(client, key, before, command):
    assert client.ask(f"SET {key} {before}") == "OK"
    assert client.ask(command.format(key)) == OVERFLOW.format(key)
    assert client.ask(f"GET {key}") == f"VALUE {before}"


@pytest.mark.parametrize("value", NO_NUMBERS)
@pytest.mark.parametrize("command", ["INCR {}", "DECR {} 2"])
def test_a_value_that_is_no_number_is_refused_and_stays(client, key, command, value):
    assert client.ask(f"SET {key} {value}") == "OK"
    before = client.ask(f"GET {key}")
    assert client.ask(command.format(key)) == WRONG_TYPE.format(key)
    assert client.ask(f"GET {key}") == before


@pytest.mark.parametrize("amount", NO_AMOUNTS)
@pytest.mark.parametrize("command", ["INCR", "DECR"])
def test_an_amount_that_is_no_number_is_refused(client, key, command, amount):
    assert client.ask(f"SET {key} 5") == "OK"
    reply = client.ask(f"{command} {key} {amount}")
    assert reply == f"ERROR: Invalid number: '{amount}' is not a 64-bit signed integer"
    assert client.ask(f"GET {key}") == "VALUE 5"


@pytest.mark.parametrize("command", ["INCR {} x", f"INCR {{}} {MAX + 1}"])
def test_a_refused_command_makes_no_key(client, key, command):
    assert client.ask(command.format(key)).startswith("ERROR: Invalid number")
    assert client.ask(f"EXISTS {key}") == "EXISTS 0"


def test_a_counter_that_was_deleted_begins_at_zero(client, key):
    assert client.pipeline([f"INCR {key} 5", f"DEL {key}", f"INCR {key}"]) == [
        "VALUE 5",
        "DELETED",
        "VALUE 1",
    ]


def test_up_and_down_end_where_they_began(client, key):
    up = [f"INCR {key} {n}" for n in range(1000)]
    down = [f"DECR {key} {n}" for n in range(1000)]
    assert client.pipeline(up + down)[-1] == "VALUE 0"


def test_a_number_is_text_as_well(client, key):
    lines = [f"INCR {key} 4", f"APPEND {key} 2", f"INCR {key}", f"PREPEND {key} -"]
    assert client.pipeline(lines) == ["VALUE 4", "VALUE 42", "VALUE 43", "VALUE -43"]
    assert client.ask(f"DECR {key}") == "VALUE -44"
