"""What a value of a map is expected to read: by its range, its unit, its name, its type. Pure.

Used twice. A reading is *doubtful* if it is out of its range, or not what its unit or type lets one expect (a state of
charge of 600 %, a float of 1e-39). And each reading is *evidence*: a number that says how well it fits its column, by
which `core.checking.causes` weighs a whole map under another assumption. Evidence of 1 doubles and more the trust in an
assumption, -4 all but rules it out; numbers of this kind are logarithms of likelihoods, rounded by hand.
"""

from __future__ import annotations

import math
import re

from ess_ray.core.checking.guesses import KINDS
from ess_ray.core.checking.interpretations import as_integer
from ess_ray.core.checking.reading import Reading, range_text, with_unit
from ess_ray.core.maps.order import ORDERS
from ess_ray.core.maps.registers import COMPUTED, Value

# What values of a unit usually are, far enough to be right for every plant: outside is doubtful, not wrong.
USUAL = {"%": (-1.0, 101.0), "degC": (-50.0, 150.0), "Hz": (40.0, 70.0), "V": (-3000.0, 40_000.0)}
CELL_VOLT = (-1.0, 10.0)
# What most plants' values are, by unit and by a part of the column's name, the first that fits; used as evidence only.
TYPICAL = (
    ("%", "soh", 60.0, 101.0), ("%", "thd", 0.0, 20.0), ("%", "soc", 10.0, 101.0), ("%", "", 1.0, 100.0),
    ("degC", "gap", 0.0, 20.0), ("degC", "", -10.0, 65.0),
    ("Hz", "", 49.0, 61.0),
    ("V", r"cell.*gap|gap.*cell", 0.0, 0.5), ("V", "cell", 2.0, 4.5), ("V", "module|tray", 10.0, 120.0),
    ("V", "", 90.0, 1600.0),
    ("A", "", -3000.0, 3000.0), ("kW", "", -5000.0, 5000.0), ("kvar", "", -5000.0, 5000.0),
    ("", r"power_factor|_pf$", -1.0, 1.0),
)  # fmt: skip
HUGE_INTEGER, TINY_FLOAT, HUGE_FLOAT = 1 << 24, 1e-20, 1e20
FITS, EMPTY, ODD, CONTRADICTS = 1.0, -0.5, -1.0, -4.0
SELDOM_ZERO = ("%", "V", "Hz")  # of a plant that runs
SMALL_STATE = 15  # states and flags are rarely numbered higher


def why_doubtful(reading: Reading) -> str:
    """Why a reading that was read is doubtful; empty if it is not."""
    value, number = reading.value, reading.number
    if value.raw_type == COMPUTED and number is None:
        return "divided by zero, or too large" if reading.outside else ""
    if reading.outside:
        range_ = range_text(value)
        return f"outside {range_}".replace("outside one", "not one") if range_ else _nothing(value)
    if number is None:
        return "" if value.sentinels or value.patterns or value.is_text else "not a number"
    if isinstance(number, (str, bool)):
        return ""
    low, high = USUAL.get(value.unit, (-math.inf, math.inf))
    if value.unit == "V" and "cell" in value.column:
        low, high = CELL_VOLT
    if not low <= number <= high and not (number == 0 and not any(reading.data)):
        return f"unusual for {with_unit('', value.unit).strip()}"
    return _odd_for_type(reading, abs(float(number)))


def _nothing(value: Value) -> str:
    return "no text" if value.raw_type == "string" else "means nothing"


def fits(reading: Reading) -> bool:
    """True if it was read and is not doubtful."""
    return reading.read and not why_doubtful(reading)


def mends(reading: Reading) -> bool:
    """True if the reading is as expected. Registers that are all zero or all ones prove nothing: much of memory is."""
    return not proves_nothing(reading) and reading.number is not None and not why_doubtful(reading)


def proves_nothing(reading: Reading) -> bool:
    """True if all bytes are 0 or all are 255, as in memory that is not used."""
    return set(reading.data) in ({0}, {255})


def evidence(reading: Reading) -> float:
    """How well a reading that was read fits its column: more than 0 for, less against."""
    value, number = reading.value, reading.number
    if reading.outside:
        return CONTRADICTS
    if number is None:
        return 0.0 if value.sentinels or value.patterns or value.is_text else CONTRADICTS
    if isinstance(number, (str, bool)):
        return 0.0
    if proves_nothing(reading):
        return EMPTY if value.unit in SELDOM_ZERO else 0.0
    if why_doubtful(reading):
        return CONTRADICTS
    return _by_range(value) + _by_quantity(value, float(number)) + _by_words(reading)


def _by_range(value: Value) -> float:
    """Evidence of being inside the map's own range: the more, the less of what the registers can hold it covers."""
    limits = value.limits
    if value.choices:
        return FITS
    if limits is None or value.minimum is None or value.maximum is None or value.sides:
        return 0.0
    share = float((value.maximum - value.minimum) / abs(value.scale)) / (limits[1] - limits[0])
    return FITS if share < 0.25 else 0.0


def _by_quantity(value: Value, number: float) -> float:
    for unit, name, low, high in TYPICAL:
        if value.unit == unit and re.search(name, value.column):
            return FITS if low <= number <= high else ODD
    if not value.unit and value.scale == 1 and value.column_type.startswith("int"):
        return FITS / 2 if abs(number) <= SMALL_STATE else ODD
    return 0.0


def _by_words(reading: Reading) -> float:
    """Evidence of the words of a wide number: the high one is mostly small, a low one is anything."""
    value = reading.value
    if value.width == 1 or value.raw_type not in KINDS or value.signed:
        return 0.0
    if value.raw_type.startswith("float"):
        size = abs(float(reading.number or 0.0) / float(value.scale))
        return FITS if 1e-3 <= size <= 1e8 else ODD * 2
    signed = value.raw_type.startswith("int")
    size = abs(as_integer(reading.data, value.order, signed=signed))
    return -math.log2((size + 1) / 2.0 ** (16 * value.width)) / 8


def _odd_for_type(reading: Reading, size: float) -> str:
    value = reading.value
    if value.raw_type.startswith("float"):
        return "unusual for a measured value" if size and not TINY_FLOAT < size < HUGE_FLOAT else ""
    if value.width <= 1 or value.raw_type not in KINDS or value.signed or value.words:
        return ""
    if value.minimum is not None or value.maximum is not None:
        return ""
    order = ORDERS[value.order]
    if (swapped := order.swapped(words=True)) is None:
        return ""
    signed = value.raw_type.startswith("int")
    as_is, as_swapped = (abs(as_integer(reading.data, name, signed=signed)) for name in (order.name, swapped.name))
    return "very large, and small with its words swapped" if as_is >= HUGE_INTEGER and 1000 * as_swapped < as_is else ""
