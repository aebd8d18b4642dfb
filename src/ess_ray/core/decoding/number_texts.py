"""Texts that devices send as numbers: versions in nibbles, hexadecimal digits, dates and times.

A number that means nothing, such as a 13th month, is NULL and out of range. What comes again, and most of it does, is
made into text once a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from types import MappingProxyType
from zoneinfo import ZoneInfo

import numpy as np

from ess_ray.core.decoding.decoded import Decoded
from ess_ray.core.maps.clocks import CENTURY, DATE, SKIP, TIME, fields_of
from ess_ray.core.maps.formats import BYTES, EPOCH, HEX, HHMM, NIBBLES
from ess_ray.core.maps.raw_types import to_numbers
from ess_ray.core.maps.registers import Value

EPOCH_START = datetime(1970, 1, 1, tzinfo=UTC)
MIDNIGHT_AT_THE_END = 24  # 24:00, the end of a day


class FormatRule:
    """A rule of numbers that are stored as texts (`Value.format`)."""

    def __init__(self, shared: Value) -> None:
        self._shared = shared
        self._write = FORMATS[shared.format]
        self._bits = shared.bits[1] if shared.bits else 16 * shared.width

    def decode(
        self,
        raw: np.ndarray,
        hidden: np.ndarray | None,
        sides: Sequence[np.ndarray],  # noqa: ARG002
    ) -> Decoded:
        """As `Decode` says."""
        value = self._shared
        numbers, nonsense = to_numbers(raw, value.raw_type, value.bits, value.signed)
        null = np.isin(raw, np.array(value.patterns, raw.dtype)) | np.isin(numbers, value.sentinels)
        null = null if hidden is None else null | hidden
        texts, meant = _each(numbers, lambda number: self._write(number, self._bits, value.zone))
        outside = ~null & (~meant if nonsense is None else ~meant | nonsense)
        return Decoded(texts, null | outside, outside)


class ClockRule:
    """A rule of dates and times (type `datetime`)."""

    def __init__(self, shared: Value) -> None:
        self._parts, self._zone = [fields_of(part) for part in shared.parts], shared.zone

    def decode(
        self,
        raw: np.ndarray,
        hidden: np.ndarray | None,
        sides: Sequence[np.ndarray],  # noqa: ARG002
    ) -> Decoded:
        """As `Decode` says; `raw`: the bytes of the registers, dtype `S`."""
        texts, meant = _each(raw, self._text)
        null = np.zeros(len(raw), bool) if hidden is None else hidden
        return Decoded(texts, null | ~meant, ~meant & ~null)

    def _text(self, data: bytes) -> str | None:
        data = data.ljust(2 * len(self._parts), b"\0")
        said: dict[str, int] = {}
        for number, fields in enumerate(self._parts):
            register = data[2 * number : 2 * number + 2]
            numbers = [int.from_bytes(register)] if len(fields) == 1 else list(register)
            said |= {field: each for field, each in zip(fields, numbers, strict=True) if field != SKIP}
        return _moment_text(said, self._zone)


def _each(raw: np.ndarray, write: Callable[..., str | None]) -> tuple[np.ndarray, np.ndarray]:
    """The text of each number, as UTF-8, and true where it has one."""
    different, places = np.unique(raw, return_inverse=True)
    texts = [write(each) for each in different.tolist()]
    encoded = np.array([(text or "").encode() for text in texts], "S")
    return encoded[places], np.array([text is not None for text in texts], bool)[places]


def _moment_text(said: Mapping[str, int], zone: str) -> str | None:
    """Date, time of day or both in the form of ISO 8601; None if there is no such date or time."""
    try:
        time = time_of_day(*(said.get(field, 0) for field in TIME))  # type: ignore[arg-type]
        text = time.isoformat("seconds" if TIME[-1] in said else "minutes")
        if DATE[0] not in said:
            return text
        year, month, day = (said[field] for field in DATE)
        on = date(year + CENTURY if year < 100 else year, month, day)
        if TIME[0] not in said:
            return on.isoformat()
        return _with_zone(datetime.combine(on, time), zone) if zone else f"{on}T{text}"
    except (ValueError, OverflowError):
        return None


def _with_zone(wall: datetime, zone: str) -> str | None:
    """A wall clock's time with its difference to UTC. None for one that was left out when clocks were put forward."""
    moment = wall.replace(tzinfo=ZoneInfo(zone))
    again = moment.astimezone(UTC).astimezone(ZoneInfo(zone))
    return moment.isoformat() if again.replace(tzinfo=None) == wall else None


def _nibbles(number: int, bits: int, _: str) -> str:
    return ".".join(str(int(digit, 16)) for digit in f"{number:0{(bits + 3) // 4}x}")


def _bytes(number: int, bits: int, _: str) -> str:
    return ".".join(map(str, number.to_bytes((bits + 7) // 8)))


def _hex(number: int, bits: int, _: str) -> str:
    return f"0x{number:0{(bits + 3) // 4}X}"


def _hhmm(number: int, _: int, __: str) -> str | None:
    hour, minute = divmod(number, 100)
    if minute < 60 and (hour < MIDNIGHT_AT_THE_END or number == 100 * MIDNIGHT_AT_THE_END):
        return f"{hour:02}:{minute:02}"
    return None


def _epoch(number: int, _: int, zone: str) -> str | None:
    try:
        return (EPOCH_START + timedelta(seconds=number)).astimezone(ZoneInfo(zone or "UTC")).isoformat()
    except (ValueError, OverflowError):
        return None


# From a number, its bits and a zone ("": none); None for a number that means nothing.
FORMATS: Mapping[str, Callable[[int, int, str], str | None]] = MappingProxyType(
    {NIBBLES: _nibbles, BYTES: _bytes, HEX: _hex, HHMM: _hhmm, EPOCH: _epoch}
)
