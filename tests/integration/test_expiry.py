"""Keys that expire: EXPIRE, TTL and PERSIST, and which writes keep an expiry."""

import pytest

from waiting import wait_for

LONG_SECONDS = 1_000_000
# A test that takes longer than this between two commands is stuck anyway.
SLACK_SECONDS = 3600

NO_EXPIRY, NO_KEY = "TTL -1", "TTL -2"


def has_long_expiry(client, key):
    seconds = int(client.ask(f"TTL {key}").removeprefix("TTL "))
    return LONG_SECONDS - SLACK_SECONDS <= seconds <= LONG_SECONDS


@pytest.fixture
def expiring(client, key):
    """A key with a number under it and an expiry in some days."""
    assert client.ask(f"SET {key} 1") == "OK"
    assert client.ask(f"EXPIRE {key} {LONG_SECONDS}") == "OK"
    return key


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("TTL {}", NO_KEY),
        ("EXPIRE {} 100", "NOT_FOUND"),
        ("PERSIST {}", "NOT_FOUND"),
        ("GET {}", "(null)"),
    ],
)
def test_a_missing_key_has_no_expiry(client, key, command, reply):
    assert client.ask(command.format(key)) == reply
    assert client.ask(f"TTL {key}") == NO_KEY


def test_a_new_key_does_not_expire(client, key):
    assert client.ask(f"SET {key} v") == "OK"
    assert client.ask(f"TTL {key}") == NO_EXPIRY
    assert client.ask(f"PERSIST {key}") == "NOT_FOUND"


def test_an_expiry_leaves_the_value_alone(client, expiring):
    assert has_long_expiry(client, expiring)
    assert client.ask(f"GET {expiring}") == "VALUE 1"


@pytest.mark.parametrize("command", ["INCR {}", "DECR {} 5", "APPEND {} 2", "PREPEND {} 3"])
def test_a_changed_value_keeps_its_expiry(client, expiring, command):
    assert client.ask(command.format(expiring)).startswith("VALUE ")
    assert has_long_expiry(client, expiring)


@pytest.mark.parametrize("command", ["SET {} 2", "MSET {} 2", "PERSIST {}"])
def test_a_new_value_and_persist_take_the_expiry_away(client, expiring, command):
    assert client.ask(command.format(expiring)) == "OK"
    assert client.ask(f"TTL {expiring}") == NO_EXPIRY


def test_a_key_that_was_deleted_comes_back_without_expiry(client, expiring):
    assert client.ask(f"DEL {expiring}") == "DELETED"
    assert client.ask(f"INCR {expiring}") == "VALUE 1"
    assert client.ask(f"TTL {expiring}") == NO_EXPIRY


def test_a_later_expiry_replaces_the_earlier_one(client, expiring):
    assert client.ask(f"EXPIRE {expiring} {10 * LONG_SECONDS}") == "OK"
    assert int(client.ask(f"TTL {expiring}").split()[1]) > LONG_SECONDS


@pytest.mark.parametrize("seconds", ["0", "-1", "-9223372036854775808"])
def test_a_time_that_is_over_deletes_at_once(client, expiring, seconds):
    assert client.ask(f"EXPIRE {expiring} {seconds}") == "OK"
    assert client.ask(f"GET {expiring}") == "(null)"
    assert client.ask(f"TTL {expiring}") == NO_KEY
    assert client.ask(f"DEL {expiring}") == "NOT_FOUND"


def test_no_command_sees_a_key_whose_time_has_come(client, keys):
    gone, kept = keys("gone"), keys("kept")
    assert client.ask(f"MSET {gone} 7 {kept} 8") == "OK"
    assert client.ask(f"EXPIRE {gone} 1") == "OK"
    wait_for(lambda: client.ask(f"GET {gone}"), "(null)", "the key has expired")
    assert client.ask(f"EXISTS {gone} {kept}") == "EXISTS 1"
    assert client.ask_list(f"MGET {gone} {kept}", "VALUES") == ["(null)", "VALUE 8"]
    assert client.ask_list(f"SCAN {keys.prefix}", "KEYS") == [kept]
    assert client.ask(f"TTL {gone}") == NO_KEY
    assert client.ask(f"DEL {gone}") == "NOT_FOUND"
    assert client.ask(f"INCR {gone}") == "VALUE 1"
    assert client.ask(f"TTL {gone}") == NO_EXPIRY


def test_many_keys_expire(client, keys):
    names = [keys(str(n)) for n in range(1000)]
    assert set(client.pipeline(f"SET {name} v" for name in names)) == {"OK"}
    assert len(client.ask_list(f"SCAN {keys.prefix}", "KEYS")) == len(names)
    assert set(client.pipeline(f"EXPIRE {name} 1" for name in names)) == {"OK"}
    wait_for(lambda: client.ask_list(f"SCAN {keys.prefix}", "KEYS"), [], "no key is left")


def test_expired_keys_are_counted(empty_client, key):
    before = int(empty_client.ask_facts("STATS")["expired_keys"])
    assert empty_client.ask(f"SET {key} v") == "OK"
    assert empty_client.ask(f"EXPIRE {key} {LONG_SECONDS}") == "OK"
    assert empty_client.ask_facts("STATS")["expiring_keys"] == "1"
    assert empty_client.ask(f"EXPIRE {key} 1") == "OK"
    after = str(before + 1)
    wait_for(lambda: empty_client.ask_facts("STATS")["expired_keys"], after, "one more has expired")
    assert empty_client.ask_facts("STATS")["expiring_keys"] == "0"
    assert empty_client.ask("DBSIZE") == "DBSIZE 0"
