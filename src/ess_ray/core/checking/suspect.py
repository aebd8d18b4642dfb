"""Mistakes that a map's readings suggest: a wrong byte order, an address off by one, a wrong type or scale.

A reading is doubtful if it is out of its range, or if it is not what its unit or its type lets one expect (a state of
charge of 600 %, a float of 1e-39). Each is read again under every guess; a guess that mends a reading is shown with it,
and one that mends most of a block is shown for the block. Guesses never change what is stored: they are for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial

from ess_ray.core.checking.interpretations import as_integer
from ess_ray.core.checking.reading import Reading, Registers, address_text, range_text, read_values, with_unit
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.plan import Request
from ess_ray.core.maps.registers import LAST_ADDRESS, Value

# What values of a unit usually are, far enough to be right for every plant: outside is doubtful, not wrong.
USUAL = {"%": (-1.0, 101.0), "degC": (-50.0, 150.0), "Hz": (40.0, 70.0), "V": (-3000.0, 40_000.0)}
HUGE_INTEGER, TINY_FLOAT, HUGE_FLOAT = 1 << 24, 1e-20, 1e20
MOST_HINTS = 3  # of one reading

KINDS = {
    "int16": "uint16", "uint16": "int16", "int32": "float32", "uint32": "float32", "float32": "int32",
    "int64": "float64", "uint64": "float64", "float64": "int64",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Doubt:
    """A doubtful reading, why it is one, and the guesses that mend it: "read one register later (4:1): 53.2 %"."""

    reading: Reading
    why: str
    instead: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """The guess that mends most doubtful readings of a block of registers."""

    where: str  # "4:0-124"
    guess: str
    mended: int
    doubtful: int

    def __str__(self) -> str:
        doubtful = f"{self.doubtful} of its values are" if self.doubtful > 1 else "a value of it is"
        return f"{self.where}: {doubtful} doubtful; {self.guess}, {self.mended} would be as expected"


@dataclass(frozen=True, slots=True)
class _Guess:
    text: str  # how to read it, as in "read one register later"
    change: Callable[[Value], Value | None]  # None: the guess does not apply to this value


def doubts(values: Sequence[Value], registers: Registers) -> list[Doubt]:
    """The doubtful readings among `values`, in order, each with at most MOST_HINTS guesses that mend it.

    Values that lack registers are left out. Guesses look at neighbouring registers too, as far as `registers` has them.
    """
    readings = read_values(values, registers)
    doubtful = [(reading, why) for reading in readings if reading.read and (why := _why(reading))]
    hints: list[list[str]] = [[] for _ in doubtful]
    for guess in GUESSES:
        for index, other in _under(guess, [reading.value for reading, _ in doubtful], registers):
            if _mends(other) and len(hints[index]) < MOST_HINTS:
                moved = other.value.address != doubtful[index][0].value.address
                where = f" ({address_text(other.value)})" if moved else ""
                hints[index].append(f"{guess.text}{where}: {other.text()}")
    return [Doubt(*doubt, tuple(instead)) for doubt, instead in zip(doubtful, hints, strict=True)]


def patterns(requests: Sequence[Request], values: Sequence[Value], registers: Registers) -> list[Pattern]:
    """The best guess for each request's block of registers; none for a block that no guess mends.

    A guess counts if it mends at least half of the block's doubtful readings and spoils fewer others than it mends; the
    best is the one with the most mended less spoilt. `values`: of the whole map, those outside the requests are unused.
    """
    matching = []
    for request in requests:
        inside = range(request.address, request.address + request.count)
        block = [value for value in values if value.function == request.function and value.address in inside]
        readings = read_values(block, registers)
        doubtful = {index for index, reading in enumerate(readings) if reading.read and _why(reading)}
        best, best_net = None, 0
        for guess in GUESSES if doubtful else ():
            others = list(_under(guess, block, registers))
            mended = sum(_mends(other) for index, other in others if index in doubtful)
            spoilt = sum(bool(_why(other)) for index, other in others if index not in doubtful)
            if mended - spoilt > best_net and 2 * mended >= len(doubtful):
                where = f"{request.function}:{request.address}-{inside[-1]}"
                best, best_net = Pattern(where, guess.text, mended, len(doubtful)), mended - spoilt
        matching += [best] if best else []
    return matching


def _under(guess: _Guess, values: Sequence[Value], registers: Registers) -> list[tuple[int, Reading]]:
    """(index, reading under the guess) of the values that it applies to and whose registers were read."""
    changed = [(index, other) for index, value in enumerate(values) if (other := guess.change(value))]
    readings = read_values([_free(value) for _, value in changed], registers)
    return [(index, reading) for (index, _), reading in zip(changed, readings, strict=True) if reading.read]


def _free(value: Value) -> Value:
    """The value in a column whose type holds any number."""
    return value if value.column_type in ("text", "bool") else replace(value, column_type="float8")


def _why(reading: Reading) -> str:
    """Why the reading is doubtful; empty if it is not."""
    value, number = reading.value, reading.number
    if reading.outside:
        return f"outside {range_text(value)}".replace("outside one", "not one") if range_text(value) else "no text"
    if number is None:
        return "" if value.sentinels or value.patterns or value.raw_type == "string" else "not a number"
    if isinstance(number, (str, bool)):
        return ""
    low, high = USUAL.get(value.unit, (float("-inf"), float("inf")))
    if not low <= number <= high and not (number == 0 and not any(reading.data)):
        return f"unusual for {with_unit('', value.unit).strip()}"
    return _odd_for_type(reading, abs(float(number)))


def _odd_for_type(reading: Reading, size: float) -> str:
    value = reading.value
    if value.raw_type.startswith("float"):
        return "unusual for a measured value" if size and not TINY_FLOAT < size < HUGE_FLOAT else ""
    if value.width == 1 or value.raw_type == "string" or value.minimum is not None or value.maximum is not None:
        return ""
    order = ORDERS[value.order]
    if (swapped := order.swapped(words=True)) is None:
        return ""
    signed = value.raw_type.startswith("int")
    as_is, as_swapped = (abs(as_integer(reading.data, name, signed=signed)) for name in (order.name, swapped.name))
    return "very large, and small with its words swapped" if as_is >= HUGE_INTEGER and 1000 * as_swapped < as_is else ""


def _mends(reading: Reading) -> bool:
    """True if the reading is as expected. Registers that are all zero or all ones prove nothing: much of memory is."""
    return set(reading.data) not in ({0}, {255}) and reading.number is not None and not _why(reading)


# --- guesses --------------------------------------------------------------------------------------------------------


def _order(value: Value, words: bool, bytes_: bool) -> Value | None:
    if value.raw_type == "bit" or (words and (value.width == 1 or value.raw_type == "string")):
        return None
    order = ORDERS[value.order].swapped(words=words, bytes_=bytes_)
    return None if order is None else replace(value, order=order.name)


def _shift(value: Value, by: int) -> Value | None:
    address = value.address + by
    return replace(value, address=address) if 0 <= address <= LAST_ADDRESS + 1 - value.width else None


def _kind(value: Value) -> Value | None:
    kind = KINDS.get(value.raw_type)
    return None if kind is None else replace(value, raw_type=kind, sentinels=(), patterns=(), choices=(), invert=None)


def _scale(value: Value, by: Decimal) -> Value | None:
    scalable = value.raw_type in KINDS and not value.choices and not value.invert and not value.offset
    return replace(value, scale=value.scale * by) if scalable else None


GUESSES = (
    _Guess("with its words swapped", partial(_order, words=True, bytes_=False)),
    _Guess("read one register later", partial(_shift, by=1)),
    _Guess("read one register earlier", partial(_shift, by=-1)),
    _Guess("with its bytes swapped", partial(_order, words=False, bytes_=True)),
    _Guess("with words and bytes swapped", partial(_order, words=True, bytes_=True)),
    _Guess("as another type", _kind),
    _Guess("a tenth of it", partial(_scale, by=Decimal("0.1"))),
    _Guess("a hundredth of it", partial(_scale, by=Decimal("0.01"))),
    _Guess("ten times it", partial(_scale, by=Decimal(10))),
)
