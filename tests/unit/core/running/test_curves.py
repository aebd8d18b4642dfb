"""Which curves are drawn of a device, and how finely."""

from __future__ import annotations

import pytest

from ess_ray.core.errors import NotFound
from ess_ray.core.exporting.objects import delivered_by
from ess_ray.core.maps.standard import Standard, load_standard
from ess_ray.core.running.curves import MOST_CURVES, MOST_POINTS, WINDOWS_S, bucket_us, chosen, curves_of, unit
from tests.days import PLANTS
from tests.make import shipped_map, shipped_standard

S = 1_000_000
COLUMN = {"type": "float8", "unit": "degC", "meaning": "Lowest temperature; of all"}


def standard(identity: list[str], **columns: dict[str, str]) -> Standard:
    return load_standard({"tables": {"cabinet": {"identity": identity, "columns": columns}}})


def test_every_shipped_plant_begins_with_what_it_delivers() -> None:
    for plant in PLANTS:
        curves = curves_of(shipped_standard(), delivered_by(shipped_map(plant)))
        first = [curve.name for curve in chosen(curves, ())]
        assert {"bank.bank_soc", "rack.rack_soc", "rack.rack_min_cell_voltage"} <= set(first), plant
        assert len(first) <= MOST_CURVES < len(curves)
        assert list(curves)[: len(first)] == first


def test_columns_that_differ_in_min_and_max_are_one_curve() -> None:
    made = standard(["cabinet_id", "shelf_id"], min_t=COLUMN, max_t=COLUMN, spare=COLUMN)
    curves = curves_of(made, {"cabinet": ["min_t", "max_t"]})
    assert list(curves) == ["cabinet.min_t"]
    assert curves["cabinet.min_t"].title == "Cabinet: temperature, lowest to highest"
    alone = curves_of(made, {"cabinet": ["min_t"]})["cabinet.min_t"]
    assert not alone.pair
    assert unit(alone.low) == "°C"


def test_a_standard_of_ones_own_begins_with_its_first_columns_and_leaves_out_what_is_no_number() -> None:
    made = standard(
        [], state={"type": "text", "meaning": "Words"}, a=COLUMN, many={"type": "int2[]", "meaning": "List"}
    )
    curves = curves_of(made, {"cabinet": ["state", "a", "many"]})
    assert [curve.name for curve in chosen(curves, ())] == ["cabinet.a"]
    for names in (["cabinet.state"], ["cabinet.many"], ["a"], ["cabinet.a"] * (MOST_CURVES + 1)):
        with pytest.raises(NotFound):
            chosen(curves, names)


@pytest.mark.parametrize("window_s", WINDOWS_S.values())
@pytest.mark.parametrize("period_s", [0.1, 1, 7, 600])
def test_a_line_has_a_bounded_number_of_points_none_shorter_than_a_period(window_s: int, period_s: float) -> None:
    step_us = bucket_us(window_s * S, round(period_s * S))
    assert window_s * S / step_us <= MOST_POINTS
    assert step_us >= period_s * S
    assert step_us % S == 0
