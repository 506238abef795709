"""What a call must give, and whether it did.

    ok  any                             done; anything but an error
    "text"  42  true  null  ["a", null]
    hex:ff00                            bytes that are no text
    bytes_or_error hex:ff00             those bytes, or a protocol error that says how to get them
    any_or_error                        anything, or a protocol error
    like "a regular expression"         of a text
    at_least 3                          of a number
    keys 12000                          so many items, each once and in byte order
    has "version" "node_id"             a map with at least these names
    error server "Wrong type"           an error of this kind; of a server error its code, of
                                        others a part of the message
"""

import re

from cases import tokens, value_of


def mismatch(expectation, result):
    """Nothing if the result is what is expected, else what it was."""
    words = tokens(expectation)
    if fits(words[0], words[1:], result):
        return None
    return f"{shown(result)} instead of {expectation if len(expectation) < 200 else '(long)'}"


def fits(first, rest, result):
    """Whether a result is what the words of an expectation say."""
    kind, *fields = result
    if first.endswith("_or_error") and kind == "error":
        return fields[0] == "protocol"
    if first == "bytes_or_error":
        return fits(rest[0], [], result)
    if first == "error":
        return kind == "error" and fields[0] == rest[0] and error_fits(rest, fields)
    if kind == "error":
        return False
    if first in ("ok", "any", "any_or_error"):
        return first != "ok" or kind == "ok"
    if first == "like":
        return kind == "text" and re.fullmatch(value_of(rest[0]), fields[0]) is not None
    if first == "at_least":
        return kind == "int" and int(fields[0]) >= int(rest[0])
    if first == "keys":
        found = [item.encode() for item in fields]
        return len(found) == int(rest[0]) and found == sorted(set(found))
    if first == "has":
        return kind == "map" and {value_of(name) for name in rest} <= set(fields[::2])
    if first.startswith("hex:"):
        return kind == "text" and fields == [bytes.fromhex(first[4:])]
    return plain_fits(value_of(first), kind, fields)


def error_fits(rest, fields):
    """Whether an error has the code, or in its message the words, that are expected."""
    kind, code, message = fields
    wanted = [value_of(word) for word in rest[1:]]
    if kind == "server":
        return wanted[:1] == [code] and all(word in message for word in wanted[1:])
    return all(word in message for word in wanted)


def plain_fits(value, kind, fields):
    """Whether a result is this JSON value."""
    if value is None:
        return kind == "nil"
    if isinstance(value, bool):
        return kind == "bool" and fields == ["true" if value else "false"]
    if isinstance(value, int):
        return kind == "int" and fields == [str(value)]
    if isinstance(value, list):
        items = ["!" if item is None else f"={item}" for item in value]
        return kind == "list" and fields == items
    return kind == "text" and fields == [value]


def shown(result):
    """A result as one reads it in a report."""
    text = " ".join(str(field) if i == 0 else repr(field) for i, field in enumerate(result))
    return text if len(text) < 400 else f"{text[:400]}… ({len(text)} characters)"
