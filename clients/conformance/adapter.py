"""The program that makes calls with one of the libraries: one line out, one line back."""

import os
import queue
import re
import subprocess
import threading

# The longest that an adapter may take for one answer. Its library gives up after 5 s by itself, so
# what takes this long is stuck; a scripted node stalls for longer.
PATIENCE = 20.0


class AdapterFailed(Exception):
    """The adapter died, is stuck, or answered what no adapter answers."""


def encoded(field):
    """A field as it stands in a line: text or bytes, without tabs and line ends."""
    raw = field if isinstance(field, bytes) else field.encode()
    if not raw.isascii():
        try:
            raw.decode()
        except UnicodeDecodeError:
            return b"".join(b"%%%02X" % byte if byte > 0x7F or byte in b"\t\r\n%" else bytes([byte])
                            for byte in raw)
    for plain, escape in ((b"%", b"%25"), (b"\t", b"%09"), (b"\n", b"%0A"), (b"\r", b"%0D")):
        raw = raw.replace(plain, escape)
    return raw


def decoded(field):
    """The text of a field; bytes, if it is not text."""
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), field)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


class Adapter:
    """A running adapter. Its standard error is kept, to be shown if it dies."""

    def __init__(self, command):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.answers = queue.Queue()
        self.complaints = []
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._read_complaints, daemon=True).start()

    def call(self, name, *arguments):
        """Makes one call and gives its result: a list of the kind and the fields."""
        self._write([(name, *arguments)])
        return self._answer()

    def pipeline(self, calls):
        """Makes calls in one pipeline; gives the list of their results, or the one error."""
        self._write([("pipeline", str(len(calls))), *calls])
        first = self._answer()
        if first[0] != "results":
            return first
        if first[1:] != [str(len(calls))]:
            raise AdapterFailed(f"{first} results for {len(calls)} calls")
        return ["results", *(self._answer() for _ in calls)]

    def stop(self):
        """Ends the adapter, by the end of its input and if need be by force."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _write(self, calls):
        lines = b"".join(b"\t".join(encoded(field) for field in call) + b"\n" for call in calls)
        try:
            self.process.stdin.write(lines)
            self.process.stdin.flush()
        except OSError:
            raise AdapterFailed(self._last_words()) from None

    def _answer(self):
        try:
            line = self.answers.get(timeout=PATIENCE)
        except queue.Empty:
            raise AdapterFailed(f"no answer for {PATIENCE:.0f} s") from None
        if line is None:
            raise AdapterFailed(self._last_words())
        return [decoded(field) for field in line.split(b"\t")]

    def _read(self):
        for line in self.process.stdout:
            self.answers.put(line.rstrip(b"\n"))
        self.answers.put(None)

    def _read_complaints(self):
        for line in self.process.stderr:
            self.complaints.append(line.decode(errors="replace"))
            del self.complaints[:-40]

    def _last_words(self):
        status = self.process.wait()
        words = "".join(self.complaints).strip()
        return f"{os.path.basename(self.command[0])} ended with status {status}: {words}"
