"""A map that leaves something to its device is, once that is said, the map that one would have written by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.handed import Handed, answers, open_places, put

OPEN = """\
period_s: 1
scale: device.ct_ratio
blocks:
  - table: rack
    ids: {bank_id: 1, rack_id: device}
    runs:
      - {at: device.first, note: device.first, columns: [rack_soc: {enum: {0: device.first}}]}
  - table: module
    ids: {bank_id: 1, rack_id: device}
    repeat: {module_id: device}
    runs: [{at: 9, stride: 2, columns: [cell_voltage_1]}]
"""


def filled(ids: Mapping[str, object], parameters: Mapping[str, object]) -> Any:
    tree = yaml.safe_load(OPEN)
    handed = Handed(ids, parameters, {"unit_id": 7})
    given = answers(open_places(tree), handed, lambda path: f"map m, {path[0]}", ConfigError)
    assert tree == yaml.safe_load(OPEN), "the tree that is filled is not changed"
    return put(tree, given)


def test_what_is_handed_over_stands_where_it_was_asked_for_and_nowhere_else() -> None:
    by_hand = OPEN.replace("rack_id: device", "rack_id: 3").replace("module_id: device", "module_id: 2..5")
    by_hand = by_hand.replace("at: device.first", "at: 40").replace("device.ct_ratio", "0.5")
    assert filled({"rack_id": 3, "module_id": "2..5"}, {"first": 40, "ct_ratio": 0.5}) == yaml.safe_load(by_hand)


def test_one_number_under_repeat_is_that_row_and_not_so_many() -> None:
    tree = filled({"rack_id": 3, "module_id": 4}, {"first": 40, "ct_ratio": 1})
    assert tree["blocks"][1]["repeat"] == {"module_id": "4..4"}


def test_a_map_without_open_places_stays_the_very_tree() -> None:
    tree = {"blocks": [{"ids": {"rack_id": 1}, "note": "device"}]}
    assert put(tree, answers(open_places(tree), Handed(always={"unit_id": 3}), str, ConfigError)) is tree


def test_the_unit_id_need_not_be_said_again() -> None:
    tree = {"blocks": [{"ids": {"rack_id": "device.unit_id"}}]}
    given = answers(open_places(tree), Handed(always={"unit_id": 3}), str, ConfigError)
    assert put(tree, given) == {"blocks": [{"ids": {"rack_id": 3}}]}


GOOD_IDS, GOOD_PARAMETERS = {"rack_id": 3, "module_id": "2..5"}, {"first": 40, "ct_ratio": 0.5}


@pytest.mark.parametrize(
    ("ids", "parameters", "key", "problem"),
    [
        ({"rack_id": None}, {}, "ids", "map m, blocks leaves rack_id to the device: write `ids: {rack_id: 3}`"),
        ({}, {"ct_ratio": None}, "parameters", "map m, scale leaves ct_ratio to the device: write `parameters: {"),
        ({"rack": 3}, {}, "ids.rack", "unknown name 'rack'; did you mean rack_id?"),
        ({}, {"ratio": 3}, "parameters.ratio", "did you mean ct_ratio?"),
        ({"rack_id": -1}, {}, "ids.rack_id", "expected a whole number from 0 to 32767, found -1"),
        ({"rack_id": 32768}, {}, "ids.rack_id", "found 32768"),
        ({"rack_id": True}, {}, "ids.rack_id", "found True"),
        ({"rack_id": 1.0}, {}, "ids.rack_id", "found 1.0"),
        ({"rack_id": [1]}, {}, "ids.rack_id", r"found \[1\]"),
        ({"rack_id": "1..3"}, {}, "ids.rack_id", "several, as 1..3, go under repeat"),
        ({"module_id": "3..1"}, {}, "ids.module_id", "expected a whole number or first..last from 0 to 32767"),
        ({"module_id": "1..99999"}, {}, "ids.module_id", "found '1..99999'"),
        ({}, {"first": {"a": 1}}, "parameters.first", "expected one number or text"),
    ],
)
def test_what_does_not_fit_is_said_with_its_key(
    ids: Mapping[str, object], parameters: Mapping[str, object], key: str, problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem) as told:
        filled({**GOOD_IDS, **ids}, {**GOOD_PARAMETERS, **parameters})
    assert told.value.key == key


def test_a_map_that_asks_for_nothing_says_how_it_would() -> None:
    with pytest.raises(ConfigError, match=r"write `ids: \{rack_id: device\}` in a block of the map, or leave this out"):
        answers((), Handed({"rack_id": 3}), str, ConfigError)
