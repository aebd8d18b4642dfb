"""Registers beside values, as a simulated plant sends them: decoded, they give the plant that a plain map gives."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ess_ray.core.checking.reading import read_values
from ess_ray.core.maps.mapfile import load_map
from ess_ray.simulator.plant import Plant
from tests.make import shipped_standard

NOON_S = 20_230 * 86_400 + 3 * 3_600  # in Korea


def read(columns: str, second: int) -> dict[str, Any]:
    """The values of a simulated plant with one rack, by column."""
    text = (
        f"{{period_s: 1, function: 3, blocks: [{{table: rack, ids: {{bank_id: 1, rack_id: 1}}, runs: [{columns}]}}]}}"
    )
    plant = load_map("test", yaml.safe_load(text), shipped_standard())
    image = Plant(plant, 7).image(second * 1_000_000)[3]
    registers = {(3, at): int.from_bytes(image[2 * at : 2 * at + 2]) for at in range(len(image) // 2)}
    return {reading.value.column: reading.number for reading in read_values(plant.values, registers)}


@pytest.mark.parametrize("second", [NOON_S, NOON_S + 6 * 3_600])
@pytest.mark.parametrize(
    "voltage",
    [
        "exponent: 9",
        "factor: {at: 9, type: uint32}, scale: 0.1",
        "divisor: {at: 9, type: float32}",
        "exponent: 9, sign: 7",
    ],
)
def test_a_simulated_plant_is_the_same_with_registers_beside_its_values(voltage: str, second: int) -> None:
    plain = "{at: 0, type: float32, columns: [rack_voltage, rack_current, rack_soc]}"
    beside = f"""{{at: 0, columns: [
        rack_voltage: {{type: int32, {voltage}}},
        rack_current: {{type: uint16, scale: 0.1, sign: {{at: 3, bit: 5, negative: 0}}}},
        rack_status_for_warning: {{bit: 5}},
        rack_soc: {{at: 4, scale: 0.01}}]}}"""
    expected, found = read(plain, second), read(beside, second)
    current = expected["rack_current"]
    assert found["rack_status_for_warning"] == (0 if current < 0 else 1)  # the very bit
    assert found["rack_current"] == pytest.approx(current, abs=0.1)
    assert found["rack_voltage"] == pytest.approx(expected["rack_voltage"], abs=0.5)
    assert found["rack_soc"] == pytest.approx(expected["rack_soc"], abs=0.01)


def test_both_directions_of_a_current_are_met() -> None:
    columns = "{at: 0, columns: [rack_current: {type: uint16, scale: 0.1, sign: 1}]}"
    currents = [read(columns, NOON_S + hour * 3_600)["rack_current"] for hour in range(-3, 11)]
    assert min(currents) < -1 < 1 < max(currents)
