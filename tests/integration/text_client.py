"""A connection that speaks the text protocol, down to the byte where a test wants that.

Knows the framing of docs/protocol.md (lines, lists, reports, quotes), and single commands only
where their lists have a form of their own.
"""

import socket
import time

# How long a reply may take. Long, so that no test fails because a machine is busy.
REPLY_SECONDS = 30.0
# Longest line of a reply: a value of 1 MiB whose bytes are all written \xHH has 4 MiB.
MAX_LINE_BYTES = 8 * 1024 * 1024
RECEIVE_BYTES = 256 * 1024
# Commands that pipeline() sends before it reads, so that neither side waits for the other.
PIPELINE_COMMANDS = 500

ESCAPES = {'"': b'"', "\\": b"\\", "n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0"}
ESCAPED = {value[0]: f"\\{letter}" for letter, value in ESCAPES.items()}


class NoReply(AssertionError):
    """A line did not come within its deadline."""


class ConnectionEnded(AssertionError):
    """The node closed the connection where a line was expected."""


class BadFraming(AssertionError):
    """What came is not formed as docs/protocol.md says."""


class TextClient:
    """One connection. Not to be shared between threads.

    `reply_seconds` is the time that each line of a reply may take. Raises `OSError` if the node
    cannot be reached.
    """

    def __init__(self, host, port, reply_seconds=REPLY_SECONDS):
        self.address = f"{host}:{port}"
        self.reply_seconds = reply_seconds
        self._received = bytearray()
        self._socket = socket.create_connection((host, port), timeout=reply_seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the connection. Doing so twice is harmless."""
        self._socket.close()

    def local_address(self):
        """This end of the connection, as `CLIENT LIST` shows it."""
        return "{}:{}".format(*self._socket.getsockname()[:2])

    def send_bytes(self, data):
        """Sends bytes exactly as they are."""
        self._socket.settimeout(self.reply_seconds)
        self._socket.sendall(data)

    def send_line(self, line):
        """Sends a command, a line of text without its end."""
        self.send_bytes(line.encode() + b"\r\n")

    def finish_sending(self):
        """Tells the node that no more bytes follow, and stays able to read."""
        self._socket.shutdown(socket.SHUT_WR)

    def read_line(self):
        """The next line of a reply, without its end."""
        deadline = time.monotonic() + self.reply_seconds
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > MAX_LINE_BYTES:
                raise BadFraming(
                    f"{self.address} sent over {MAX_LINE_BYTES} bytes without a line end"
                )
            if not self._receive(deadline):
                raise ConnectionEnded(
                    f"{self.address} closed the connection where a line was expected; "
                    f"before that came {bytes(self._received[:80])!r}"
                )
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        if not line.endswith(b"\r"):
            raise BadFraming(f"a line of {self.address} ends without \\r: {line[:80]!r}")
        return line[:-1].decode()

    def read_to_end(self):
        """All that comes until the node closes the connection, as bytes."""
        deadline = time.monotonic() + self.reply_seconds
        while self._receive(deadline):
            pass
        rest = bytes(self._received)
        self._received.clear()
        return rest

    def read_list(self, name, end="END"):
        """The lines of a list whose header is the name and their number; `end` follows, if any."""
        header = self.read_line()
        word, _, count = header.rpartition(" ")
        if word != name or not count.isdecimal():
            raise BadFraming(f"{header!r} is no header of {name}")
        lines = [self.read_line() for _ in range(int(count))]
        if end is not None and (last := self.read_line()) != end:
            raise BadFraming(f"behind {count} lines of {name} comes {last[:80]!r}, not {end}")
        return lines

    def read_report(self, header):
        """The lines between the header of a report and its END."""
        if (first := self.read_line()) != header:
            raise BadFraming(f"{first!r} is not the header {header!r}")
        lines = []
        while (line := self.read_line()) != "END":
            lines.append(line)
        return lines

    def ask(self, line):
        """The first line of the reply to a command."""
        self.send_line(line)
        return self.read_line()

    def ask_list(self, line, name):
        """The lines of the list that a command answers."""
        self.send_line(line)
        return self.read_list(name)

    def ask_facts(self, command):
        """`INFO` or `STATS` as a dictionary of text."""
        headers = {"INFO": "# Server Information", "STATS": "STATS"}
        self.send_line(command)
        lines = self.read_report(headers[command])
        return dict(line.split(":", 1) for line in lines)

    def pipeline(self, lines):
        """Sends many commands before it reads; the first line of each reply, in order.

        All have to be commands that are answered with one line.
        """
        lines, replies = list(lines), []
        for start in range(0, len(lines), PIPELINE_COMMANDS):
            batch = lines[start : start + PIPELINE_COMMANDS]
            self.send_bytes("".join(f"{line}\r\n" for line in batch).encode())
            replies.extend(self.read_line() for _ in batch)
        return replies

    def _receive(self, deadline):
        """Takes what has come; false if the node has closed the connection."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise self._no_reply()
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except TimeoutError:
            raise self._no_reply() from None
        except ConnectionResetError:
            return False
        self._received += data
        return bool(data)

    def _no_reply(self):
        received = bytes(self._received[:80])
        return NoReply(
            f"{self.address} sent no whole line in {self.reply_seconds} s; so far {received!r}"
        )


def quote(data):
    """Bytes as a quoted string, which any value may be sent as."""
    return '"' + "".join(_quoted_byte(byte) for byte in data) + '"'


def _quoted_byte(byte):
    if byte in ESCAPED:
        return ESCAPED[byte]
    return chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}"


def unquote(text):
    """The bytes of a returned value: of what is behind `VALUE `."""
    if not text.startswith('"'):
        return text.encode()
    if len(text) < 2 or not text.endswith('"'):
        raise BadFraming(f"{text[:80]!r} begins with a quote and does not end with one")
    data, at, body = bytearray(), 0, text[1:-1]
    while at < len(body):
        letter = body[at]
        if letter != "\\":
            data += letter.encode()
            at += 1
        elif body[at + 1] == "x":
            data.append(int(body[at + 2 : at + 4], 16))
            at += 4
        else:
            data += ESCAPES[body[at + 1]]
            at += 2
    return bytes(data)
