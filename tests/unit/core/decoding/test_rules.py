"""Numbers at the ends of their types: the value that is meant or none at all, and never a warning of numpy.

pytest makes an error of every warning (`filterwarnings` in pyproject.toml).
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ess_ray.core.checking.reading import Reading, read_values
from ess_ray.core.maps.fit import MOST_DECIMALS
from ess_ray.core.maps.raw_types import TYPES
from ess_ray.core.maps.registers import Value

FORMATS = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q", "float32": ">f",
           "float64": ">d"}  # fmt: skip
DECIMALS = st.decimals(-10, 10, allow_nan=False, places=6).flatmap(
    lambda digits: st.integers(-MOST_DECIMALS + 6, MOST_DECIMALS - 1).map(digits.scaleb)
)


def read(raw_type: str, data: bytes, **attributes: object) -> Reading:
    value = Value("t", "c", None, (), 3, 0, TYPES[raw_type].registers, raw_type, **attributes)  # type: ignore[arg-type]
    words = struct.unpack(f">{value.width}H", data)
    return read_values([value], {(3, address): word for address, word in enumerate(words)})[0]


@given(
    st.sampled_from(sorted(FORMATS)), st.binary(min_size=8, max_size=8), DECIMALS.filter(bool), DECIMALS,
    st.sampled_from(["float8", "float4"]), st.none() | DECIMALS,
)  # fmt: skip
def test_a_number_is_the_one_that_is_meant_or_none(
    raw_type: str, data: bytes, scale: Decimal, offset: Decimal, column_type: str, minimum: Decimal | None
) -> None:
    data = data[: 2 * TYPES[raw_type].registers]
    reading = read(raw_type, data, scale=scale, offset=offset, column_type=column_type, minimum=minimum)
    (raw,) = struct.unpack(FORMATS[raw_type], data)
    if math.isnan(raw):
        assert (reading.number, reading.outside) == (None, False)
    elif math.isinf(raw):
        assert reading.number == raw * math.copysign(1, scale)
    elif reading.number is None:  # too large for the column, or on the way there
        assert reading.outside
        assert raw_type.startswith("float") or column_type == "float4"
    else:
        meant = Fraction(raw) * Fraction(scale) + Fraction(offset)
        error = abs(Fraction(reading.number) - meant)
        size = max(abs(Fraction(raw) * Fraction(scale)), abs(Fraction(offset)))  # terms may cancel each other
        assert error <= size * Fraction(1, 1 << (22 if column_type == "float4" else 50)) + Fraction(1, 10**37)


@pytest.mark.parametrize("column_type", ["float8", "float4"])
@pytest.mark.parametrize(
    ("raw_type", "bits"),
    [
        ("float32", "7FC00000"),
        ("float32", "7F800001"),
        ("float64", "7FF8000000000000"),
        ("float64", "7FF0000000000001"),
    ],
)
def test_nan_of_either_kind_is_no_value(raw_type: str, bits: str, column_type: str) -> None:
    limits = {"minimum": Decimal(0), "maximum": Decimal(1), "sentinels": (-1,), "column_type": column_type}
    reading = read(raw_type, bytes.fromhex(bits), **limits, scale=Decimal("0.1"))
    assert (reading.number, reading.outside) == (None, False)


@pytest.mark.parametrize(
    ("raw", "scale", "column_type", "number", "flagged"),
    [
        (1.7e308, "10", "float8", None, True),  # no double holds it
        (1.7e308, "0.1", "float8", 1.7e307, False),
        (math.inf, "10", "float8", math.inf, False),  # the device says so
        (-math.inf, "0.1", "float4", -math.inf, False),
        (1e39, "1", "float4", None, True),
        (1e39, "0.01", "float4", pytest.approx(1e37), False),
        (1e-320, "0.001", "float8", 1e-323, False),
    ],
)
def test_what_no_column_can_hold_is_null_and_flagged(
    raw: float, scale: str, column_type: str, number: float | None, flagged: bool
) -> None:
    reading = read("float64", struct.pack(">d", raw), scale=Decimal(scale), column_type=column_type)
    assert (reading.number, reading.outside) == (number, flagged)
