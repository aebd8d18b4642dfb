"""What silence, busy devices and refused blocks cost: those registers, and nothing else. In simulated time."""

from __future__ import annotations

from itertools import count

import pytest

from ess_ray.core.samples import EventKind
from tests.played_line import SILENT, START_US, Behaviour, PlayedLine, S, make_plan_of

THREE = make_plan_of(range(100, 102), range(200, 201), range(300, 302))
BIG = make_plan_of(range(100, 102), range(200, 250), range(300, 302))


def read(line: PlayedLine, block: range, plan_offset: int, ticks: range) -> bool:
    """True if the block was read at each of the ticks."""
    end = plan_offset + 2 * len(block)
    samples = line.of(1)[ticks.start : ticks.stop]
    return len(samples) == len(ticks) and all(
        sample.image and not any(start < end and stop > plan_offset for start, stop in sample.missing)
        for sample in samples
    )


def silent_about(*registers: int) -> Behaviour:
    return lambda unit, asked, t_s: (0.005, SILENT if set(registers) & set(asked) else True)


def test_a_block_that_is_met_with_silence_costs_that_block_and_is_parked_with_one_event() -> None:
    line = PlayedLine(silent_about(200), THREE).run(60)
    assert read(line, range(100, 102), 0, range(60))
    assert read(line, range(300, 302), 6, range(60))
    assert line.outcomes()[:4] == ["timeout", "timeout", "timeout", "parked"]
    assert set(line.outcomes()[3:]) == {"parked"}
    assert [(event.kind, event.detail) for event in line.events] == [(EventKind.REGISTERS_PARKED, "3:200")]
    assert line.connects == 1


def test_only_the_registers_stay_parked_that_bring_the_silence_about() -> None:
    line = PlayedLine(silent_about(210, 211, 240), BIG).run(60)
    assert line.of(1)[-1].missing_text == "3:210-211,3:240"
    assert read(line, range(300, 302), 104, range(60))


def test_silent_registers_that_came_back_are_read_again() -> None:
    away: Behaviour = lambda unit, asked, t_s: (0.005, SILENT if t_s < 20 and 210 in asked else True)  # noqa: E731
    line = PlayedLine(away, BIG, park_retry_us=30 * S).run(80)
    assert line.outcomes()[-20:] == ["stored"] * 20


def test_a_lost_reply_costs_nothing_but_time() -> None:
    numbers = count(1)
    line = PlayedLine(lambda unit, asked, t_s: (0.005, SILENT if next(numbers) % 20 == 0 else True), THREE).run(60)
    assert set(line.outcomes()) == {"stored"}
    assert sum(sample.retries for sample in line.of(1)) == sum(sample.read_ms > 900 for sample in line.of(1)) == 9
    assert (line.connects, line.events) == (1, [])


def test_a_device_that_is_deaf_after_each_connect_is_read_on_the_connection_that_is_kept() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.005, SILENT if t_s < 1 else True), THREE).run(30)
    assert (set(line.outcomes()), line.connects) == ({"stored"}, 1)


def test_a_device_that_is_busy_for_a_moment_loses_nothing() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.002, 6 if t_s % 1 < 0.15 else True), THREE).run(30)
    assert set(line.outcomes()) == {"stored"}
    assert max(sample.read_ms for sample in line.of(1)) < 400


def test_a_block_that_is_always_busy_is_soon_asked_once_a_poll_and_keeps_nobody_waiting() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.002, 6 if 200 in asked else True), THREE).run(30)
    assert read(line, range(300, 302), 6, range(30))
    assert all(sample.requests == 3 and sample.read_ms < 50 for sample in line.of(1)[20:])


def test_a_register_that_another_exception_always_comes_for_is_found_by_halving() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.002, 4 if 210 in asked else True), BIG).run(30)
    assert (line.of(1)[-1].missing_text, line.outcomes()[-1]) == ("3:210", "parked")
    assert [(event.kind, event.detail) for event in line.events] == [(EventKind.REGISTERS_PARKED, "3:210")]


def test_a_block_that_is_refused_as_a_whole_is_asked_on_and_back_at_once() -> None:
    away: Behaviour = lambda unit, asked, t_s: (0.002, 4 if t_s < 40 and 200 <= asked[0] < 250 else True)  # noqa: E731
    line = PlayedLine(away, BIG).run(60)
    assert line.outcomes() == ["exception 4"] * 40 + ["stored"] * 20
    assert line.events == []


@pytest.mark.parametrize("refusal", [3, SILENT])
def test_a_request_that_is_refused_as_a_whole_stays_divided(refusal: int | None) -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.005, refusal if len(asked) > 8 else True), BIG).run(60)
    assert line.outcomes()[-40:] == ["stored"] * 40
    refused = [t_s for t_s, _, asked in line.requests if len(asked) > 8]
    assert max(refused) < 15


def test_a_gateway_that_is_silent_about_one_block_says_so_with_exception_11() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.1, 11 if 100 in asked else True), THREE).run(30)
    assert read(line, range(300, 302), 6, range(30))
    assert (line.outcomes()[-1], line.of(1)[-1].missing_text) == ("parked", "3:100")


@pytest.mark.parametrize("away_s", [3, 20, 58])
def test_a_device_that_was_away_for_less_than_a_minute_is_back_within_two_ticks(away_s: int) -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.02, SILENT if 10 < t_s < 10.5 + away_s else True), THREE).run(100)
    lost = sorted(set(range(100)) - set(line.stored()))
    assert lost[0] >= 10
    assert lost[-1] <= 10 + away_s + 2
    assert lost == list(range(lost[0], lost[-1] + 1))


def test_late_replies_to_a_request_that_was_given_up_are_never_taken_for_the_next() -> None:
    late: Behaviour = lambda unit, asked, t_s: (1.3 if 200 in asked else 0.005, True)  # noqa: E731
    line = PlayedLine(late, THREE).run(30)
    assert all(sample.image[:4] == b"\x04\x4c\x04\x4d" for sample in line.of(1))  # 1100, 1101
    assert {sample.tick_us for sample in line.of(1)} == {START_US + n * S for n in range(30)}


def test_a_request_that_is_sent_again_and_cut_off_by_the_next_tick_counts_as_when_it_failed() -> None:
    slow: Behaviour = lambda unit, asked, t_s: (0.04, SILENT if t_s < 1 and 200 in asked else True)  # noqa: E731
    line = PlayedLine(slow, THREE, timeout_us=1_310_000).run(
        30
    )  # the next tick waits until 1.4 s, the reply takes longer
    first = line.of(1)[0]
    assert (first.reason, first.missing_text, first.requests, first.retries) == ("timeout", "3:200", 4, 1)
    assert line.stored() == list(range(2, 30))  # at tick 1 it is doubtful, and there is no time for it
    assert line.connects == 1
