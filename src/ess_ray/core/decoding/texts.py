"""Texts out of the bytes of registers. Devices fill up with 0x00, spaces or 0xFF what a text does not need."""

from __future__ import annotations

from functools import cache


def read_text(data: bytes, encoding: str) -> tuple[str, bool]:
    """The text in `data`, and True if it is one: up to the first NUL, without spaces and 0xFF at its end.

    `encoding`: a name for which `core.maps.encodings.is_encoding` is True. Bytes that are no text in it are given as
    hexadecimal digits, 0xB0A1, with False: so nothing of them is lost. Nothing but padding is the empty text.
    """
    unit, padding = _units(encoding)
    data = _until_nul(data, unit)
    while data.endswith(padding):
        data = data[:-unit]
    try:
        text = data.decode(encoding).partition("\0")[0]
        text.encode()  # PostgreSQL takes no lone surrogate, which some encodings can say
    except ValueError:
        return f"0x{data.hex().upper()}", False
    return text, True


def _until_nul(data: bytes, unit: int) -> bytes:
    """What is before the first character of zeros; a character takes at least `unit` bytes."""
    if unit == 1:
        return data.partition(b"\0")[0]
    data += bytes(-len(data) % unit)
    starts = range(0, len(data), unit)
    return data[: next((start for start in starts if not any(data[start : start + unit])), len(data))]


@cache
def _units(encoding: str) -> tuple[int, tuple[bytes, bytes]]:
    """The bytes of the shortest character, 2 for UTF-16, and the two characters that fill up: a space, and 0xFF."""
    unit = len("AA".encode(encoding)) - len("A".encode(encoding))
    return unit, ("A ".encode(encoding)[-unit:], b"\xff" * unit)
