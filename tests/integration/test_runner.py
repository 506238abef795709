"""The programs for people: what they say and with which exit code they end."""

import os
import pty
import re
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from node import free_port, is_taken
from run_tests import RESULTS, threshold
from waiting import wait_until

FOLDER = Path(__file__).resolve().parent
LIMIT_SECONDS = 120
DEMO_PORTS = [7600, 7601]


def run(name, *arguments, python=(), **options):
    """Runs a program of this folder; what it printed, and its exit code."""
    done = subprocess.run(
        [sys.executable, *python, FOLDER / name, *map(str, arguments)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=LIMIT_SECONDS, **options,
    )
    return done.stdout + done.stderr, done.returncode


@pytest.fixture
def broken_node():
    """A port on which something answers that says it is a node, and then everything with OK."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            replies = {b"VERSION": b"MerkleKV 0.2.0", b"DBSIZE": b"DBSIZE 0"}
            # Where the fixture that removes keys looks for some.
            replies[b"SCAN"] = b"KEYS 0\r\nEND"
            for line in self.rfile:
                word = line.split(b" ")[0].strip()
                self.wfile.write(replies.get(word, b"OK") + b"\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize(("text", "number"), [("1000ops", 1000), ("1000", 1000), ("1ops", 1)])
def test_a_threshold_is_a_number_of_operations(text, number):
    assert threshold(text) == number


@pytest.mark.parametrize(
    "text", ["fast", "0", "0ops", "-5", "1.5", "1000 ops", "ops", "", "1000ms", "١"]
)
def test_another_threshold_is_refused(text):
    said, code = run("run_tests.py", "--mode", "benchmark", f"--threshold={text}")
    assert code == 2
    assert f"takes operations per second, such as 1000ops or 1000, not {text!r}" in said


WRONG_ARGUMENTS = {
    "unknown-mode": (["--mode", "fast"], "invalid choice: 'fast'"),
    "threshold-without-benchmark": (["--mode", "ci", "--threshold=1"], "--mode ci leaves out"),
    "host-without-port": (["--host", "localhost"], "--host needs --port"),
    "no-port": (["--port", "70000"], "takes a port from 1 to 65535, not '70000'"),
    "no-program": (["--node", "/nonexistent"], "/nonexistent is no program"),
}


@pytest.mark.parametrize(
    ("arguments", "told"), WRONG_ARGUMENTS.values(), ids=WRONG_ARGUMENTS.keys()
)
def test_wrong_arguments_end_with_2_and_a_reason(arguments, told):
    said, code = run("run_tests.py", *arguments)
    assert code == 2
    assert told in said
    assert "Traceback" not in said


def test_a_name_that_no_test_has_ends_with_2(broken_node):
    said, code = run("run_tests.py", "--port", broken_node, "-k", "nothing_is_called_so")
    assert code == 2
    assert "no test has such a name" in said


def test_a_node_that_cannot_be_reached_is_told_once():
    port = free_port()
    said, code = run("run_tests.py", "--port", port)
    assert code == 2
    assert said.count(f"no node answers at 127.0.0.1:{port}") == 1
    assert "the suite starts one itself" in said
    assert "Traceback" not in said


def test_a_node_that_speaks_the_legacy_dialect_is_refused(legacy_node):
    said, code = run("run_tests.py", "--port", legacy_node.port)
    assert code == 2
    assert "speaks the legacy dialect" in said


def test_a_program_that_is_not_built_is_told_with_how_to_build_it(tmp_path):
    said, code = run("run_tests.py", env=os.environ | {"CARGO_TARGET_DIR": str(tmp_path)})
    assert code == 2
    assert "cargo build --release" in said


@pytest.mark.parametrize(
    ("name", "arguments"), [("run_tests.py", []), ("run_replication_tests.py", ["simple"])]
)
def test_without_pytest_the_command_that_installs_it_is_told(name, arguments):
    # -S leaves out the folder of installed packages.
    said, code = run(name, *arguments, python=["-S"])
    assert code == 2
    assert "pip install -r tests/integration/requirements.txt" in said
    assert "Traceback" not in said


def test_tests_that_pass_end_with_0_and_a_table(program):
    said, code = run("run_tests.py", "--node", program, "-k", "test_ping_and_echo")
    assert code == 0
    assert re.search(r"test_basic_operations\.py +7 +0 +0 +\d+\.\d", said)
    assert re.search(r"total +7 +0 +0 +\d+\.\d", said)


def test_a_test_that_fails_ends_with_1_and_tells_which_and_how_to_repeat_it(broken_node):
    words = "test_a_literal_value_is_returned and umlauts or test_what_one_connection_writes"
    said, code = run("run_tests.py", "--port", broken_node, "-k", words)
    assert code == 1
    assert re.search(r"total +0 +2 +0 ", said)
    assert (
        "failure 2 of 2: test_basic_operations.py::test_what_one_connection_writes_another_reads"
        in said
    )
    assert "'OK' == 'VALUE grüße'" in said
    assert f"[umlauts]' --port={broken_node}\n" in said
    assert "2 of 2 tests failed" in said


def test_failures_are_in_the_junit_file(program, broken_node):
    said, code = run(
        "run_tests.py", "--port", broken_node, "--output", "junit", "-k", "test_ping_and_echo"
    )
    assert code == 1
    assert f"results as JUnit XML: {RESULTS.relative_to(RESULTS.parents[2])}" in said
    suite = xml.parse(RESULTS).getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("7", "7")


def test_what_needs_a_node_of_its_own_is_skipped_with_the_reason(broken_node):
    said, code = run(
        "run_tests.py", "--port", broken_node, "-k", "test_dbsize or test_flush_deletes"
    )
    assert code == 0
    assert "6 skipped: flushes or counts all keys" in said


def test_a_threshold_that_is_missed_fails_by_how_much(program):
    options = ["--mode", "benchmark", "--node", program, "-k", "test_one_command and GET"]
    said, code = run("run_tests.py", *options, "--threshold", "999999999ops")
    assert code == 1
    assert re.search(
        r"single GET: [\d,]+ operations per second are [\d.]+ % below the threshold of 999,", said
    )
    said, code = run("run_tests.py", *options, "--threshold", "1")
    assert code == 0
    assert re.search(r"single GET +[\d,]+ operations per second; 50 % [\d.]+ ms, 99 %", said)


def test_coverage_is_that_of_the_helpers(program):
    said, code = run("run_tests.py", "--node", program, "--coverage", "-k", "test_ping_and_echo")
    assert code == 0
    assert re.search(r"text_client\.py +\d+ +\d+ +\d+ +\d+ +[1-9]\d*%", said)
    assert "test_basic_operations.py  " in said.split("TOTAL")[1]


def test_replication_alone_can_be_run(program, tmp_path):
    said, code = run("run_replication_tests.py", "simple", "--node", program, cwd=tmp_path)
    assert code == 0
    assert re.search(r"test_replication\.py +38 +0 +0 ", said)


@pytest.fixture
def free_demo_ports():
    if any(map(is_taken, DEMO_PORTS)):
        pytest.skip(f"the tour takes ports {DEMO_PORTS}, of which one is in use")


def test_the_tour_ends_with_equal_roots_and_leaves_nothing(program, free_demo_ports, tmp_path):
    said, code = run(
        "demo_replication.py", "--node", program, env=os.environ | {"TMPDIR": str(tmp_path)}
    )
    assert code == 0, said
    roots = re.findall(r"HASH ([0-9a-f]{64})", said)
    assert len(roots) == 4
    assert roots[0] == roots[1] != roots[2] == roots[3]
    assert "VALUE while you were away" in said
    assert not any(map(is_taken, DEMO_PORTS))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_tour_waits_at_a_terminal_and_cleans_up_when_it_is_ended(
    program, free_demo_ports, tmp_path, ending
):
    ours, theirs = pty.openpty()
    tour = subprocess.Popen(
        [sys.executable, FOLDER / "demo_replication.py", "--node", program],
        stdin=theirs, stdout=theirs, stderr=theirs, env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    os.close(theirs)
    said = bytearray()
    try:
        wait_until(
            lambda: said.extend(os.read(ours, 4096)) or b"[Enter]" in said, bool, "the tour waits"
        )
        tour.send_signal(ending)
        assert tour.wait(LIMIT_SECONDS) == 130
    finally:
        # Not killed, as its nodes would be left.
        tour.terminate()
        tour.wait(LIMIT_SECONDS)
        os.close(ours)
    assert not any(map(is_taken, DEMO_PORTS))
    assert list(tmp_path.iterdir()) == []


def test_the_tour_says_which_port_is_taken(program, free_demo_ports):
    with socket.create_server(("127.0.0.1", DEMO_PORTS[1])):
        said, code = run("demo_replication.py", "--node", program)
    assert code == 1
    assert "port 7601 is taken" in said
