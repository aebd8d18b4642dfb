"""`period_s` of blocks and runs: which values it holds for, what is refused, and what is asked for in one request."""

from __future__ import annotations

import pytest
import yaml

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.core.errors import MapError
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import READ_ALONG, locate, make_plan
from ess_ray.core.maps.rates import row_periods
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.standard import load_standard

COLUMNS = {name: {"type": "float8", "meaning": "…"} for name in "abcdefgh"}
STANDARD = load_standard({"tables": {"one": {"columns": COLUMNS}, "two": {"identity": ["part"], "columns": COLUMNS}}})
S = 1_000_000


def load(blocks: str, period_s: str = "1") -> RegisterMap:
    text = f"period_s: {period_s}\nfunction: 3\nblocks:\n{blocks}"
    return load_map("rates", yaml.safe_load(text), STANDARD, line_finder(text))


def periods(register_map: RegisterMap) -> dict[str, float]:
    return {value.column: value.period_us / S for value in register_map.values}


def test_the_innermost_period_holds_and_that_of_the_map_is_each_tick() -> None:
    register_map = load("""
- {table: one, runs: [{at: 0, columns: [a]}, {at: 1, period_s: 60, columns: [b]}, {at: 2, period_s: 1, columns: [c]}]}
- table: two
  ids: {part: 1}
  period_s: 60
  runs: [{at: 10, columns: [d]}, {at: 11, period_s: 3600, columns: [e]}]
- {table: two, ids: {part: 2}, period_s: 60, runs: [{at: 20, period_s: 1.0, columns: [f]}, {at: 21, columns: [g]}]}
""")
    assert periods(register_map) == {"a": 0, "b": 60, "c": 0, "d": 60, "e": 3600, "f": 0, "g": 60}
    assert row_periods(register_map.values) == {("two", (1,)): 60 * S}


def test_a_period_decides_what_is_stored_so_the_hash_knows_it() -> None:
    runs = "- {{table: one, runs: [{{at: 0, columns: [a]}}, {{at: 1, {}columns: [b]}}]}}"
    same, other, third = (load(runs.format(word)) for word in ("period_s: 1, ", "period_s: 2, ", "period_s: 4, "))
    assert load(runs.format("")).map_hash == same.map_hash
    assert len({same.map_hash, other.map_hash, third.map_hash}) == 3
    assert len({make_plan(each).layout for each in (same, other, third)}) == 3


@pytest.mark.parametrize(
    ("period_s", "run_s", "words"),
    [
        ("1", "1.5", ["line 5", "expected the map's period_s, 1, or a whole multiple of it", "found 1.5"]),
        ("10", "5", ["expected the map's period_s, 10, or a whole multiple"]),
        ("10", "15", ["multiple of it up to 86400, a day; found 15"]),
        ("1", "90000", ["found 90000"]),
        ("1", "0", ["found 0"]),
        ("1", "often", ["expected a number, found 'often'"]),
    ],
)
def test_a_period_that_is_no_multiple_of_the_maps_is_refused(period_s: str, run_s: str, words: list[str]) -> None:
    runs = f"{{at: 0, columns: [a]}},\n  {{at: 1, period_s: {run_s}, columns: [b]}}"
    with pytest.raises(MapError) as refusal:
        load(f"- {{table: one, runs: [{runs}]}}", period_s)
    assert all(word in str(refusal.value) for word in words), refusal.value


def test_something_has_to_be_read_at_each_tick() -> None:
    with pytest.raises(MapError, match=r"map rates: no value is read every period_s .* give the map period_s: 60"):
        load("- {table: one, period_s: 60, runs: [{at: 0, columns: [a]}, {at: 1, period_s: 120, columns: [b]}]}")


def test_a_row_is_due_in_one_rhythm() -> None:
    runs = "{at: 0, period_s: 10, columns: [a]}, {at: 1, period_s: 15, columns: [b]}"
    with pytest.raises(MapError, match=r"address 1: two\.b \(part 1\) is read every 15 s, .* row every 10 s"):
        load(f"- {{table: one, runs: [{{at: 9, columns: [c]}}]}}\n- {{table: two, ids: {{part: 1}}, runs: [{runs}]}}")
    assert not row_periods(load(f"- {{table: one, runs: [{{at: 9, columns: [c]}}, {runs}]}}").values)


@pytest.mark.parametrize(
    ("runs", "requests"),
    [
        ("{at: 0, columns: [a, b]}, {at: 2, period_s: 60, columns: [c, d]}, {at: 4, columns: [e]}",
         [(0, 0, 5), (60, 2, 2)]),  # c and d are read along, which saves a request
        ("{at: 0, columns: [a]}, {at: 1, period_s: 60, columns: [b]}, {at: 3, columns: [c]}",
         [(0, 0, 1), (0, 3, 1), (60, 1, 1)]),  # nobody has said that 2 may be read
        ("{at: 0, columns: [a]}, {at: 1, period_s: 60, columns: [b]}, {at: 2, period_s: 9, columns: [c]}",
         [(0, 0, 1), (9, 2, 1), (60, 1, 1)]),
        ("{at: 0, columns: [a]}, {at: 1, period_s: 60, columns: [b]}, {at: 1, columns: [c: {bit: 3}, d: {at: 2}]}",
         [(0, 0, 3), (60, 1, 1)]),  # a register and bits of it
    ],
)  # fmt: skip
def test_requests_are_of_one_period(runs: str, requests: list[tuple[int, int, int]]) -> None:
    register_map = load(f"- {{table: one, runs: [{runs}]}}")
    plan = make_plan(register_map)
    assert [(r.period_us // S, r.address, r.count) for r in plan.requests] == requests
    held = [(r.period_us, a) for r in plan.requests for a in range(r.address, r.address + r.count)]
    assert plan.image_bytes == 2 * len(held)
    for value in register_map.values:
        assert held[locate(plan, value) // 2] == (value.period_us, value.address)


@pytest.mark.parametrize("between", [READ_ALONG, READ_ALONG + 1])
def test_only_a_few_registers_of_another_period_are_read_along(between: int) -> None:
    slow = f"{{table: two, period_s: 60, repeat: {{part: {between}}}, runs: [{{at: 1, stride: 1, columns: [a]}}]}}"
    fast = f"{{table: one, runs: [{{at: 0, columns: [a, b: {{at: {between + 1}}}]}}]}}"
    requests = make_plan(load(f"- {slow}\n- {fast}")).requests
    assert len([r for r in requests if not r.period_us]) == (1 if between == READ_ALONG else 2)
