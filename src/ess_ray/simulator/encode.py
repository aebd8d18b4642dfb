"""From values to raw registers: the inverse of what a collector decodes, for all values of a map at once.

Used by `Plant`. An image holds the bytes of each function (1-4) from address 0: two bytes a register, high byte first,
or one byte a bit for functions 1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from ess_ray.core.maps.clocks import SKIP, fields_of
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.raw_types import TYPES, Notation, to_bits
from ess_ray.core.maps.registers import BIT_FUNCTIONS, TEXT_TYPES, Value
from ess_ray.simulator.day import Floats
from ess_ray.simulator.sides import SideRegisters, has_sign, scale_of

Image = Mapping[int, bytes]

TEXT = "SIMULATED"  # of every string
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)

_FLOATS = {"float32": Decimal("3.4e38"), "float64": Decimal("1.7e308")}


def raw_range(value: Value) -> tuple[float, float]:
    """Lowest and highest raw number, inclusive, that the raw type can hold and the map calls in range.

    Whole but for floats, at most 2**62 - 1; (0, 0) for a text.
    """
    low, high = _type_range(value)
    scale = scale_of(value)
    bounds = [(bound - value.offset) / scale for bound in (value.minimum, value.maximum) if bound is not None]
    lows = bounds[:1] if value.minimum is not None else []
    highs = bounds[len(lows) :]
    if scale < 0:
        lows, highs = highs, lows
    low, high = max([low, *lows]), min([high, *highs])
    if value.raw_type in _FLOATS:
        return float(low), float(high)
    return float(low.to_integral_value(ROUND_CEILING)), float(high.to_integral_value(ROUND_FLOOR))


def _type_range(value: Value) -> tuple[Decimal, Decimal]:
    low, high = _raw_limits(value)
    return (-high, high) if has_sign(value) else (low, high)


def _raw_limits(value: Value) -> tuple[Decimal, Decimal]:
    if value.raw_type in _FLOATS:
        return -_FLOATS[value.raw_type], _FLOATS[value.raw_type]
    low, high = value.limits or (0, 0)  # a text is no number
    return Decimal(low), Decimal(min(high, 2**62 - 1))  # exact in the 64-bit integers used here


class Encoder:
    """Encodes the values of one map.

    `sizes`: by function (1-4), how many addresses from 0 an image holds; all values have to lie within.
    """

    def __init__(self, values: Sequence[Value], sizes: Mapping[int, int]) -> None:
        ranges = np.array([raw_range(value) for value in values]).reshape(-1, 2)
        self._low, self._high = ranges[:, 0], ranges[:, 1]
        self._sides = SideRegisters(values)
        self._scale = np.array([float(scale_of(value)) for value in values])
        self._offset = np.array([float(value.offset) for value in values])
        values = [*values, *self._sides.values]
        self._flip = _where(values, lambda value: value.invert is not None)
        self._single = _where(values, lambda value: value.raw_type == "float32")
        self._double = _where(values, lambda value: value.raw_type == "float64")
        self._notations = _notations(values)
        starts = np.cumsum([0, *sizes.values()]).tolist()
        self._slices = {
            function: (start, start + sizes[function]) for function, start in zip(sizes, starts[:-1], strict=True)
        }
        self._buffer = np.zeros(starts[-1], dtype=np.uint16)
        self._clocks: list[tuple[Value, int]] = []
        self._set_words(values)

    @property
    def value_range(self) -> tuple[Floats, Floats]:
        """The lowest and the highest number that each value can carry, after scaling: two arrays of shape (values,)."""
        with np.errstate(over="ignore"):  # the largest floats are infinite after scaling
            ends = np.stack((self._low, self._high)) * self._scale + self._offset
        return ends.min(axis=0), ends.max(axis=0)

    def encode(self, numbers: Floats, now: datetime = NO_TIME) -> dict[int, bytes]:
        """The image of `numbers`, bytes by function: a new one each time, with the functions of `sizes`.

        `numbers`: shape (values,), in the order of the values, as they would be stored; what does not fit is cut to the
        range, and the number of a text is ignored. `now`: the device's clock.
        """
        raw = self._sides.add_to(np.clip((numbers - self._offset) / self._scale, self._low, self._high))
        with np.errstate(invalid="ignore"):  # floats may be no int64: they are replaced below
            integers = np.rint(raw).astype(np.int64)
        if len(self._single) or len(self._double):
            integers[self._single] = raw[self._single].astype(np.float32).view(np.uint32)
            integers[self._double] = raw[self._double].view(np.int64)
        flags = integers[self._flip]
        integers[self._flip] = np.where((flags == 0) | (flags == 1), 1 - flags, flags)
        for notation, of_kind in self._notations.items():
            integers[of_kind] = to_bits(integers[of_kind], *notation)
        words = ((integers[self._owner] >> self._right) << self._left).astype(np.uint16)
        if self._swapped:
            words = np.where(self._swap, (words >> 8) | (words << 8), words)
        buffer = self._buffer.copy()
        buffer[self._target[: self._alone]] = words[: self._alone]
        np.bitwise_or.at(buffer, self._target[self._alone :], words[self._alone :])
        for value, start in self._clocks:
            buffer[start : start + value.width] = _clock_words(value, now)
        return {function: _as_sent(function, buffer[start:end]) for function, (start, end) in self._slices.items()}

    def _set_text(self, value: Value, start: int) -> None:
        text = np.frombuffer(TEXT.encode(value.encoding)[: 2 * value.width].ljust(2 * value.width, b"\0"), np.uint8)
        data = np.empty_like(text)
        data[ORDERS[value.order].text_positions(len(text))] = text
        self._buffer[start : start + value.width] = data.view(">u2")

    def _set_words(self, values: Sequence[Value]) -> None:
        expected = {one[:2]: one.number for value in values for one in value.expected}
        for (function, address), number in expected.items():
            self._buffer[self._slices[function][0] + address] = number
        shared = {key for value in values if value.raw_type == "bits" for key in value.keys[: value.width]}
        alone, bits = [], []
        for owner, value in enumerate(values):
            if self._sides.hold(value) or expected.keys() & value.keys[: value.width]:
                continue
            start = self._slices[value.function][0]
            words = [(owner, *word, start + at) for at, word in zip(value.addresses, _words(value), strict=False)]
            if value.raw_type == "bits":
                bits += words
            elif value.raw_type == "string":
                self._set_text(value, start + value.address)
            elif value.raw_type == "datetime":
                self._clocks.append((value, start + value.address))
            elif shared.isdisjoint(value.keys[: value.width]):
                alone += words
        table = np.array(alone + bits, dtype=np.int64).reshape(-1, 5).T
        self._owner, self._right, self._left, self._swap, self._target = table
        self._alone, self._swapped = len(alone), bool(self._swap.any())


def _words(value: Value) -> list[tuple[int, int, bool]]:
    """(right shift, left shift, swap the bytes) of each register of `value` with a number, as in `addresses`."""
    if value.raw_type in TEXT_TYPES:
        return []
    order, lowest = ORDERS[value.order], value.bits[0] if value.bits else 0
    shifts = [16 * (value.width - 1 - word) - lowest for word in order.words(value.width)]
    return [(max(0, shift), max(0, -shift), order.low_byte_first) for shift in shifts]


def _notations(values: Sequence[Value]) -> dict[tuple[str, tuple[int, int] | None, str], NDArray[np.intp]]:
    """The values whose bits are not just those of their number, by what `to_bits` needs to know."""
    kinds: dict[tuple[str, tuple[int, int] | None, str], list[int]] = {}
    for index, value in enumerate(values):
        type_ = TYPES.get(value.raw_type)
        if value.signed or (type_ and type_.notation in (Notation.BCD, Notation.MODULO)):
            kinds.setdefault((value.raw_type, value.bits, value.signed), []).append(index)
    return {kind: np.array(indexes, np.intp) for kind, indexes in kinds.items()}


def _clock_words(value: Value, now: datetime) -> NDArray[np.uint16]:
    """The registers of a date and time: each byte for itself, or the whole register."""
    here = now.astimezone(ZoneInfo(value.zone)) if value.zone else now
    data = np.zeros(2 * value.width, np.uint8)
    for register, part in enumerate(value.parts):
        numbers = [0 if field == SKIP else getattr(here, field) for field in fields_of(part)]
        data[2 * register : 2 * register + 2] = divmod(numbers[0], 256) if len(numbers) == 1 else np.mod(numbers, 100)
    sent = np.empty_like(data)
    sent[ORDERS[value.order].text_positions(len(data))] = data
    return sent.view(">u2").astype(np.uint16)


def _where(values: Sequence[Value], holds: Callable[[Value], bool]) -> NDArray[np.intp]:
    return np.array([i for i, value in enumerate(values) if holds(value)], dtype=np.intp)


def _as_sent(function: int, words: NDArray[np.uint16]) -> bytes:
    return words.astype(np.uint8 if function in BIT_FUNCTIONS else ">u2").tobytes()
