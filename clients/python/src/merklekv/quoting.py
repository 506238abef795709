"""Quoted strings, as the standard dialect has them. All in bytes; knows nothing of commands."""

from __future__ import annotations

import re

# What a value must not have outside quotes: ASCII control characters other than tab.
_CONTROLS = bytes(byte for byte in range(0x20) if byte != 0x09) + b"\x7f"

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0", '"': '\\"', "\\": "\\\\"}

# From characters to their escapes. A byte that is not UTF-8 is decoded to the character 0xDC00 plus
# its number, and so finds its escape here too.
_ESCAPES = str.maketrans(
    {
        **{chr(byte): f"\\x{byte:02X}" for byte in (*range(0x20), 0x7F)},
        **{chr(0xDC00 + byte): f"\\x{byte:02X}" for byte in range(0x80, 0x100)},
        **_NAMED,
    }
)

_ESCAPE = re.compile(rb'\\x[0-9A-Fa-f]{2}|\\.|["\\]', re.DOTALL)

_HEX_DIGITS = "0123456789abcdefABCDEF"

# From escapes to bytes. What _ESCAPE finds and this does not have is malformed.
_PLAIN = {
    **{
        f"\\x{high}{low}".encode(): bytes.fromhex(high + low)
        for high in _HEX_DIGITS
        for low in _HEX_DIGITS
    },
    **{escape.encode(): plain.encode() for plain, escape in _NAMED.items()},
}


def needs_quotes(value: bytes) -> bool:
    """Whether a value at the end of a line would be taken for another one without quotes."""
    return (
        not value
        or value[0] in b' "'
        or value[-1] == 0x20
        or len(value.translate(None, _CONTROLS)) != len(value)
        or not is_text(value)
    )


def is_text(value: bytes) -> bool:
    """Whether bytes are UTF-8."""
    if value.isascii():
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def quoted(value: bytes) -> bytes:
    """The bytes as a quoted string of UTF-8 on one line."""
    return b'"%b"' % value.decode("utf-8", "surrogateescape").translate(_ESCAPES).encode()


def unquoted(data: bytes) -> bytes:
    """What a quoted string stands for. Raises ValueError if the data is not exactly one."""
    if len(data) < 2 or data[0] != 0x22 or data[-1] != 0x22:
        raise ValueError("it does not end as a quoted string")
    try:
        return _ESCAPE.sub(lambda found: _PLAIN[found[0]], data[1:-1])
    except KeyError as unknown:
        raise ValueError(f"{unknown.args[0]!r} is no escape of a quoted string") from None
