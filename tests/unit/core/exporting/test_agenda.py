"""The order of the exports, at made-up moments: nobody waits for midnight."""

from __future__ import annotations

from datetime import date

import pytest

from ess_ray.core.day import whole_day
from ess_ray.core.exporting.agenda import LONGEST_PAUSE_US, SHORTEST_PAUSE_US, Agenda
from ess_ray.core.exporting.formats import CSV
from ess_ray.core.exporting.objects import DayObject, last_closed

S, HOUR_US = 1_000_000, 3_600_000_000
SEOUL = "Asia/Seoul"
MONDAY = whole_day(date(2026, 11, 23), SEOUL)
NOON_US = MONDAY.end_us + 12 * HOUR_US


def day_object(site: str = "sionyu", day: int = 23, table: str = "rack") -> DayObject:
    on = whole_day(date(2026, 11, day), SEOUL)
    return DayObject(site, table, on, CSV, f"{site}/{on.date}_{table}.csv", (), ("time",))


def all_stored(_site: str) -> int:
    return 1 << 60


@pytest.mark.parametrize(
    ("after_midnight_s", "last"), [(-1, 21), (0, 21), (299, 21), (300, 22), (301, 22), (86_400, 22), (86_700, 23)]
)
def test_a_day_is_over_at_the_sites_midnight_plus_grace(after_midnight_s: int, last: int) -> None:
    assert last_closed(SEOUL, MONDAY.start_us + after_midnight_s * S, 300 * S) == date(2026, 11, last)


def test_the_oldest_date_comes_first_and_all_sites_of_it_together() -> None:
    due = [day_object("sionyu", 22), day_object("sionyu", 23), day_object("panri", 21), day_object("panri", 22)]
    agenda = Agenda(0)
    assert agenda.next(due, all_stored, NOON_US).day_objects == (due[2],)
    assert agenda.next(due[:2] + due[3:], all_stored, NOON_US).day_objects == (due[3], due[0])
    assert agenda.next([], all_stored, NOON_US).day_objects == ()


def test_a_day_waits_until_its_samples_are_stored_and_no_other_day_waits_with_it() -> None:
    due = [day_object("panri", 22), day_object("sionyu", 22), day_object("sionyu", 23)]
    end_us = due[0].day.end_us
    watermarks_us = {"panri": end_us - 1, "sionyu": MONDAY.end_us}
    agenda = Agenda(HOUR_US)
    export_round = agenda.next(due, watermarks_us.__getitem__, NOON_US)
    assert export_round.day_objects == (due[1],)
    assert export_round.waiting == ((date(2026, 11, 22), "panri"),)
    export_round = agenda.next([due[0], due[2]], watermarks_us.__getitem__, NOON_US)
    assert export_round.day_objects == (due[2],)
    watermarks_us["panri"] = end_us
    assert agenda.next(due[:1], watermarks_us.__getitem__, NOON_US).day_objects == (due[0],)


def test_after_the_wait_a_day_goes_without_what_is_in_the_journals_and_that_is_reported_once() -> None:
    due, agenda = [day_object()], Agenda(HOUR_US)
    assert not agenda.next(due, lambda _: 0, NOON_US).day_objects
    assert not agenda.next(due, lambda _: 0, NOON_US + HOUR_US - 1).day_objects
    export_round = agenda.next(due, lambda _: 0, NOON_US + HOUR_US)
    assert (export_round.day_objects, export_round.incomplete) == (tuple(due), ("sionyu",))
    agenda.failed(due[0], NOON_US + HOUR_US)
    export_round = agenda.next(due, lambda _: 0, NOON_US + 2 * HOUR_US)
    assert (export_round.day_objects, export_round.incomplete) == (tuple(due), ())
    agenda.done(due[0])
    agenda.next([], lambda _: 0, NOON_US + 2 * HOUR_US)
    # The late export_round arrives bit by bit: the day waits for all of it again, and is exported again once.
    assert not agenda.next(due, lambda _: 0, NOON_US + 3 * HOUR_US).day_objects
    assert agenda.next(due, all_stored, NOON_US + 3 * HOUR_US).day_objects == tuple(due)


def test_what_failed_is_left_alone_for_a_while_and_keeps_nothing_else_waiting() -> None:
    due, agenda = [day_object(table="bank"), day_object(table="rack"), day_object(day=24)], Agenda(0)
    now_us = NOON_US
    pause_us = agenda.failed(due[0], now_us)
    assert pause_us == SHORTEST_PAUSE_US
    assert agenda.next(due, all_stored, now_us).day_objects == (due[1],)
    assert agenda.next([due[0], due[2]], all_stored, now_us).day_objects == (due[2],)
    assert agenda.next(due[:1], all_stored, now_us + pause_us).day_objects == (due[0],)
    pauses_us = [agenda.failed(due[0], now_us) for _ in range(6)]
    assert pauses_us[0] == 2 * SHORTEST_PAUSE_US
    assert pauses_us[-1] == LONGEST_PAUSE_US
    agenda.done(due[0])
    assert agenda.failed(due[0], now_us) == SHORTEST_PAUSE_US
