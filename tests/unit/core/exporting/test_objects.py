"""The objects of a day, their names, and the action for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest

from ess_ray.adapters.stores.formats import PARQUET
from ess_ray.core.day import Calendar, offset_intervals, whole_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.exporting.formats import CSV, ObjectFormat
from ess_ray.core.exporting.objects import (
    TEMPLATE,
    Action,
    Catalogue,
    LedgerEntry,
    check_template,
    days_of,
    decide,
    header_line,
    last_closed,
    object_name,
    union_of_columns,
)
from ess_ray.core.exporting.store import StoredObject
from tests.flushes import STANDARD

DAY = date(2026, 11, 22)
HOUR_US = 3_600_000_000


@pytest.mark.parametrize(
    ("day", "timezone", "lengths_and_offsets"),  # in hours, by the published rules of each zone
    [
        (DAY, "Asia/Seoul", [(24, 9)]),
        (DAY, "Asia/Kathmandu", [(24, 5.75)]),
        (DAY, "Asia/Kolkata", [(24, 5.5)]),
        (date(2026, 3, 8), "America/New_York", [(2, -5), (21, -4)]),
        (date(2026, 11, 1), "America/New_York", [(2, -4), (23, -5)]),
        (date(2026, 4, 5), "Australia/Lord_Howe", [(2, 11), (22.5, 10.5)]),
        (date(2018, 11, 4), "America/Sao_Paulo", [(23, -2)]),  # began at 01:00: there was no midnight
        (date(2018, 2, 17), "America/Sao_Paulo", [(24, -2), (1, -3)]),  # 23:00 came twice
        (date(2011, 12, 30), "Pacific/Apia", []),  # was left out
    ],
)
def test_a_day_is_as_long_as_its_clock_says(
    day: date, timezone: str, lengths_and_offsets: list[tuple[float, float]]
) -> None:
    whole, following = whole_day(day, timezone), whole_day(date.fromordinal(day.toordinal() + 1), timezone)
    intervals = offset_intervals(whole)
    assert [((end - start) / HOUR_US, offset / 3600) for start, end, offset in intervals] == lengths_and_offsets
    assert whole.end_us == following.start_us
    assert [start for start, _, _ in intervals[1:]] == [end for _, end, _ in intervals[:-1]]
    if intervals:
        assert (intervals[0][0], intervals[-1][1]) == (whole.start_us, whole.end_us)


@pytest.mark.parametrize(
    ("object_format", "name"),
    [
        (CSV, "jeju/2026/11/22/20261122_bank.csv"),
        (CSV.gzipped(), "jeju/2026/11/22/20261122_bank.csv.gz"),
        (PARQUET, "jeju/2026/11/22/20261122_bank.parquet"),
    ],
)
def test_an_objects_name_ends_as_its_format(object_format: ObjectFormat, name: str) -> None:
    assert object_name(TEMPLATE, "jeju", DAY, "bank", object_format.suffix) == name


def test_a_part_has_what_was_delivered_in_the_standards_order_and_the_books() -> None:
    delivered = union_of_columns([{"bank": ["label", "soc"]}, {"bank": ["soc"], "gone": ["x"]}])
    formats = (CSV.gzipped(), PARQUET)
    day_objects = Catalogue(STANDARD, formats=formats).day_objects("jeju", whole_day(DAY, "UTC"), delivered)
    assert [(day_object.table, day_object.format) for day_object in day_objects] == [
        (table, each) for table in ("bank", "sample", "event", "rejected", "device") for each in formats
    ]
    assert header_line(day_objects[0].columns) == b"time,site,device,quality,bank_id,soc,label\r\n"
    assert [day_object.order for day_object in day_objects[::2]] == [
        ("time", "device", "bank_id"),
        ("time", "device"),
        ("time", "device", "kind"),
        ("time", "device", "table_name", "row_data"),
        ("time", "device"),
    ]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{site}/{table}.csv", "lacks the site, the table or the date"),
        ("{table}/{yyyymmdd}.csv", "lacks"),
        ("{site}/{yyyy}/{mm}/{table}.csv", "lacks"),
        ("{site}/{day}/{yyyymmdd}_{table}", "'day' is not one of site, table"),
        ("{site.x}/{yyyymmdd}_{table}", "'site.x' is not one of"),
        ("{site!r}/{yyyymmdd}_{table}", "is not one of"),
        ("{site:>9}/{yyyymmdd}_{table}", "is not one of"),
        ("{site}/{yyyymmdd}_{table", "expected '}' before end of string; expected something like"),
        ("../{site}/{yyyymmdd}_{table}.csv", "no name for an object"),
        ("/{site}/{yyyymmdd}_{table}.csv", "no name for an object"),
        ("{site}//{yyyymmdd}_{table}.csv", "no name for an object"),
        ("{site}\\{yyyymmdd}_{table}.csv", "no name for an object"),
        ("{yyyymmdd}{site}{table}.csv", "two objects the same name"),
    ],
)
def test_a_template_that_cannot_be_used_is_a_setting_to_correct(template: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        check_template("export.name", template, ["a", "ab"], ["bc", "c"])
    assert caught.value.key == "export.name"
    assert check_template("export.name", TEMPLATE, ["a", "ab"], ["bc", "c"]) == TEMPLATE


def test_a_site_cannot_leave_its_folder() -> None:
    with pytest.raises(ConfigError, match="no name for an object"):
        check_template("export.name", TEMPLATE, [".."], ["bank"])


MIDNIGHT_US = whole_day(DAY, "Asia/Seoul").start_us


@pytest.mark.parametrize(
    ("now_us", "last"),
    [
        (MIDNIGHT_US + 299_999_999, date(2026, 11, 20)),
        (MIDNIGHT_US + 300_000_000, date(2026, 11, 21)),
        (MIDNIGHT_US + 24 * HOUR_US, date(2026, 11, 21)),
    ],
)
def test_a_day_is_closed_when_the_grace_period_is_over(now_us: int, last: date) -> None:
    assert last_closed("Asia/Seoul", now_us, 300_000_000) == last


@pytest.mark.parametrize(
    ("periods", "days"),  # in hours from midnight of the 22nd, last day the 23rd
    [
        ([(0, 24)], [22]),
        ([(0, 24.0001)], [22, 23]),
        ([(-0.0001, 1)], [21, 22]),
        ([(-60, -50), (30, None)], [19, 23]),
        ([(60, None)], []),
        ([], []),
    ],
)
def test_days_are_those_that_a_period_touches(periods: list[tuple[float, float | None]], days: list[int]) -> None:
    in_us = [(_us(start), None if end is None else _us(end)) for start, end in periods]
    assert [day.day for day in days_of(in_us, Calendar(((0, "Asia/Seoul"),)), date(2026, 11, 23))] == days


@pytest.mark.parametrize(
    ("before", "after"),
    [("Asia/Seoul", "UTC"), ("UTC", "Asia/Seoul"), ("Asia/Seoul", "America/New_York"), ("Asia/Tokyo", "Asia/Seoul")],
)
@pytest.mark.parametrize("hour", range(0, 48, 5))
def test_a_site_whose_zone_changes_leaves_no_hour_without_a_day(before: str, after: str, hour: int) -> None:
    changed_us = _us(hour)
    calendar = Calendar(((0, before), (changed_us, after)))
    days = [calendar.day(date(2026, 11, 18) + timedelta(days=number)) for number in range(10)]
    assert all(day.end_us == following.start_us for day, following in pairwise(days))
    assert [day for day in days if day.end_us < changed_us - 24 * HOUR_US] == [
        whole_day(day.date, before) for day in days if day.end_us < changed_us - 24 * HOUR_US
    ]
    assert days[-1] == whole_day(days[-1].date, after)
    touched = days_of([(_us(-48), _us(72))], calendar, date(2026, 12, 1))
    assert calendar.day(touched[0]).start_us <= _us(-48)
    assert calendar.day(touched[-1]).end_us >= _us(72)


def _us(hours: float) -> int:
    return MIDNIGHT_US + round(hours * HOUR_US)


ENTRY = LedgerEntry("n", "folder", 7, 10, 99, 99, 1, 5, 5, "m", "h", "1", 0, 0, 1)
STORED = StoredObject("n", 7, 10, 99)


@pytest.mark.parametrize(
    ("entry", "stored", "changed", "action"),
    [
        (None, None, None, Action.UPLOAD),
        (None, STORED, None, Action.COMPARE),
        (ENTRY, STORED, False, Action.SKIP),
        (ENTRY, STORED, True, Action.REPLACE),
        (ENTRY, STORED, None, Action.COMPARE),
        (ENTRY, None, False, Action.UPLOAD),  # somebody deleted it
        (ENTRY, None, True, Action.UPLOAD),
        (ENTRY, replace(STORED, generation=8), False, Action.COMPARE),
        (ENTRY, replace(STORED, generation=8), True, Action.COMPARE),
        (ENTRY, replace(STORED, crc32c=98), False, Action.COMPARE),
        (replace(ENTRY, name="old"), STORED, False, Action.COMPARE),
        (replace(ENTRY, dropped=True), STORED, False, Action.SKIP),
        (replace(ENTRY, dropped=True), STORED, True, Action.HELD),
        (replace(ENTRY, dropped=True), STORED, None, Action.HELD),
        (replace(ENTRY, dropped=True), None, False, Action.HELD),
        (replace(ENTRY, dropped=True), replace(STORED, generation=8), False, Action.HELD),
    ],
)
def test_the_action_for_an_object(
    entry: LedgerEntry | None, stored: StoredObject | None, changed: bool | None, action: Action
) -> None:
    assert decide(entry, stored, changed) is action
