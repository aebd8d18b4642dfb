"""Maps of whole devices: whose values they are, what deviates from the definitions, what one request can hold."""

from __future__ import annotations

import pytest

from ess_ray.core.maps.plan import make_plan
from ess_ray.core.maps.registers import MAX_REGISTERS
from tests.sunspec_device import make_chain as chain
from tests.sunspec_maps import decoded, made_of, map_of


@pytest.mark.parametrize(
    ("numbers", "rows"),
    [
        ((1, 103, 160), {("inverter", (1,)), ("string", (1, 1))}),
        ((1, 103, 1, 103, 160), {("inverter", (1,)), ("inverter", (2,)), ("string", (2, 1))}),
        ((1, 103, 1, 203, 1, 203), {("inverter", (1,)), ("meter", (1,)), ("meter", (2,))}),
        ((1, 203, 203), {("meter", (1,)), ("meter", (2,))}),
        ((1, 307, 303, 1, 307), {("weather", (1,)), ("weather", (2,)), ("weather", (3,))}),
        ((1, 802, 803), {("bank", (1,)), ("rack", (1, 1)), ("rack", (1, 2))}),
        ((1, 804, 804), {("rack", (1, 1)), ("rack", (1, 2))}),
        ((103,), {("inverter", (1,))}),
    ],
)
def test_a_model_belongs_to_the_part_of_the_device_that_the_common_model_begins(
    numbers: tuple[int, ...], rows: set[tuple[str, tuple[int, ...]]]
) -> None:
    found = {(value.table, value.ids) for value in map_of(*chain(*numbers)).values}
    assert rows <= {row for row in found if not row[0].startswith("sunspec")}


def test_the_common_model_names_the_maker_of_what_stands_behind_it() -> None:
    values = {(v.column, v.table, v.ids) for v in map_of(*chain(1, 103, 1, 203, 1, 802)).values if v.address > 40000}
    makers = {(table, ids) for column, table, ids in values if column in ("maker", "mn")}
    assert makers == {("inverter", (1,)), ("meter", (1,)), ("sunspec_1", (3,))}


def test_what_two_models_say_of_one_thing_goes_to_the_first_and_the_others_own_table() -> None:
    values = {(value.table, value.column) for value in map_of(*chain(1, 103, 701)).values}
    assert {("inverter", "ac_power"), ("sunspec_701", "w"), ("inverter", "imported_energy")} <= values
    assert ("sunspec_701", "totwhabs") not in values


def test_the_length_of_the_device_counts() -> None:
    (model,) = chain(103)
    model.registers[1] = 40
    (placed,) = made_of(model).placed
    assert max(value.address for value in map_of(model).values) < 40002 + 2 + 40
    assert "its length is 40: Evt2, EvtVnd1, EvtVnd2, EvtVnd3, EvtVnd4 would lie behind it" in placed.remarks[0]
    model.registers[1] = 52
    (placed,) = made_of(model).placed
    assert placed.remarks == ["its length is 52; 2 registers at its end are unknown"]


def test_a_point_whose_scale_factor_lies_behind_the_end_is_left_out() -> None:
    (model,) = chain(103)
    model.registers[1] = 11  # up to PhVphC: V_SF is behind it
    columns = {value.column for value in map_of(model).values}
    assert "ac_l1_current" in columns
    assert "ac_l1_voltage" not in columns
    (placed,) = made_of(model).placed
    assert any("PhVphA is left out: it has no scale factor V_SF" in remark for remark in placed.remarks)


def test_a_count_for_which_there_is_no_room_is_not_believed() -> None:
    (model,) = chain(714, most=3)
    model.registers[1] -= 25
    (placed,) = made_of(model).placed
    assert {value.ids for value in map_of(model).values if value.table == "string"} == {(1, 1), (1, 2)}
    assert placed.remarks[0] == "NPrt says 3 times Prt, its length has room for 2"


@pytest.mark.parametrize(("number", "most"), [(701, 1), (160, 12), (803, 20), (707, 3)])
def test_models_longer_than_a_request_are_read_all_the_same_with_most_factors_beside_their_values(
    number: int, most: int
) -> None:
    (model,) = chain(number, most=most)
    register_map = map_of(model)
    plan = make_plan(register_map)
    assert all(request.count <= MAX_REGISTERS for request in plan.requests)
    assert decoded(register_map, model).keys() == model.cells.keys()
    sided = [value for value in register_map.values if value.sides]
    near = [value for value in sided if not value.sides[0].apart]
    assert near
    for value in near:
        of_request = [
            request for request in plan.requests
            if all(request.address <= address < request.address + request.count for _, address in value.keys)
        ]  # fmt: skip
        assert of_request, value
