"""The transcripts of tests/transcripts, made with the calls of a library.

A line such as `> INCR visits 9` becomes the call incr("visits", 9), and the reply under it what the
call must give. A line that no library would send, such as a command without its
argument, is sent as it stands by the suite itself, so that what follows finds the same data.
"""

import json
import pathlib
import re

from expectations import fits, shown
from nodes import converse

# Nothing that ends the node, or that depends on who else is connected.
SKIPPED = {"SHUTDOWN", "QUIT", "CLIENT", "REPLICATE", "SYNC", "PEERS", "HELP", "INFO", "STATS",
           "AUTH"}
NAMES = {"DEL": "delete", "DELETE": "delete", "UNLINK": "delete", "INC": "incr", "DEC": "decr",
         "FLUSHDB": "flush", "FLUSHALL": "flush", "TRUNCATE": "flush"}
COUNTS = {"get": 1, "delete": 1, "persist": 1, "ttl": 1, "dbsize": 0, "memory": 0, "version": 0,
          "flush": 0, "expire": 2}
PLACES = {"int": r"-?[0-9]+", "float": r"[0-9.]+", "any": ".*"}
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", '"': '"', "\\": "\\"}


def unquoted(text, dialect):
    """The text in quotes, or the text itself; nothing if it is not UTF-8 then."""
    inner = re.fullmatch(r'"((?:[^"\\]|\\["\\nrt0]|\\x[0-9a-fA-F]{2})*)"', text)
    if dialect == "legacy" or not inner:
        return text
    def plain(found):
        code = found[1]
        return chr(int(code[1:], 16)) if code[0] == "x" else ESCAPES[code]
    return re.sub(r'\\(x[0-9a-fA-F]{2}|.)', plain, inner[1])


def call_for(line, dialect):
    """The call that sends this line, or nothing."""
    word, _, rest = line.partition(" ")
    word = word.upper()
    name = NAMES.get(word, word.lower())
    words = rest.split(" ") if rest else []
    if "" in words and word not in ("SET", "APPEND", "PREPEND", "PING", "ECHO"):
        return None
    if no_text(line):
        return None
    if word in ("SET", "APPEND", "PREPEND") and len(words) > 1 and words[0]:
        value = unquoted(rest.partition(" ")[2], dialect)
        return (name, words[0], value) if carried(value, dialect) else None
    if word in ("PING", "ECHO") and (rest or word == "PING"):
        if not carried(rest, dialect):
            return None
        return (name, unquoted(rest, dialect)) if rest else (name,)
    if word in ("MGET", "EXISTS") and words:
        return (name, *words)
    if word == "MSET" and words:
        return mset_for(rest, dialect)
    if word in ("INCR", "INC", "DECR", "DEC") and re.fullmatch(r"[^ ]+( [+-]?[0-9]{1,18})?", rest):
        return (name, *words)
    if word in ("SCAN", "HASH") and len(words) <= 1 and rest.upper() not in ("AFTER", "LIMIT"):
        return (name, *(unquoted(part, dialect) for part in words))
    if name == "expire" and not re.fullmatch(r"[^ ]+ -?[0-9]+", rest):
        return None
    return (name, *words) if len(words) == COUNTS.get(name) else None


def no_text(line):
    """Whether bytes are escaped in a line that belong to no character."""
    return re.search(r"\\x[89a-fA-F]", line) is not None


def carried(value, dialect):
    """Whether a library sends this value in this dialect, rather than refuse it."""
    return dialect == "standard" or value == value.strip()


def mset_for(rest, dialect):
    """The call for the pairs of MSET, or nothing if a key or a value is missing."""
    quoted = r'"(?:[^"\\]|\\.)*"|' if dialect == "standard" else ""
    pairs = re.findall(rf"([^ ]+) ({quoted}[^ ]+)(?: |$)", rest)
    if " ".join(f"{key} {value}" for key, value in pairs) != rest:
        return None
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        # A map of the language has each key once.
        return None
    return ("mset", *(part for key, value in pairs for part in (key, unquoted(value, dialect))))


