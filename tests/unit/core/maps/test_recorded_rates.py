"""What the table `device` says of periods is what the map says, and nobody takes it for a table."""

from __future__ import annotations

import json

from ess_ray.core.exporting.objects import delivered_by
from ess_ray.core.maps.expressions import COLUMN, Expression
from ess_ray.core.maps.rates import row_periods
from ess_ray.core.maps.recorded_rates import recorded, recorded_columns, recorded_rows
from ess_ray.core.maps.registers import Computed, RegisterMap, Value

S = 1_000_000
VALUES = (
    Value("etc", "x", None, (), 3, 0, 1, "int16"),
    Value("etc", "energy", None, (), 3, 1, 1, "int16", period_us=60 * S),
    Value("etc", "share", None, (), 3, 2, 1, "int16", period_us=500_000),
    Value("meter", "energy", None, (), 3, 3, 1, "int16", period_us=3600 * S),
    *(Value("module", "x", None, (1, n), 3, 10 + n, 1, "int16", period_us=60 * S) for n in (1, 2)),
    Value("module", "y", None, (1, 1), 3, 20, 1, "int16", period_us=120 * S),
    Value("rack", "x", None, (1,), 3, 30, 1, "int16"),
    Value("rack", "x", None, (2,), 3, 31, 1, "int16", period_us=60 * S),
)
X, ENERGY, BOTH = (Expression(COLUMN, name=name) for name in ("x", "energy", "both"))
COMPUTED = (
    Computed("etc", "twice", (), Expression("sum", operands=(X, X))),
    Computed("etc", "both", (), Expression("product", operands=(X, ENERGY))),
    Computed("etc", "of_both", (), Expression("sum", operands=(BOTH, X))),
)


def test_periods_are_read_as_they_were_recorded() -> None:
    register_map = RegisterMap("m", 0.5, VALUES, frozenset(), "", computed=COMPUTED)
    delivers = json.loads(json.dumps(delivered_by(register_map) | recorded(register_map)))
    assert recorded_rows(delivers) == row_periods(VALUES)
    assert recorded_rows(delivers)["meter", ()] == 3600 * S
    assert recorded_columns(delivers) == {
        ("etc", "energy"): 60 * S,
        ("etc", "share"): 500_000,
        ("etc", "both"): 60 * S,
        ("etc", "of_both"): 60 * S,
        ("meter", "energy"): 3600 * S,
        ("module", "x"): 60 * S,
        ("module", "y"): 120 * S,
    }


def test_a_map_of_one_rate_has_nothing_to_record() -> None:
    assert recorded(RegisterMap("m", 1, VALUES[:1], frozenset(), "", computed=COMPUTED[:1])) == {}
    assert recorded_rows({"etc": ["x"]}) == {}
    assert recorded_columns({"etc": ["x"]}) == {}
