"""A node as a process of its own, in a folder of its own, and how its program is found."""

import json
import os
import random
import re
import signal
import socket
import subprocess
from pathlib import Path

from text_client import TextClient
from waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]
# A node gives its clients and its broker some seconds each when it stops.
STOP_SECONDS = 30
LOG_TAIL_LINES = 20
# Below the ports that the system gives to outgoing connections by itself.
FREE_PORTS = range(20000, 30000)

LISTENING = re.compile(rb"listening address=\S+:(\d+)")


class NodeFailed(Exception):
    """A node did not start. The message has the end of its log."""


class NoProgram(Exception):
    """There is no program of a node. The message says how to build it."""


def find_program(named=None):
    """The path of the node's program: the one that is named, or what cargo has built."""
    if named is not None:
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise NoProgram(f"{named} is no program; --node takes the path of merkle-kv")
        return Path(named).resolve()
    target = REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target")
    for profile in ("release", "debug"):
        if os.access(program := target / profile / "merkle-kv", os.X_OK):
            return program
    raise NoProgram(
        f"the node is not built: neither {target}/release/merkle-kv nor {target}/debug/merkle-kv "
        f"is there. Build it with `cargo build --release` in {REPOSITORY}, or name one with --node"
    )


def free_port():
    """A port that nobody listens on, for what cannot be given port 0."""
    while True:
        port = random.choice(FREE_PORTS)
        if not is_taken(port):
            return port


def is_taken(port):
    """Whether a port of 127.0.0.1 cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


class Node:
    """A node that can be started, stopped, killed and started again, always on the same port.

    `settings` are its configuration as a dictionary of sections. Port 0 is any free one.
    """

    # Those that run now, so that a test that fails can show their logs.
    running = []

    def __init__(self, program, folder, node_id, settings=None, port=0):
        self.program, self.folder, self.node_id, self.port = program, Path(folder), node_id, port
        self.settings = settings or {}
        self.log = self.folder / f"{node_id}.log"
        self.process = None

    def start(self):
        """Starts the node and returns it when it listens."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / f"{self.node_id}.toml"
        config.write_text(self._configuration())
        self.log.touch()
        begun = self.log.stat().st_size
        with self.log.open("ab") as log:
            # A group of its own: Ctrl-C is for the tests, which then stop their nodes in order.
            self.process = subprocess.Popen(
                [self.program, "--config", config],
                cwd=self.folder, env=environment(), start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        Node.running.append(self)
        self.port = int(wait_until(lambda: self._listens(begun), bool, f"{self.node_id} listens"))
        return self

    def client(self):
        """A new connection to the node."""
        return TextClient("127.0.0.1", self.port)

    def ask(self, line):
        """The first line of the reply to one command, on a connection of its own."""
        with self.client() as client:
            return client.ask(line)

    def kill(self):
        """Ends the node at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self):
        """Has the node stop in order, and returns its exit code. A stopped one is left alone."""
        if self.process is None:
            return None
        return self._end(signal.SIGTERM)

    def log_tail(self):
        """The last lines of the log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])

    def _end(self, how):
        process, self.process = self.process, None
        Node.running.remove(self)
        process.send_signal(how)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{self.node_id} did not stop within {STOP_SECONDS} s") from None

    def _listens(self, begun):
        """The port, once the log since this start tells it."""
        log = self.log.read_bytes()[begun:]
        if found := LISTENING.search(log):
            return found[1]
        if (code := self.process.poll()) is not None:
            Node.running.remove(self)
            self.process = None
            raise NodeFailed(f"{self.node_id} ended with exit code {code}:\n{self.log_tail()}")
        return None

    def _configuration(self):
        network = {"bind_port": self.port, **self.settings.get("network", {})}
        sections = {**self.settings, "network": network}
        lines = [f"node_id = {json.dumps(self.node_id)}"]
        for section, values in sections.items():
            lines.append(f"[{section}]")
            # Text, numbers, truth values and lists of text look the same in JSON and TOML.
            lines.extend(f"{key} = {json.dumps(value)}" for key, value in values.items())
        return "\n".join(lines) + "\n"


def environment():
    """The environment without variables that would change the configuration of a node."""
    return {k: v for k, v in os.environ.items() if not k.startswith("MERKLE_KV_")}
