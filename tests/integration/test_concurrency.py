"""Many clients at once: nothing is lost, nothing is seen half, and nobody waits for a bad one."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from text_client import TextClient
from waiting import wait_for

CLIENTS = 16
ROUNDS = 200
# Their replies fit what a node holds back for a client that does not read yet.
BUSY_COMMANDS = 15_000
SEED = 20261126


@pytest.fixture
def run_clients(address):
    """Runs a function for each of many clients at once, and returns what each returned.

    The function takes a connection and the number of the client. All begin together.
    """

    def run(work, count=CLIENTS):
        # A client that cannot connect must not make the others wait for ever.
        together = threading.Barrier(count, timeout=60)

        def one(number):
            with TextClient(*address) as client:
                together.wait()
                return work(client, number)

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    return run


@pytest.mark.parametrize("count", [2, CLIENTS, 64])
def test_no_increment_is_lost(client, key, run_clients, count):
    run_clients(lambda own, _: [own.ask(f"INCR {key}") for _ in range(ROUNDS)], count)
    assert client.ask(f"GET {key}") == f"VALUE {count * ROUNDS}"


def test_each_increment_answers_a_number_of_its_own(key, run_clients):
    replies = run_clients(lambda own, _: own.pipeline([f"INCR {key}"] * ROUNDS))
    numbers = [[int(reply.removeprefix("VALUE ")) for reply in one] for one in replies]
    assert all(one == sorted(one) for one in numbers)
    assert sorted(sum(numbers, [])) == list(range(1, CLIENTS * ROUNDS + 1))


def test_up_and_down_at_once_end_at_zero(client, key, run_clients):
    words = ["INCR", "DECR"]
    run_clients(lambda own, number: own.pipeline([f"{words[number % 2]} {key} 3"] * ROUNDS))
    assert client.ask(f"GET {key}") == "VALUE 0"


def test_no_append_is_lost(client, key, run_clients):
    letters = "abcdefghijklmnop"
    run_clients(lambda own, number: own.pipeline([f"APPEND {key} {letters[number]}"] * 50))
    value = client.ask(f"GET {key}").removeprefix("VALUE ")
    assert {letter: value.count(letter) for letter in letters} == dict.fromkeys(letters, 50)


def test_each_client_reads_its_own_writes(keys, run_clients):
    def work(own, number):
        key = keys(str(number))
        return [
            (own.ask(f"SET {key} {number}-{at}"), own.ask(f"GET {key}"))
            == ("OK", f"VALUE {number}-{at}")
            for at in range(ROUNDS)
        ]

    assert all(sum(run_clients(work), []))


def test_two_hundred_clients_are_served_at_once(client, keys, run_clients):
    def work(own, number):
        own.pipeline(f"SET {keys(f'{number}:{at}')} {number}" for at in range(10))
        return own.ask(f"GET {keys(f'{number}:9')}")

    replies = run_clients(work, 200)
    assert replies == [f"VALUE {number}" for number in range(200)]
    assert len(client.ask_list(f"SCAN {keys.prefix}", "KEYS")) == 2000


def test_only_one_of_many_deletes_a_key(client, key, run_clients):
    for _ in range(20):
        assert client.ask(f"SET {key} v") == "OK"
        replies = run_clients(lambda own, _: own.ask(f"DEL {key}"), 8)
        assert sorted(replies) == ["DELETED"] + ["NOT_FOUND"] * 7


def test_nobody_sees_half_of_an_mset(keys, run_clients):
    a, b, c = keys("a"), keys("b"), keys("c")

    def work(own, number):
        if number % 2:
            lines = [
                f"MSET {a} {number}-{at} {b} {number}-{at} {c} {number}-{at}"
                for at in range(ROUNDS)
            ]
            return own.pipeline(lines) == ["OK"] * ROUNDS
        return all(
            len(set(own.ask_list(f"MGET {a} {b} {c}", "VALUES"))) == 1 for _ in range(ROUNDS)
        )

    assert all(run_clients(work))


def test_scan_gives_what_is_there_all_the_time(keys, run_clients):
    steady = sorted(keys(f"steady:{n}") for n in range(200))

    def work(own, number):
        if number == 0:
            own.ask("MSET " + " ".join(f"{name} x" for name in steady))
            return [scan_pages(own, keys.prefix) for _ in range(20)]
        churn = keys(f"steadily-not:{number}")
        own.pipeline(line for _ in range(ROUNDS) for line in (f"SET {churn} x", f"DEL {churn}"))
        return []

    for found in run_clients(work, 8)[0]:
        assert [name for name in found if name in steady] == steady
        assert found == sorted(set(found))


def scan_pages(client, prefix):
    found, after = [], ""
    while lines := client.ask_list(f"SCAN {prefix} {after} LIMIT 17", "KEYS"):
        found += lines
        after = f"AFTER {lines[-1]}"
    return found


def test_random_commands_of_many_clients_leave_what_one_would_expect(keys, run_clients):
    def work(own, number):
        chance = random.Random(SEED + number)
        held = {}
        for _ in range(ROUNDS):
            key = keys(f"{number}:{chance.randrange(5)}")
            line, reply = random_step(chance, key, held)
            assert own.ask(line) == reply, line
        return len(held)

    assert len(run_clients(work)) == CLIENTS


def random_step(chance, key, held):
    """A command on a key, and its reply according to what is held."""
    what = chance.choice(["set", "get", "delete", "append"])
    if what == "set":
        held[key] = str(chance.randrange(1000))
        return f"SET {key} {held[key]}", "OK"
    if what == "append":
        held[key] = held.get(key, "") + "x"
        return f"APPEND {key} x", f"VALUE {held[key]}"
    if what == "delete":
        return f"DEL {key}", "NOT_FOUND" if held.pop(key, None) is None else "DELETED"
    return f"GET {key}", f"VALUE {held[key]}" if key in held else "(null)"


def test_clients_that_stall_within_a_line_hold_up_nobody(connect, key, run_clients):
    for number in range(50):
        connect().send_bytes(f"SET {key} half-of-{number}".encode())
    replies = run_clients(lambda own, number: own.ask(f"PING {number}"))
    assert replies == [f"PONG {number}" for number in range(CLIENTS)]


def test_clients_that_read_no_replies_hold_up_nobody(client, connect, key, run_clients):
    assert client.ask(f"SET {key} {'x' * 1_000_000}") == "OK"
    for _ in range(8):
        connect().send_bytes(f"GET {key}\n".encode() * 100)
    replies = run_clients(lambda own, number: own.ask(f"PING {number}"))
    assert replies == [f"PONG {number}" for number in range(CLIENTS)]


def test_a_long_pipeline_lets_others_have_their_turn(client, connect, keys):
    busy = connect()
    busy.send_bytes(f"INCR {keys('busy')}\n".encode() * BUSY_COMMANDS)
    assert client.ask(f"SET {keys('other')} v") == "OK"
    replies = [busy.read_line() for _ in range(BUSY_COMMANDS)]
    assert replies[-1] == f"VALUE {BUSY_COMMANDS}"


def test_clients_that_come_and_go_leave_nothing_behind(address, client, key, run_clients):
    def work(own, number):
        for at in range(20):
            with TextClient(*address) as brief:
                if at % 2:
                    brief.send_bytes(f"SET {key} unfinished".encode())
                else:
                    assert brief.ask(f"INCR {key}").startswith("VALUE ")
        return own.local_address()

    run_clients(work)
    assert client.ask(f"GET {key}") == f"VALUE {CLIENTS * 10}"


def test_connections_that_ended_are_not_counted(empty_client, run_clients):
    run_clients(lambda own, _: own.ask("PING"), 50)
    wait_for(
        lambda: empty_client.ask_facts("STATS")["active_connections"],
        "1",
        "only this connection is left",
    )


def test_flush_beside_writers_leaves_whole_values(empty_client, keys, run_clients):
    def work(own, number):
        if number == 0:
            return own.pipeline(["FLUSH"] * 20)
        lines = [
            f"MSET {keys('a')} {number}-{at} {keys('b')} {number}-{at}" for at in range(ROUNDS)
        ]
        return own.pipeline(lines)

    assert {reply for replies in run_clients(work) for reply in replies} == {"OK"}
    assert len(set(empty_client.ask_list(f"MGET {keys('a')} {keys('b')}", "VALUES"))) == 1
    assert empty_client.pipeline(["FLUSH", "DBSIZE"]) == ["OK", "DBSIZE 0"]
