"""Blocks that are read less often than others: at their own ticks, and what goes wrong with them costs those only."""

from __future__ import annotations

from random import Random

import pytest

from ess_ray.core.samples import EventKind, Sample, Status
from tests.played_line import SILENT, START_US, Behaviour, PlayedLine, S, make_plan_of

FAST, SLOW, SLOWER = range(100, 102), range(200, 203), range(300, 301)
PLAN = make_plan_of(FAST, SLOW, SLOWER, periods_s=[0, 10, 15])
# START_US is a multiple of 10 s and not of 15 s: that is due at 10, 25, 40 …
TEN, FIFTEEN = set(range(0, 60, 10)), set(range(10, 60, 15))


def good(unit: int, asked: range, t_s: float) -> tuple[float, bool]:
    return 0.005, True


def seconds(samples: list[Sample]) -> list[int]:
    return [(sample.tick_us - START_US) // S for sample in samples]


def asked_at(line: PlayedLine, block: range) -> set[int]:
    return {int(t_s) for t_s, _, registers in line.requests if set(registers) & set(block)}


def words(*blocks: range | int) -> bytes:
    """The registers of unit 1, or so many that were not asked for."""
    return b"".join(
        bytes(2 * block) if isinstance(block, int) else b"".join((1000 + r).to_bytes(2, "big") for r in block)
        for block in blocks
    )


def test_a_block_is_asked_for_at_its_own_ticks_and_has_its_place_in_each_image() -> None:
    line = PlayedLine(good, PLAN).run(59.5)
    assert (asked_at(line, FAST), asked_at(line, SLOW), asked_at(line, SLOWER)) == (set(range(60)), TEN, FIFTEEN)
    images = {t_s: words(FAST, SLOW if t_s in TEN else 3, SLOWER if t_s in FIFTEEN else 1) for t_s in range(60)}
    assert dict(zip(seconds(line.of(1)), (sample.image for sample in line.of(1)), strict=True)) == images
    assert set(line.outcomes()) == {"stored"}
    assert [sample.requests for sample in line.of(1)] == [1 + (t in TEN) + (t in FIFTEEN) for t in range(60)]


def test_a_device_that_is_polled_more_rarely_is_asked_for_all_that_is_due_then() -> None:
    line = PlayedLine(good, PLAN, period_us=20 * S).run(200)
    assert [sample.requests for sample in line.of(1)] == [2, 2, 3] * 3 + [2]


def test_an_illegal_register_is_missing_at_the_ticks_of_its_block_only() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.005, 2 if 201 in asked else True), PLAN).run(59.5)
    assert {t_s: s.missing_text for t_s, s in zip(range(60), line.of(1), strict=True)} == {
        t_s: "3:201" if t_s in TEN else None for t_s in range(60)
    }
    reasons = ["exception 2", *["parked"] * 5]
    assert line.outcomes() == [reasons.pop(0) if t_s in TEN else "stored" for t_s in range(60)]
    assert [(event.kind, event.detail) for event in line.events] == [(EventKind.REGISTERS_PARKED, "3:201")]


def test_a_search_goes_on_at_the_next_tick_of_its_block_whatever_is_polled_in_between() -> None:
    block, illegal = range(200, 264), set(range(200, 264, 3))
    behaviour: Behaviour = lambda unit, asked, t_s: (0.002, 2 if illegal & set(asked) else True)  # noqa: E731
    rated, alone = make_plan_of(FAST, block, periods_s=[0, 10]), make_plan_of(block)
    line = PlayedLine(behaviour, rated).run(200)
    plain = PlayedLine(behaviour, alone, period_us=10 * S).run(200)
    at_ten = [s for s in line.of(1) if not (s.tick_us - START_US) % (10 * S)]
    assert [s.missing_text for s in at_ten] == [s.missing_text for s in plain.of(1)]
    assert [s.requests - 1 for s in at_ten] == [s.requests for s in plain.of(1)]
    assert at_ten[-1].missing_text == ",".join(f"3:{address}" for address in sorted(illegal))


def test_silence_about_a_block_is_counted_at_its_ticks() -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.005, SILENT if 300 in asked else True), PLAN).run(200)
    slower = [s for s in line.of(1) if not (s.tick_us - START_US - 10 * S) % (15 * S)]
    assert [s.reason for s in slower[:5]] == ["timeout", "timeout", "timeout", "parked", "parked"]
    assert [s.status for s in slower[:4]] == [Status.PARTIAL] * 3 + [Status.STORED]
    assert {s.reason for s in line.of(1) if s not in slower} == {None}


def test_registers_of_two_rates_may_be_the_same_or_lie_between_each_other() -> None:
    plan = make_plan_of(range(100, 110), range(104, 106), periods_s=[0, 10])
    line = PlayedLine(lambda unit, asked, t_s: (0.005, 2 if 105 in asked and len(asked) < 3 else True), plan).run(30)
    assert {s.image[:20] for s in line.of(1)} == {words(range(100, 110))}
    assert {t_s: s.missing for t_s, s in enumerate(line.of(1)) if s.missing} == dict.fromkeys([0, 10, 20], ((22, 24),))


@pytest.mark.parametrize("back_s", [30, 200])
def test_a_lost_device_is_probed_with_a_request_of_the_tick_and_found_when_it_is_back(back_s: int) -> None:
    line = PlayedLine(lambda unit, asked, t_s: (0.005, SILENT if 5 <= t_s < back_s else True), PLAN).run(400)
    kinds = [event.kind for event in line.events]
    assert kinds == [EventKind.DEVICE_LOST, EventKind.DEVICE_BACK]
    assert {s.status for s in line.of(1)[-60:]} == {Status.STORED}
    assert {s.requests for t_s, s in enumerate(line.of(1)) if t_s > back_s + 100} == {1, 2, 3}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_a_device_refuses_each_register_that_is_due_is_read_or_missing_and_no_other_is(seed: int) -> None:
    chance = Random(seed)
    blocks = [range(100, 116), range(104, 112), range(200, 240), range(300, 302)]  # the second lies in the first
    plan = make_plan_of(*blocks, periods_s=[0, 2, 6, 10])
    refused = {chance.choice([*blocks[chance.randrange(4)]]): chance.choice([2, 4, 6, SILENT]) for _ in range(5)}

    def behave(unit: int, asked: range, t_s: float) -> tuple[float, bool | int | None]:
        if chance.random() < 0.02:
            return 0.01, SILENT
        return 0.01, next((reply for register, reply in refused.items() if register in asked and t_s < 90), True)

    line = PlayedLine(behave, plan, park_retry_us=20 * S, timeout_us=S // 10).run(160)
    assert seconds(line.of(1)) == list(range(161))[: len(line.of(1))]
    for sample in filter(lambda sample: sample.image, line.of(1)):
        missing = {byte for start, end in sample.missing for byte in range(start, end)}
        for request, block in zip(plan.requests, blocks, strict=True):
            is_due = not request.period_us or sample.tick_us % request.period_us == 0
            for index, register in enumerate(block):
                place = range(request.offset + 2 * index, request.offset + 2 * index + 2)
                read = sample.image[place.start : place.stop] == (1000 + register).to_bytes(2, "big")
                assert read or not any(sample.image[place.start : place.stop])
                lacking = not missing.isdisjoint(place)
                assert read != lacking if is_due else not (read or lacking)
    assert {sample.status for sample in line.of(1)[-10:]} == {Status.STORED}
