#!/usr/bin/env python3
"""A guided tour of replication: two nodes on this machine, one of which hosts the MQTT broker.

Writes on one node and reads on the other, deletes, counts, kills a node with SIGKILL, writes
meanwhile, starts it again, and shows that both hold the same in the end. Every command is shown as
one would type it, and its reply. Takes ports 7600 and 7601, and a free one for the broker; removes
what it made when it ends, also with Ctrl-C.
"""

import argparse
import shlex
import signal
import subprocess
import sys
import tempfile
import time

from cluster import Cluster
from node import NodeFailed, NoProgram, environment, find_program, is_taken

PORTS = [7600, 7601]
# What is written on one node should be on the other by then; anti-entropy after a start, too.
ARRIVAL_SECONDS = 30
INTERRUPTED = 130


class Tour:
    """Runs commands against the nodes and tells of it."""

    def __init__(self, program, pause):
        self.program, self.pause = program, pause
        self.steps = 0

    def say(self, title, *text):
        """Begins a step. At a terminal, the one before is left to be read until Enter."""
        if self.steps and self.pause:
            input("\n[Enter] ")
        self.steps += 1
        print(f"\n{self.steps}. {title}")
        for line in text:
            print(f"   {line}")
        print()

    def type(self, node, *words):
        """Runs a command, prints it and its reply, and returns the reply."""
        self._print_command(node, words)
        reply = self._ask(node, words)
        self._print_reply(reply)
        return reply

    def until(self, node, *words, reply):
        """Runs a command until it gives this reply, and prints it once."""
        self._print_command(node, words)
        begun = time.monotonic()
        while (found := self._ask(node, words)) != reply:
            if time.monotonic() - begun > ARRIVAL_SECONDS:
                self._print_reply(found)
                raise SystemExit(f"{reply!r} did not come within {ARRIVAL_SECONDS} s")
        self._print_reply(found)

    def _ask(self, node, words):
        command = [self.program, "cli", f"127.0.0.1:{node.port}", *words]
        done = subprocess.run(
            command, env=environment(), capture_output=True, text=True, timeout=60
        )
        return (done.stdout + done.stderr).rstrip("\n")

    def _print_command(self, node, words):
        print(f"   $ merkle-kv cli 127.0.0.1:{node.port} {shlex.join(words)}")

    def _print_reply(self, reply):
        for line in reply.splitlines():
            print(f"     {line}")


def tour(cluster, show):
    """The steps, one after the other."""
    first, second = cluster.nodes
    show.say(
        "Two nodes run.",
        f"n1 listens on port {first.port} and hosts the broker; n2 listens on port {second.port}.",
        "Both hold nothing, and so have the same root hash.",
        f"merkle-kv is {show.program}; what follows can be typed in another terminal, too.",
    )
    show.type(first, "REPLICATE", "STATUS")
    show.type(first, "HASH")
    show.type(second, "HASH")

    show.say("A write on n1 is on n2 a moment later.")
    show.type(first, "SET", "greeting", "hello, world")
    show.until(second, "GET", "greeting", reply="VALUE hello, world")

    show.say("Numbers go both ways: each node goes on from what the other wrote.")
    show.type(first, "INCR", "visits")
    show.until(second, "GET", "visits", reply="VALUE 1")
    show.type(second, "INCR", "visits", "41")
    show.until(first, "GET", "visits", reply="VALUE 42")

    show.say("A delete is replicated as well.")
    show.type(second, "DEL", "greeting")
    show.until(first, "GET", "greeting", reply="(null)")

    show.say("n2 is killed, as by a power cut. It keeps its data in memory, so all of it is gone.")
    pid = second.process.pid
    second.kill()
    print(f"   $ kill -KILL {pid}\n")
    print("   n1 goes on, and n2 misses what is written meanwhile:")
    show.type(first, "SET", "news", "while you were away")
    show.type(first, "INCR", "visits")

    show.say(
        "n2 starts again, empty.",
        "It compares Merkle trees with n1 and gets what it lacks, over TCP, not over the broker.",
    )
    print(f"   $ merkle-kv --config {second.folder / second.node_id}.toml &")
    begun = time.monotonic()
    second.start()
    root = show.type(first, "HASH")
    show.until(second, "HASH", reply=root)
    seconds = time.monotonic() - begun
    show.type(second, "GET", "news")
    show.type(second, "GET", "visits")
    print(
        f"\n   {seconds:.1f} s after the start both root hashes are equal: the nodes hold the same."
    )


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--no-pause", action="store_true", help="do not wait for Enter between steps"
    )
    parser.add_argument(
        "--node", metavar="PATH", help="program of the nodes, if not that of target/"
    )
    return parser.parse_args()


def main():
    options = parse_arguments()
    # Whoever ends the tour ends its nodes, also where a shell has Ctrl-C ignored.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    taken = [str(port) for port in PORTS if is_taken(port)]
    if taken:
        return f"port {' and '.join(taken)} is taken; stop what listens there and try again"
    try:
        program = find_program(options.node)
    except NoProgram as error:
        return str(error)
    pause = sys.stdin.isatty() and not options.no_pause
    with tempfile.TemporaryDirectory(prefix="merkle-kv-demo-") as folder:
        try:
            with Cluster(program, folder, 2, ports=PORTS) as cluster:
                tour(cluster, Tour(program, pause))
                print("\nThat was it. The nodes are stopped, and their folder is removed.")
        except NodeFailed as error:
            return str(error)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, EOFError):
        print("\nended before the end; the nodes are stopped, and their folder is removed")
        sys.exit(INTERRUPTED)
