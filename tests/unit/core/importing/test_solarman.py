"""Definitions of ha-solarman: every kind of item gives the value that the definition means."""

from __future__ import annotations

from typing import Any

import pytest

from ess_ray.adapters.importing.trees import read_yaml
from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.core.importing.item import Import
from ess_ray.core.importing.solarman import is_solarman, read_solarman
from tests.imported import Memory, decoded, loaded, made


def definition(*items: str, head: str = "") -> Import:
    lines = [head, "parameters:", " - group: all", "   items:", *(f"   - {{{item}}}" for item in items)]
    text = "\n".join(filter(None, lines))
    tree = read_yaml(text, "definition")
    assert is_solarman(tree)
    return read_solarman(tree, line_finder(text))


def row(found: Import, memory: Memory, device: int = 0) -> dict[str, Any]:
    (only,) = decoded(made(found, device).text, memory)["imported"]
    return only


@pytest.mark.parametrize(
    ("item", "registers", "expected"),
    [
        ("name: a, rule: 1, registers: [5]", {5: 65535}, {"a": 65535}),
        ("name: a, rule: 2, registers: [5], scale: 0.1", {5: 65535}, {"a": -0.1}),
        ("name: a, rule: 3, registers: [5, 6]", {5: 1, 6: 2}, {"a": 131073}),
        ("name: a, rule: 4, registers: [6, 5], scale: 10", {5: 0xFFFF, 6: 0xFFFE}, {"a": -20.0}),
        ("name: a, rule: 1, registers: [5], offset: 1000, scale: 0.1", {5: 1250}, {"a": 25.0}),
        ("name: a, rule: 1, registers: [5], mask: 3840, divide: 256", {5: 0x2B34}, {"a": 11}),
        ("name: a, rule: 1, registers: [5], mask: 48", {5: 0x0031}, {"a": 48.0}),
        ("name: a, rule: 1, registers: [5], mask: 512", {5: 0x0200}, {"a": True}),
        ("name: a, rule: 1, registers: [5], bit: 3", {5: 8}, {"a": True}),
        ("name: a, rule: 1, registers: [5, 6], bit: 17", {5: 0, 6: 2}, {"a": True}),
        ("name: a, rule: 1, registers: [5], value: {bit: 2}, platform: switch", {5: 4}, {"a": True}),
        ("name: a, rule: 2, registers: [5], inverted: true", {5: 7}, {"a": -7}),
        ("name: a, rule: 5, registers: [5, 6]", {5: 0x4142, 6: 0x3100}, {"a": "AB1"}),
        ("name: a, rule: 9, registers: [5]", {5: 1330}, {"a": "13:30"}),
        ("name: a, rule: 9, registers: [5], dec: 256", {5: 0x0D1E}, {"a": "13:30"}),
        ("name: a, rule: 9, registers: [5, 6]", {5: 13, 6: 30}, {"a": "13:30"}),
        ("name: a, rule: 9, registers: [5], hex: ", {5: 0x1330}, {"a": 1330}),
        ("name: a, rule: 9, registers: [5, 6], hex: , offset: 12336", {5: 0x3133, 6: 0x3330}, {"a": "1330"}),
        ("name: a, rule: 8, registers: [5, 6, 7]", {5: 0x1A0B, 6: 0x1B07, 7: 0x3A05}, {"a": "2026-11-27T07:58:05"}),
        (
            "name: a, rule: 8, registers: [5, 6, 7, 8, 9, 10]",
            {5: 26, 6: 11, 7: 27, 8: 7, 9: 58, 10: 5},
            {"a": "2026-11-27T07:58:05"},
        ),
        ("name: a, rule: 7, registers: [5]", {5: 0x1234}, {"a": "1.2.3.4"}),
        ("name: a, rule: 7, registers: [7, 5]", {5: 0x1234, 7: 0x0105}, {"a_1": "0.1.0.5", "a_2": "1.2.3.4"}),
        ("name: a, rule: 6, registers: [5, 6]", {5: 1, 6: 0x2A}, {"a_1": "0x0001", "a_2": "0x002A"}),
        ("name: a, rule: 10, registers: [5]", {5: 7}, {"a": 7}),
    ],
)
def test_an_item_gives_its_value(item: str, registers: dict[int, int], expected: dict[str, Any]) -> None:
    assert row(definition(item), {(3, at): number for at, number in registers.items()}) == expected


