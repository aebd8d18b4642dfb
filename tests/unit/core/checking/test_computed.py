"""What a check shows of computed columns is what would be stored of them."""

from __future__ import annotations

import pytest
import yaml

from ess_ray.core.checking.computed import compute_readings, computed_doubts
from ess_ray.core.checking.reading import read_values
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.standard import load_standard

COLUMNS = {name: {"type": "float8", "unit": "kW", "meaning": "…"} for name in "abcd"}
STANDARD = load_standard({"tables": {"t": {"columns": COLUMNS}}})
MAP = load_map(
    "m",
    yaml.safe_load("""
period_s: 1
function: 3
blocks:
  - table: t
    runs: [{at: 0, scale: 0.1, columns: [a, b: {sentinel: 9}, c: {sum: [a, b], max: 5}, d: {quotient: [a, -c]}]}]
"""),
    STANDARD,
)


@pytest.mark.parametrize(
    ("registers", "texts", "doubts"),
    [
        ([1, 2], ["0.3 kW", "-0.3333333 kW"], []),
        ([40, 20], ["6 kW", "-0.6666667 kW"], ["outside to 5"]),
        ([5, -5], ["0 kW", "no value"], ["divided by zero, or too large"]),
        ([1, 9], ["no value", "no value"], []),
        ([1], ["not read", "not read"], []),
    ],
)
def test_computed_columns_are_read_as_they_would_be_stored(
    registers: list[int], texts: list[str], doubts: list[str]
) -> None:
    held = {(3, address): number & 0xFFFF for address, number in enumerate(registers)}
    readings = compute_readings(MAP.computed, read_values(MAP.values, held))
    assert [reading.text() for reading in readings] == texts
    assert [doubt.why for doubt in computed_doubts(readings)] == doubts
