"""When a device that answers is called frozen, and when it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ess_ray.core.maps.measured import Measured
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.frozen import LEAST_REPEATS, FrozenWatch, make_watch
from ess_ray.core.samples import EventKind, Sample, Status
from tests.make import make_device, make_sample

S = 1_000_000
# Registers 0 and 1 are states, 2 is measured; 0x8000 there is no value.
MEASURED = Measured((4,), 2, frozenset({b"\0\0", b"\x80\0"}))
PLAN = Plan((Request(4, 0, 3, ((0, 1), (1, 1), (2, 1)), 0),), 6, "test", (MEASURED,))
FROZEN, MOVES = EventKind.DEVICE_FROZEN, EventKind.DEVICE_MOVES
A, B = b"\0\1\0\2\7\7", b"\0\1\0\2\7\x08"


def watch_for(period_s: int = 1, after_s: float = 10) -> FrozenWatch:
    watch = make_watch(make_device(plan=PLAN, period_us=period_s * S, frozen_after_us=round(after_s * S)))
    assert watch
    return watch


def partial(image: bytes, *missing: tuple[int, int]) -> Sample:
    return make_sample(image=image, status=Status.PARTIAL, missing=missing)


def events(watch: FrozenWatch, *samples: bytes | Sample, period_s: int = 1) -> list[tuple[EventKind, int, str]]:
    found = []
    for number, sample in enumerate(samples):
        one = make_sample(image=sample) if isinstance(sample, bytes) else sample
        one.tick_us = number * period_s * S
        if event := watch.on_sample(one):
            found.append((event.kind, event.time_us // S, event.detail))
    return found


def test_the_same_image_for_long_enough_is_one_event_and_the_first_change_another() -> None:
    assert events(watch_for(), *[A] * 30, B, A, *[B] * 3) == [
        (FROZEN, 10, "11 samples of 10 s are the same"),
        (MOVES, 30, "after 30 s"),
    ]


def test_each_change_begins_the_time_anew() -> None:
    assert events(watch_for(), *([A] * 10 + [B] * 10) * 5) == []


def test_a_slow_device_needs_several_samples_whatever_the_time() -> None:
    ticks = [A] * (LEAST_REPEATS + 1)
    assert events(watch_for(60), *ticks[1:], period_s=60) == []
    assert events(watch_for(60), *ticks, period_s=60) == [(FROZEN, 300, "6 samples of 300 s are the same")]


# Behind the registers of PLAN two that are read each minute.
SLOW = Request(4, 9, 2, ((9, 1), (10, 1)), 6, 60 * S)


@pytest.mark.parametrize("watched", ["fast", "slow"])
def test_a_device_that_is_read_at_several_rates_is_compared_where_it_has_measured_values(watched: str) -> None:
    at, change = (4, 1) if watched == "fast" else (8, 0)
    plan = Plan((*PLAN.requests, SLOW), 10, "test", (replace(MEASURED, offsets=(at,)),))
    images = [A + (bytes([0, change * (t_s // 60), 0, 2]) if t_s % 60 == 0 else bytes(4)) for t_s in range(600)]
    watch = make_watch(make_device(plan=plan, frozen_after_us=100 * S))
    assert watch
    expected = (100, "101 samples of 100 s") if watched == "fast" else (300, "6 samples of 300 s")
    assert events(watch, *images) == [(FROZEN, expected[0], f"{expected[1]} are the same")]


def test_time_in_which_nothing_was_read_counts_for_nothing() -> None:
    assert events(watch_for(), A, *[b""] * 100, *[A] * 9) == []
    assert events(watch_for(), A, *[b""] * 100, *[A] * 10) == [(FROZEN, 110, "11 samples of 110 s are the same")]


@pytest.mark.parametrize("measured", [b"\0\0", b"\x80\0"])
def test_a_device_that_measures_nothing_is_off_and_not_frozen(measured: bytes) -> None:
    assert events(watch_for(), *[b"\0\1\0\2" + measured] * 30, A) == []


def test_registers_that_stand_while_those_that_measure_are_not_read_say_nothing() -> None:
    unread = [partial(b"\0\1\0\2\0\0", (4, 6)) for _ in range(30)]
    assert events(watch_for(), *unread, A) == []
    now_and_then = [one for sample in unread for one in (make_sample(image=A), sample)]
    assert events(watch_for(), *now_and_then) == []


def test_a_device_that_always_lacks_the_same_registers_may_be_frozen() -> None:
    samples = [partial(b"\0\0\0\2\7\7", (0, 2)) for _ in range(11)]
    assert [kind for kind, *_ in events(watch_for(), *samples)] == [FROZEN]


def test_a_frozen_device_moves_by_registers_that_were_read_before_and_now() -> None:
    watch = watch_for()
    assert events(watch, *[A] * 11)
    assert events(watch, partial(b"\0\0\0\2\7\7", (0, 2)), A, b"", partial(b"\0\1\0\2\0\0", (4, 6))) == []
    assert [kind for kind, *_ in events(watch, partial(b"\0\0\0\2\7\x08", (0, 2)))] == [MOVES]


@pytest.mark.parametrize(("plan", "after_us"), [(PLAN, None), (PLAN, 0), (Plan(PLAN.requests, 6, "states"), S)])
def test_there_is_no_watch_where_it_is_off_or_nothing_is_measured(plan: Plan, after_us: int | None) -> None:
    assert make_watch(make_device(plan=plan, frozen_after_us=after_us)) is None


def test_a_minute_is_the_default() -> None:
    watch = make_watch(make_device(plan=PLAN))
    assert watch
    assert events(watch, *[A] * 61) == [(FROZEN, 60, "61 samples of 60 s are the same")]
