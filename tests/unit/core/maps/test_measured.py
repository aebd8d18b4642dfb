"""Which values of a map move by themselves, and when an image says nothing of any."""

from __future__ import annotations

import pytest

from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.measured import says_nothing
from ess_ray.core.maps.plan import locate, make_plan
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import load_standard
from tests.make import shipped_map

COLUMNS = {
    "volt": {"type": "float8", "unit": "V", "meaning": "a voltage"},
    "cell": {"type": "int4", "unit": "mV", "meaning": "a voltage in whole numbers"},
    "number": {"type": "float8", "meaning": "a number without a unit"},
    "energy": {"type": "float8", "unit": "kWh", "meaning": "a counter"},
    "state": {"type": "int4", "meaning": "a state"},
    "name": {"type": "text", "meaning": "a text"},
    "on": {"type": "bool", "meaning": "a bit"},
    "cells": {"type": "int4[]", "unit": "mV", "meaning": "several voltages"},
}
STANDARD = load_standard({"tables": {"t": {"columns": COLUMNS}}})


def map_of(*columns: object, **attributes: object) -> RegisterMap:
    runs = [{"at": 10, "columns": list(columns)}]
    return load_map(
        "m", {"period_s": 1, "function": 3, "blocks": [{"table": "t", "runs": runs}], **attributes}, STANDARD
    )


def offsets(register_map: RegisterMap) -> list[int]:
    return [offset for measured in make_plan(register_map).measured for offset in measured.offsets]


@pytest.mark.parametrize(
    ("columns", "measured"),
    [
        (["state", {"name": {"type": "string", "length": 4}}, {"on": {"bit": 3}}, "energy"], []),
        (["volt"], [0]),
        (["state", "number"], [2]),
        (["state", {"cell": {"type": "uint16"}}], [2]),
        ([{"cells": {"count": 3}}], [0, 2, 4]),
        ([{"energy": {"type": "uint32"}}, {"volt": {"type": "float32"}}], [4]),
    ],
)
def test_what_is_measured_is_told_from_states_and_counters(columns: list[object], measured: list[int]) -> None:
    assert offsets(map_of(*columns)) == measured


@pytest.mark.parametrize("name", ["sionyu", "panri", "seokhwan", "hwanggeum6"])
def test_every_shipped_map_has_measured_values_where_the_plan_reads_them(name: str) -> None:
    register_map = shipped_map(name)
    plan = make_plan(register_map, max_registers=40)
    volts = {locate(plan, value) for value in register_map.values if value.unit == "V"}
    assert volts
    assert volts <= {offset for measured in plan.measured for offset in measured.offsets}


@pytest.mark.parametrize(
    ("volt", "order", "image", "nothing"),
    [
        ({}, "ABCD", "0000", True),
        ({}, "ABCD", "0001", False),
        ({"sentinel": "0x8000"}, "ABCD", "8000", True),
        ({"sentinel": "0x8001"}, "BADC", "0180", True),
        ({"sentinel": "0x8001"}, "BADC", "8001", False),
        ({"type": "uint32", "sentinel": "0xFFFF0000"}, "CDAB", "0000FFFF", True),
        ({"type": "float32", "sentinel": "0xFF7FFFFF"}, "ABCD", "FF7FFFFF", True),
        ({"type": "float32", "sentinel": -1}, "ABCD", "BF800000", True),
        ({"type": "float32", "sentinel": -1}, "ABCD", "3F800000", False),
    ],
)
def test_zero_and_no_value_say_nothing(volt: dict[str, object], order: str, image: str, nothing: bool) -> None:
    plan = make_plan(map_of("state", {"volt": {**volt, "order": order}}))
    assert says_nothing(bytes.fromhex("1234" + image), plan.measured) is nothing
