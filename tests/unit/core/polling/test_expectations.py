"""Registers that have to hold what the map expects: where they do not, what the map places by them is not stored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.plan import Plan, make_plan
from ess_ray.core.maps.standard import load_standard
from ess_ray.core.samples import EventKind, Status
from tests.played_line import SILENT, Behaviour, PlayedLine

COLUMN = {"type": "int4", "meaning": "…"}
STANDARD = load_standard({"tables": {"one": {"columns": dict.fromkeys("abcdef", COLUMN)}}})


def plan(slow: bool = False) -> Plan:
    """Two models: number and length at 0 and 1, values behind them, and the same at 10; a value of its own at 20."""
    blocks: list[dict[str, object]] = [
        {"table": "one", "expect": {0: 103, 1: 2}, "runs": [{"at": 2, "columns": ["a", "b"]}]},
        {"table": "one", "expect": {10: 160, "11": 2}, "runs": [{"at": 12, "columns": ["c", "d"]}]},
        {"table": "one", "runs": [{"at": 20, "columns": ["e"]}]},
    ]
    if slow:
        blocks[1]["period_s"] = 10
    return make_plan(load_map("m", {"period_s": 1, "function": 3, "blocks": blocks}, STANDARD))


def good(unit: int, asked: range, t_s: float) -> tuple[float, bool]:
    return 0.001, True


def played(
    changed: dict[int, int], behaviour: Behaviour = good, slow: bool = False, until_s: float = 9.5
) -> PlayedLine:
    """From the third second to the sixth those registers hold something else."""
    held = {0: 103, 1: 2, 10: 160, 11: 2}

    def numbers(register: int, t_s: float) -> int:
        return changed.get(register, held.get(register, 7)) if 3 <= t_s < 6 else held.get(register, 7)

    return PlayedLine(behaviour, plan(slow), numbers=numbers).run(until_s)


def test_registers_are_read_with_the_values_that_depend_on_them() -> None:
    assert [(request.address, request.count) for request in plan().requests] == [(0, 4), (10, 4), (20, 1)]
    assert {guard.expected[1:]: guard.start for guard in plan().guards} == {
        (0, 103): 0, (1, 2): 2, (10, 160): 8, (11, 2): 10,
    }  # fmt: skip


def test_a_device_as_expected_is_stored_as_any_other() -> None:
    line = played({})
    assert set(line.outcomes()) == {"stored"}
    assert line.events == []


@pytest.mark.parametrize(
    ("changed", "missing", "detail"),
    [
        ({11: 3}, "3:10-13", "11 holds 3, not 2"),
        ({0: 101}, "3:0-3", "0 holds 101, not 103"),
        ({0: 101, 10: 0xFFFF}, "3:0-3,3:10-13", "0 holds 101, not 103; 10 holds 65535, not 160"),
    ],
)
def test_what_is_placed_by_another_number_is_missing_and_the_rest_is_stored(
    changed: dict[int, int], missing: str, detail: str
) -> None:
    line = played(changed)
    first = f"unexpected: {detail.split('; ', maxsplit=1)[0]}"
    assert line.outcomes() == ["stored"] * 3 + [first] * 3 + ["stored"] * 4
    assert [s.missing_text for s in line.of(1)] == [None] * 3 + [missing] * 3 + [None] * 4
    assert {s.status for s in line.of(1)[3:6]} == {Status.PARTIAL}
    assert [(event.kind, event.detail) for event in line.events] == [
        (EventKind.DEVICE_CHANGED, detail), (EventKind.DEVICE_AS_EXPECTED, ""),
    ]  # fmt: skip


def test_a_sample_of_which_nothing_is_left_has_failed() -> None:
    alone = replace(plan(), requests=plan().requests[:2], image_bytes=16)
    line = PlayedLine(good, alone, numbers=lambda register, t_s: 9).run(2.5)
    assert {(s.status, s.reason, s.image) for s in line.of(1)} == {
        (Status.FAILED, "unexpected: 0 holds 9, not 103", b"")
    }


def test_what_could_not_be_compared_counts_as_another() -> None:
    line = played({}, lambda unit, asked, t_s: (0.001, 2 if 11 in asked and t_s >= 3 else True), until_s=5.5)
    assert [s.missing_text for s in line.of(1)][-1] == "3:10-13"
    assert EventKind.DEVICE_CHANGED not in [event.kind for event in line.events]
    silent = played({}, lambda unit, asked, t_s: (0.001, SILENT if 11 in asked and t_s >= 3 else True), until_s=5.5)
    assert [s.missing_text for s in silent.of(1)][-1] == "3:10-13"


def test_registers_of_another_rate_are_compared_when_they_are_due() -> None:
    line = played({0: 101}, slow=True, until_s=29.5)
    assert [event.kind for event in line.events] == [EventKind.DEVICE_CHANGED, EventKind.DEVICE_AS_EXPECTED]
    assert line.outcomes().count("stored") == 27
