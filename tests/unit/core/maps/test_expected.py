"""What a map expects of registers: at which levels it may stand, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ess_ray.core.errors import MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.registers import Expected
from ess_ray.core.maps.standard import load_standard
from ess_ray.simulator.plant import Plant

COLUMN = {"type": "int4", "meaning": "…"}
STANDARD = load_standard({"tables": {"one": {"identity": ["part"], "columns": dict.fromkeys("abcd", COLUMN)}}})


def tree(top: Any, block: Any, run: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"at": 10, "stride": 2, "columns": ["a", "b"]} | ({"expect": run} if run else {})
    blocks = [{"table": "one", "repeat": {"part": 2}, "runs": [made]} | ({"expect": block} if block else {})]
    return {"period_s": 1, "function": 3, "blocks": blocks} | ({"expect": top} if top else {})


def test_the_levels_around_a_value_all_count_and_every_row_has_the_same() -> None:
    values = load_map("m", tree({0: 1}, {1: 2, 0: 1}, {"2": 3}), STANDARD).values
    assert {value.expected for value in values} == {(Expected(3, 0, 1), Expected(3, 1, 2), Expected(3, 2, 3))}
    assert len(values) == 4


def test_what_is_expected_does_not_change_how_a_map_is_decoded() -> None:
    hashes = {load_map("m", tree(top, None, None), STANDARD).map_hash for top in (None, {0: 1}, {0: 2})}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"x": 1}, "expected an address with the number that it holds"),
        ({0: 70000}, "expected a whole number from 0 to 65535, found 70000"),
        ({70000: 1}, "expected a whole number from 0 to 65535, found 70000"),
        ([1], "expected addresss with values"),
    ],
)
def test_what_cannot_be_expected_is_refused(wrong: Any, words: str) -> None:
    with pytest.raises(MapError) as error:
        load_map("m", tree(None, wrong, None), STANDARD)
    assert words in str(error.value)


def test_the_simulator_holds_what_a_map_expects() -> None:
    plant = Plant(load_map("m", tree({0: 103, 10: 777}, None, None), STANDARD), seed=1)
    image = plant.image(1_700_000_000_000_000)[3]
    assert image[0:2] == (103).to_bytes(2)
    assert image[20:22] == (777).to_bytes(2)
    assert plant.readable[3][0] == 1