def test_meanings_ranges_and_units_are_carried_over() -> None:
    found = definition(
        "name: State, rule: 1, registers: [1], lookup: [{key: 0, value: Off}, {key: [2, 512], value: On}], uom: x",
        "name: Soc, rule: 1, registers: [2], scale: 0.1, range: {min: 0, max: 1000}, uom: '%'",
        "name: Power, rule: 2, registers: [3], validation: {min: -50, dev: 5, invalidate_all: }, uom: W",
    )
    state, soc, power = loaded(made(found).text).values
    assert (state.choices, state.unit) == ((0, 2, 512), "")
    assert (str(soc.minimum), str(soc.maximum), soc.unit) == ("0", "100", "%")
    assert (str(power.minimum), power.maximum) == ("-50", None)
    assert "drops it by dev and invalidate_all; here it is kept" in made(found).text


def test_sums_are_computed_from_the_columns_that_are_there_and_further_ones() -> None:
    found = definition(
        "name: Load, rule: 2, scale: 0.1, sensors: [{registers: [1]}, {operator: subtract, signed: , registers: [2]},"
        " {registers: [3], scale: 1}]",
        "name: Grid, rule: 1, registers: [1], scale: 0.1",
        "name: PV, rule: 1, sensors: [{registers: [1], scale: 0.1, multiply: {registers: [4], scale: 0.01}}]",
        "name: Share, rule: 1, sensors: [{registers: [1], scale: 10}, {operator: divide, registers: [3]}]",
    )
    memory = {(3, 1): 100, (3, 2): 0xFFFF, (3, 3): 5, (3, 4): 250}
    assert row(found, memory) == {
        "grid": 10.0, "load_part_2": -0.1, "load_part_3": 5, "pv_part_1_factor": 2.5,
        "load": 15.1, "pv": 25.0, "share": 200.0,
    }  # fmt: skip


def test_each_model_has_a_map_and_what_one_has_is_not_left_out() -> None:
    found = definition(
        "name: Both, rule: 1, registers: [[1], [2]], scale: [0.1, 0.01]",
        "name: Second, rule: 1, registers: [[], [3]]",
        "name: None, rule: 1, registers: [[], []]",
        head="info: {model: [LP3, HP3]}",
    )
    assert [device.name for device in found.devices] == ["LP3", "HP3"]
    assert row(found, {(3, 1): 10}, 0) == {"both": 1.0}
    assert row(found, {(3, 2): 10, (3, 3): 7}, 1) == {"both": 0.1, "second": 7}
    assert [one.name for one in found.left_out] == ["None"]


def test_functions_and_periods_come_from_item_group_requests_and_defaults() -> None:
    text = """
default: {update_interval: 5, code: 4}
requests: [{start: 100, end: 109, mb_functioncode: 3}]
parameters:
 - group: fast
   items: [{name: a, rule: 1, registers: [1]}, {name: b, rule: 1, registers: [105]}]
 - group: slow
   update_interval: 300
   items: [{name: c, rule: 1, registers: [2], code: {read: 3, write: 6}}, {name: d, rule: 1, registers: [3], update_interval: 60}]
"""  # noqa: E501
    values = loaded(made(read_solarman(read_yaml(text, "x"), line_finder(text))).text).values
    assert {value.column: (value.function, value.period_us // 1_000_000) for value in values} == {
        "a": (4, 0),
        "b": (3, 0),
        "c": (3, 300),
        "d": (4, 60),
    }


def test_what_cannot_be_carried_over_says_why() -> None:
    found = definition(
        "name: good, rule: 1, registers: [1]",
        "name: button, rule: 0, platform: button",
        "name: idle, rule: 1, registers: [2], disabled: ",
        "name: gaps, rule: 1, registers: [3], mask: 5",
        "name: floor, rule: 1, registers: [4], divide: 7",
        "name: choice, rule: 1, sensors: [{registers: [5], enabled_lookup: {mode: [a]}}]",
        "name: text, rule: 5, registers: [9, 8]",
    )
    assert {one.name: (one.where, one.reason) for one in found.left_out} == {
        "button": ("line 5", "it has no register that is read: the program computes it, or it is a button"),
        "idle": ("line 6", "it is disabled in the file"),
        "gaps": ("line 7", "its mask 0x5 has gaps"),
        "floor": ("line 8", "it is divided by 7 and rounded down"),
        "choice": ("line 9", "what it is computed from depends on a setting of the device"),
        "text": ("line 10", "a text of registers [9, 8]: a map has them in a row, at most 125"),
    }
