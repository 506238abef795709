"""A node that does what a script says, to see how a library bears it.

    | expect GET k                      the next line must be this one
    | expect_count 10000                so many lines, whatever they are
    | send "VALUE v\\r\\n"                JSON; a time after it sends it again and again: "x"*1000
    | cut "VALUE v\\r\\n"                 sent in two pieces; the case runs with a cut at every byte
    | pause 0.25                        so many seconds pass
    | close                             end the connection
    | reset                             end it hard, with a TCP reset
    | accept                            wait for the next connection, and answer its VERSION
    | accept legacy                     likewise, as a node with the legacy dialect
    | accept silently                   wait for the next connection only
    | stall                             send nothing more, and keep the connection open
    | trickle                           a byte of a value again and again, without end

The first line is an `accept`, unless one stands there.
"""

import re
import socket
import struct
import threading
import time

from cases import value_of

# Long enough for the reader to see two pieces, short enough for a cut at every byte.
PAUSE = 0.0015
PATIENCE = 30.0
GREETINGS = {"": b"MerkleKV 0.2.0\r\n", "legacy": b"VERSION 0.1.0\r\n"}


def alike(line):
    """A line whose escapes are in small letters, since they may be in either."""
    return re.sub(rb"\\x[0-9a-fA-F]{2}", lambda found: found[0].lower(), line)


class Surprise(Exception):
    """The library did something else than the script says."""


class ScriptedNode:
    """Listens on a port of its own and plays one script in a thread."""

    def __init__(self, script, cut=None):
        self.script = [step.text.partition(" ")[::2] for step in script]
        if not self.script[0][0] == "accept":
            self.script.insert(0, ("accept", ""))
        self.cut = cut
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.connection = None
        self.received = b""
        self.problem = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._play, daemon=True)
        self.thread.start()

    def stop(self):
        """Ends the connection, and gives what was wrong, or nothing."""
        self.over.set()
        # What a script waits for in vain when all calls are made will not come any more.
        self.thread.join(0.5)
        left = self.thread.is_alive()
        self.listener.close()
        if self.connection:
            self.connection.close()
        self.thread.join()
        return self.problem or ("the script did not come to its end" if left else None)

    def _play(self):
        word = ""
        try:
            for word, rest in self.script:
                getattr(self, f"_{word}")(rest)
        except Surprise as surprise:
            self.problem = str(surprise)
        except OSError as error:
            if not self.over.is_set():
                self.problem = f"{word}: {error}"

    def _accept(self, how):
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(PATIENCE)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        if how != "silently":
            self._expect("VERSION")
            self.connection.sendall(GREETINGS[how])

    def _line(self):
        while b"\n" not in self.received:
            piece = self.connection.recv(1 << 16)
            if not piece:
                raise Surprise(f"the library closed the connection after {self.received!r}")
            self.received += piece
        line, _, self.received = self.received.partition(b"\n")
        return line

    def _expect(self, wanted):
        line = self._line()
        if alike(line) != alike(wanted.encode() + b"\r"):
            raise Surprise(f"the library sent {line[:200]!r}, not {wanted!r} and a line end")

    def _expect_count(self, count):
        for _ in range(int(count)):
            self._line()

    def _send(self, text):
        try:
            self.connection.sendall(value_of(text).encode())
        except ConnectionError:
            # A library may have closed what it will not read; its call tells whether it had to.
            pass

    def _cut(self, text):
        whole = value_of(text).encode()
        self.connection.sendall(whole[:self.cut])
        time.sleep(PAUSE)
        self.connection.sendall(whole[self.cut:])

    def _pause(self, seconds):
        self.over.wait(float(seconds))

    def _close(self, _):
        self.connection.close()

    def _reset(self, _):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _stall(self, _):
        self.over.wait(PATIENCE)

    def _trickle(self, _):
        self.connection.sendall(b"VALUE ")
        while not self.over.wait(0.02):
            try:
                self.connection.sendall(b"x")
            except OSError:
                return