def words_for(call, reply, dialect):
    """The expectation (see expectations.py) that a reply means for a call."""
    first = reply[0]
    if first.startswith("ERROR"):
        return ["error", "server"]
    if call[0] == "scan":
        return [as_json([unquoted(key, dialect) for key in reply[1:] if key != "END"])]
    if call[0] == "mget":
        return [as_json(mget_values(call, reply, dialect))]
    if first in ("OK", "DELETED", "NOT_FOUND", "(null)"):
        answers = {"delete": ("DELETED", "true", "false"), "expire": ("OK", "true", "false"),
                   "persist": ("OK", "true", "false"), "get": ("", "", "null")}
        yes, positive, negative = answers.get(call[0], ("OK", "ok", "ok"))
        return [positive if first == yes else negative]
    data = first.rpartition(" ")[2] if call[0] == "hash" else first.partition(" ")[2]
    if call[0] == "ping" and not data:
        return ['"PONG"']
    if call[0] in ("incr", "decr", "exists", "ttl", "dbsize", "memory"):
        return [data]
    return [as_json(unquoted(data, dialect))]


def mget_values(call, reply, dialect):
    """What MGET answered, for each key that was asked."""
    if reply == ["NOT_FOUND"]:
        return [None for _ in call[1:]]
    if dialect == "legacy":
        lines = [line[len(key) + 1:] for key, line in zip(call[1:], reply[1:])]
        return [None if line == "NOT_FOUND" else line for line in lines]
    return [None if line == "(null)" else unquoted(line[6:], dialect) for line in reply[1:-1]]


def as_json(value):
    """JSON, as expectations.py reads it."""
    return json.dumps(value)


def read(path):
    """The dialect, and each line that is sent with the lines of its reply."""
    dialect, steps = "", []
    for line in path.read_text(encoding="utf-8").split("\n"):
        mark, _, rest = line.partition(" ")
        if mark == "#!":
            dialect = rest.split()[1]
        elif mark in (">", "!"):
            steps.append((mark, rest, []))
        elif mark in ("<", "<~") and steps:
            steps[-1][2].append((mark, rest))
    return dialect, steps


def play(path, adapter, nodes):
    """Runs one transcript. Gives the number of calls that were made, and what failed."""
    dialect, steps = read(path)
    node = nodes.transcript(path.stem, dialect)
    made, failures = 0, []
    try:
        adapter.call("connect", "127.0.0.1", str(node.port))
        for mark, line, reply in steps:
            told = mark == ">" and reply and not any(no_text(answer) for _, answer in reply)
            call = call_for(line, dialect) if told else None
            if line.split(" ")[0].upper() in SKIPPED:
                continue
            if call is None:
                raw(node.port, mark, line)
                continue
            made += 1
            problem = compare(call, reply, dialect, adapter.call(*call))
            if problem:
                failures.append(f"{path.name}: {line}: {problem}")
    finally:
        node.stop()
    return made, failures


def raw(port, mark, line):
    """Sends a line that no library sends; behind `!` it has escapes, and its own end."""
    if mark == ">":
        converse(port, [line.encode()])
        return
    text = re.sub(r"\\(x[0-9a-fA-F]{2}|.)", lambda found: chr(int(found[1][1:], 16))
                  if found[1][0] == "x" else ESCAPES[found[1]], line)
    converse(port, [text.encode("latin-1").rstrip(b"\r\n")])


def compare(call, reply, dialect, result):
    """What is wrong with a result, if anything."""
    lines = [rest for _, rest in reply]
    if any(mark == "<~" for mark, _ in reply):
        return None if like(call, lines[0], result) else f"{shown(result)} instead of {lines}"
    words = words_for(call, lines, dialect)
    if words == ["error", "server"]:
        return None if result[:2] == ["error", "server"] else f"{shown(result)}, not an error"
    return None if fits(words[0], words[1:], result) else f"{shown(result)} instead of {lines}"


def like(call, pattern, result):
    """Whether a result is what a pattern such as `TTL {int}` allows."""
    data = pattern.rpartition(" ")[2] if call[0] == "hash" else pattern.partition(" ")[2]
    parts = re.split(r"\{(int|float|any)\}", data)
    regex = "".join(PLACES[part] if i % 2 else re.escape(part) for i, part in enumerate(parts))
    return result[0] in ("text", "int") and re.fullmatch(regex, result[1], re.DOTALL) is not None


def all_in(directory):
    """The files, in the order of their names."""
    return sorted(pathlib.Path(directory).glob("*.txt"))
