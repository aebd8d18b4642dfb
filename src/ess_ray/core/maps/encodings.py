"""Encodings of texts, by the names that Python knows them by: `utf-8`, `latin-1`, `cp949`, `gbk`, `shift_jis` …

A register map may name any of them but those that are not made for texts of a device. Modbus says nothing of texts.
"""

from __future__ import annotations

DEFAULT_ENCODING = "utf-8"
# Of host names, of Python's own source, and one that refuses everything.
NOT_FOR_DEVICES = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"})


def is_encoding(name: str) -> bool:
    """True if texts of a device may be in it: Python has it, and it is one of text and not, as `zlib`, of bytes."""
    if name.lower().replace("_", "-") in NOT_FOR_DEVICES:
        return False
    try:
        return "A1".encode(name).decode(name) == "A1"
    except (LookupError, ValueError):
        return False
