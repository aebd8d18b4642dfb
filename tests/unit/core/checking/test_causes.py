"""One mistake of a map is named as such, and nothing is said of a map that is right."""

from __future__ import annotations

import pytest

from ess_ray.core.checking.causes import Asking, Cause, find_causes, find_unit
from ess_ray.core.checking.diagnosis import mapped_keys
from ess_ray.core.checking.scopes import runs
from ess_ray.core.checking.survey import Survey
from ess_ray.core.maps.registers import Value
from tests.unit.core.checking.tries import PLANTS, Registers, Try, device, plant_map, tries

LEAST_SHARE = 0.95  # of the tries in which the right cause is named first
MOST_REQUESTS = 250  # of one try


def diagnose(values: tuple[Value, ...], read: Registers) -> list[Cause]:
    survey = Survey()
    survey.cover(mapped_keys(values), read.read, 60)
    return find_causes(values, survey, Asking(read.read, 150))


def is_named(one: Try, causes: list[Cause]) -> bool:
    return bool(causes) and (causes[0].kind, causes[0].scope.value) == (one.kind, one.scope)


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("name", PLANTS[:3])
def test_the_right_cause_is_named_first(name: str, ranges: bool) -> None:
    wrong: dict[str, list[str]] = {}
    number = 0
    for one in tries(name, ranges):
        plant = device(name, plant_map(name, ranges))
        causes = diagnose(one.values, plant)
        number += 1
        assert plant.requests <= MOST_REQUESTS, one.name
        if not is_named(one, causes):
            wrong[one.name] = [*map(str, causes)]
    assert len(wrong) <= (1 - LEAST_SHARE) * number, wrong
    assert number > 25


@pytest.mark.parametrize("name", ["sionyu", "hwanggeum6"])
def test_registers_that_a_device_lacks_are_no_mistake_of_the_map(name: str) -> None:
    values = plant_map(name, ranges=True)
    registers = device(name, values).registers
    for run in runs(values):
        for lacking in (run.indices, run.indices[:2], run.indices[-2:]):
            keys = {*mapped_keys(values[index] for index in lacking)}
            plant = Registers({key: number for key, number in registers.items() if key not in keys})
            assert [*map(str, diagnose(values, plant))] == []


def test_another_unit_that_the_map_fits_is_named() -> None:
    right = plant_map("sionyu", ranges=True)
    fits, other = device("sionyu", right), Registers(dict.fromkeys(mapped_keys(right), 4711))
    survey = Survey()
    survey.cover(mapped_keys(right), other.read, 60)
    units = {2: Asking(Registers({}).read, 60), 3: Asking(fits.read, 60), 4: Asking(other.read, 60)}
    found = find_unit(right, survey, units)
    assert found
    assert found[1] == 3
    assert str(found[0]).endswith(f"set unit_id: 3 ({len(right)} of {len(right)} values are as expected then, 47 now)")


@pytest.mark.parametrize("hour", [0, 6, 12, 18])
@pytest.mark.parametrize("name", PLANTS)
def test_nothing_is_said_of_a_map_that_is_right(name: str, hour: int) -> None:
    for values in (plant_map(name, True, cut=False), plant_map(name, False, cut=False)):
        assert [*map(str, diagnose(values, device(name, values, hour)))] == []
