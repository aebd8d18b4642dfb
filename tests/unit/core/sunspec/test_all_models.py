"""Maps of SunSpec's models: an independent device of each is decoded value by value, whatever it has and lacks."""

from __future__ import annotations

from random import Random

import pytest

from ess_ray.adapters.importing.sunspec_definitions import model_numbers
from tests.sunspec_device import NUMBERS, make_model
from tests.sunspec_maps import cells_by_address, decoded, map_of, stored


@pytest.mark.parametrize("number", NUMBERS)
def test_every_value_of_a_model_is_decoded_as_an_independent_device_means_it(number: int) -> None:
    models = (make_model(number, 40002, Random(f"{number} {seed}")) for seed in range(99))
    model = next(model for model in models if model.cells)  # some have nothing but groups, and those 0 times
    register_map = map_of(model)
    found = decoded(register_map, model)
    wanted = cells_by_address([model])
    assert found.keys() == wanted.keys()
    for value in register_map.values:
        cell, number_found = wanted[value.address], found[value.address]
        assert value.ids[len(value.ids) - len(cell.rows) :] == cell.rows, cell
        assert number_found == stored(cell, value.unit, value.column_type), (value, cell)


def test_every_definition_of_the_package_is_read() -> None:
    assert list(model_numbers()) == NUMBERS
    assert len(NUMBERS) >= 112
