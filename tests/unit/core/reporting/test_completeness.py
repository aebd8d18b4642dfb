"""The completeness report: every expected tick has an outcome, and rows that do not agree with samples are reported."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from ess_ray.core.day import Day, check_day, choose_day
from ess_ray.core.errors import ConfigError
from ess_ray.core.polling.cadence import first_tick_us
from ess_ray.core.reporting.completeness import DeviceReport, SiteReport, account_device, level_stretches, problems
from ess_ray.core.reporting.evidence import ConfiguredSpan, Evidence, IdentityRows, Outcome, SampleRun, SampleSum
from ess_ray.core.reporting.proof import Unproven
from ess_ray.core.samples import Device
from ess_ray.jobs.report_html import as_html
from ess_ray.jobs.report_text import as_csv, as_json

S, HOUR = 1_000_000, 3_600_000_000
GATEWAY = Device("jeju", "gateway")
START = 20_000 * 24 * HOUR
DAY = Day(datetime.fromtimestamp(START // S, UTC).date(), "UTC", START, START + 24 * HOUR, START + 24 * HOUR)
IDENTITIES = {"map-1": {"bank": frozenset({(1,)}), "rack": frozenset({(1, 1), (1, 2)})}}


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * S


def run(
    start_s: int, ticks: int, outcome: Outcome = Outcome.STORED, reason: str | None = None, period_s: int = 1
) -> SampleRun:
    """`checksum` stands for the sum of the hashes: any function of the ticks will do."""
    ticks_s = range(start_s, start_s + ticks * period_s, period_s)
    return SampleRun(START + start_s * S, ticks, outcome, reason, sum(ticks_s))


def evidence(runs: Sequence[SampleRun], start_s: int = 0, end_s: int = 86_400, period_s: int = 1) -> Evidence:
    """A span whose rows agree with its samples."""
    span = ConfiguredSpan(GATEWAY, "map-1", period_s * S, START + start_s * S, START + end_s * S)
    read = [samples for samples in runs if samples.outcome != Outcome.FAILED]
    count, checksum = sum(samples.ticks for samples in read), sum(samples.checksum for samples in read)
    identities = [(table, ids) for table, all_ids in IDENTITIES["map-1"].items() for ids in all_ids]
    rows = [IdentityRows(*identity, count, checksum) for identity in identities if count]
    return Evidence(span, runs, rows, [], 0)


def report(*parts: Evidence, jumps: Sequence[tuple[int, int]] = ()) -> DeviceReport:
    return account_device(DAY, parts, jumps, IDENTITIES)


def outcomes_of(device: DeviceReport) -> dict[str, int]:
    return {str(outcome): device.count(outcome) for outcome in Outcome if device.count(outcome)}


@pytest.mark.parametrize(
    ("word", "timezone", "now", "start", "hours"),
    [
        ("2026-11-22", "Asia/Seoul", "2026-12-01T00:00Z", "2026-11-21T15:00Z", 24),
        ("2026-03-29", "Europe/Berlin", "2026-12-01T00:00Z", "2026-03-28T23:00Z", 23),
        ("2026-10-25", "Europe/Berlin", "2026-12-01T00:00Z", "2026-10-24T22:00Z", 25),
        ("2026-03-08", "America/Havana", "2026-12-01T00:00Z", "2026-03-08T05:00Z", 23),  # 00:00 does not exist there
        ("2026-11-01", "America/Havana", "2026-12-01T00:00Z", "2026-11-01T04:00Z", 25),  # and here 00:00 exists twice
        ("2026-04-05", "Australia/Lord_Howe", "2026-12-01T00:00Z", "2026-04-04T13:00Z", 24.5),
        ("yesterday", "Asia/Seoul", "2026-11-22T16:00Z", "2026-11-21T15:00Z", 24),
        ("today", "Asia/Seoul", "2026-11-22T16:00Z", "2026-11-22T15:00Z", 24),
    ],
)
def test_a_day_is_that_of_the_clock_at_the_site(word: str, timezone: str, now: str, start: str, hours: float) -> None:
    day = choose_day(word, timezone, us(now), late_us=60 * S)
    assert (day.start_us, (day.end_us - day.start_us) / HOUR) == (us(start), hours)
    assert day.until_us == min(day.end_us, us(now) - 60 * S)


@pytest.mark.parametrize("word", ["tomorrow", "2026-02-30", "20261122", "", "2026-11-22T00:00"])
def test_a_text_that_is_not_a_day_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match=r"^day: .*is not a day"):
        check_day(word)


def test_a_day_that_has_not_begun_is_refused() -> None:
    with pytest.raises(ConfigError, match="has not begun in Asia/Seoul"):
        choose_day("2026-11-23", "Asia/Seoul", us("2026-11-22T14:59Z"), 0)


@pytest.mark.parametrize(
    ("parts", "jumps_s", "outcomes", "gap"),
    [
        pytest.param([evidence([run(0, 86_400)])], [], {"stored": 86_400}, None, id="complete"),
        pytest.param([evidence([])], [], {"collector down": 86_400}, (0, 86_400), id="nothing"),
        pytest.param(
            [evidence([run(100, 86_200)])], [], {"stored": 86_200, "collector down": 200}, (0, 100), id="both edges"
        ),
        pytest.param(
            [evidence([run(0, 10), run(10, 5, Outcome.FAILED, "timeout"), run(15, 7, Outcome.PARTIAL, "closed"),
                       run(30, 86_370)])],
            [], {"stored": 86_380, "partial": 7, "failed": 5, "collector down": 8}, (10, 20),
            id="one gap, three causes",
        ),
        pytest.param(
            [evidence([run(0, 43_200)], 0, 43_200), evidence([run(43_200, 4_320, period_s=10)], 43_200, period_s=10)],
            [], {"stored": 47_520}, None, id="another period at noon",
        ),
        pytest.param(
            [evidence([run(0, 43_100)], 0, 43_200), evidence([run(43_220, 4_318, period_s=10)], 43_200, period_s=10)],
            [], {"stored": 47_418, "collector down": 102}, (43_100, 120), id="a gap over a change of the period",
        ),
        pytest.param(
            [evidence([], 100, 200), evidence([], 300, 450)], [], {"collector down": 250}, (300, 150),
            id="not configured is no gap",
        ),
        pytest.param(
            [evidence([run(0, 1_000), run(1_600, 84_800)])], [(1_100, 1_500)],
            {"stored": 85_800, "clock": 400, "collector down": 200}, (1_000, 600), id="a jump of the clock",
        ),
        pytest.param(
            [evidence([run(0, 86_400)])], [(-50, 100_000)], {"stored": 86_400}, None, id="a jump does not undo samples"
        ),
    ],
)  # fmt: skip
def test_every_expected_tick_has_one_outcome(
    parts: list[Evidence], jumps_s: list[tuple[int, int]], outcomes: dict[str, int], gap: tuple[int, int] | None
) -> None:
    device = report(*parts, jumps=[(START + start * S, START + end * S) for start, end in jumps_s])
    assert outcomes_of(device) == outcomes
    assert device.expected == sum(part.span.expected for part in parts) == device.minute_expected.sum()
    assert device.minute_stored.sum() == outcomes.get("stored", 0)
    longest = [(longest.start_us - START, longest.length_us) for longest in device.gaps[:1]]
    assert longest == ([(gap[0] * S, gap[1] * S)] if gap else [])
    assert not device.unproven


def test_a_sample_off_the_grid_is_unexpected_and_fills_no_gap() -> None:
    device = report(evidence([run(0, 10), run(13, 1)], 0, 20, period_s=2))
    assert (device.unexpected, outcomes_of(device)) == (1, {"stored": 10})


def test_a_tick_belongs_to_one_span_only() -> None:
    edges = [START, START + 10 * S, START + 99 * S]
    spans = [ConfiguredSpan(GATEWAY, "map-1", 7 * S, start_us, end_us) for start_us, end_us in pairwise(edges)]
    first_s = (first_tick_us(START, 7 * S) - START) // S
    assert sum(span.expected for span in spans) == len(range(first_s, 99, 7))


GOOD = (86_400, run(0, 86_400).checksum)


@pytest.mark.parametrize(
    ("rows", "rejected", "unproven", "missing"),
    [
        pytest.param({}, {}, [], 0, id="agreed"),
        pytest.param({("rack", (1, 2)): None}, {}, [Unproven("rack", (1, 2), 86_400, 0)], 86_400, id="a dead rack"),
        pytest.param(
            {("rack", (1, 2)): (GOOD[0] - 1, GOOD[1] - 9), ("rack", (1, 1)): (GOOD[0] + 1, GOOD[1] + 9)}, {},
            [Unproven("rack", (1, 1), 86_400, 86_401), Unproven("rack", (1, 2), 86_400, 86_399)], 1,
            id="an extra row does not make up for a missing one",
        ),
        pytest.param(
            {("rack", (1, 1)): (GOOD[0], GOOD[1] + 1)}, {}, [Unproven("rack", (1, 1), 86_400, 86_400)], 0,
            id="as many, at other ticks",
        ),
        pytest.param({("rack", (9, 9)): (5, 5)}, {}, [Unproven("rack", (9, 9), 0, 5)], 0, id="a rack of no map"),
        pytest.param(
            {("rack", (1, 2)): (GOOD[0] - 1, GOOD[1] - 16)}, {("rack", (1, 2)): (1, 16)}, [], 1, id="a rejected row"
        ),
    ],
)  # fmt: skip
def test_rows_are_compared_identity_by_identity(
    rows: dict[tuple[str, tuple[int, ...]], tuple[int, int] | None],
    rejected: dict[tuple[str, tuple[int, ...]], tuple[int, int]],
    unproven: list[Unproven],
    missing: int,
) -> None:
    complete = evidence([run(0, 86_400)])
    sums = {(of.table, of.ids): (of.count, of.checksum) for of in complete.rows} | rows
    present = [IdentityRows(*key, *sums_of_key) for key, sums_of_key in sums.items() if sums_of_key]
    refused = [IdentityRows(*key, *sums_of_key) for key, sums_of_key in rejected.items()]
    device = report(Evidence(complete.span, complete.runs, present, refused, 0))
    assert list(device.unproven) == unproven
    assert {table.table: table.missing for table in device.tables} == {"bank": 0, "rack": missing}
    assert bool(problems([SiteReport("jeju", DAY, (device,))], max_loss_percent=50)) == bool(unproven)


@pytest.mark.parametrize(
    ("period_s", "every_s", "expected"), [(1, 60, 1440), (60, 60, 1440), (120, 60, 720), (1, 86_400, 1), (7, 0, 12_343)]
)
def test_a_row_is_expected_at_the_ticks_that_are_those_of_its_period_too(
    period_s: int, every_s: int, expected: int
) -> None:
    span = ConfiguredSpan(GATEWAY, "map-1", period_s * S, START, START + 24 * HOUR)
    ticks_s = range(first_tick_us(START, period_s * S) // S, (START + 24 * HOUR) // S, period_s)
    assert span.expected_every(every_s * S) == expected
    assert expected == len([tick_s for tick_s in ticks_s if not every_s or tick_s % every_s == 0])


@pytest.mark.parametrize(
    ("slow", "unproven", "missing"),
    [
        ((1440, 17), [], 0),
        ((1439, 17), [Unproven("rack", (1, 2), 1440, 1439)], 1),
        ((1440, 18), [Unproven("rack", (1, 2), 1440, 1440)], 0),
        (GOOD, [Unproven("rack", (1, 2), 1440, 86_400)], 0),
    ],
    ids=["agreed", "one is missing", "other ticks", "at each tick"],
)
def test_rows_of_a_period_of_their_own_are_compared_with_the_samples_of_their_ticks(
    slow: tuple[int, int], unproven: list[Unproven], missing: int
) -> None:
    complete = evidence([run(0, 86_400)])
    span = replace(complete.span, row_periods={("rack", (1, 2)): 60 * S})
    rows = [row for row in complete.rows if row.ids != (1, 2)] + [IdentityRows("rack", (1, 2), *slow)]
    device = report(Evidence(span, complete.runs, rows, [], 0, {60 * S: SampleSum(1440, 17)}))
    assert list(device.unproven) == unproven
    assert [(table.expected, table.missing) for table in device.tables] == [(86_400, 0), (86_400 + 1440, missing)]
    assert (device.expected, device.loss_percent) == (86_400, 0)


def test_without_the_map_of_that_day_every_identity_with_rows_must_agree() -> None:
    complete = evidence([run(0, 86_400)])
    racks = [IdentityRows("rack", (1, 1), *GOOD), IdentityRows("rack", (1, 2), GOOD[0] - 1, 0)]
    rows = [IdentityRows("pcs", (), *GOOD), *racks]
    device = account_device(DAY, [Evidence(complete.span, complete.runs, rows, [], 0)], [], {})
    assert list(device.unproven) == [Unproven("rack", (1, 2), 86_400, 86_399)]


@pytest.mark.parametrize(("limit", "passes"), [(0.0, False), (0.0115, False), (0.0116, True)])
def test_loss_above_the_limit_is_a_problem(limit: float, passes: bool) -> None:
    device = report(evidence([run(0, 86_390)]))
    assert f"{device.loss_percent:.4f}" == "0.0116"
    assert (problems([SiteReport("jeju", DAY, (device,))], limit) == []) is passes


def test_a_site_without_devices_is_a_problem() -> None:
    assert "no device was configured" in problems([SiteReport("jeju", DAY, ())], 100)[0]


def test_every_format_has_the_same_numbers() -> None:
    parts = evidence([run(0, 600), run(600, 60, Outcome.FAILED, "<timeout>"), run(660, 85_740)])
    sites = [SiteReport("jeju", DAY, (report(parts),))]
    device = json.loads(as_json(sites, []))["sites"]["jeju"]["devices"]["gateway"]
    assert (device["expected"], device["failed"], device["loss_percent"]) == (86_400, 60, 0.0694)
    assert device["longest_gap"]["length_s"] == 60
    lines = list(csv.DictReader(io.StringIO(as_csv(sites, []))))
    assert [(line["table"], line["failed"], line["loss_percent"]) for line in lines] == [
        ("bank", "60", "0.0694"), ("rack", "60", "0.0694"),
    ]  # fmt: skip
    page = as_html(sites, ["<wrong>"])
    assert "60 of 86400 samples lost" in page
    assert "00:10 to 00:11: 0 of 60 samples stored" in page
    assert "&lt;timeout&gt;" in page
    assert "&lt;wrong&gt;" in page


@pytest.mark.parametrize(
    ("device", "cell"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\\t=1"),
        ("a\x1b[2J", "a\\x1b[2J"),
        ("gateway-1", "gateway-1"),
    ],
)
def test_a_spreadsheet_runs_nothing_of_the_csv(device: str, cell: str) -> None:
    of_database = replace(report(evidence([run(0, 600)])), device=Device("jeju", device))
    lines = list(csv.DictReader(io.StringIO(as_csv([SiteReport("jeju", DAY, (of_database,))], []))))
    assert {line["device"] for line in lines} == {cell}


def test_the_page_needs_no_network_and_no_script() -> None:
    page = as_html([SiteReport("jeju", DAY, (report(evidence([])),))], [])
    assert not any(word in page for word in ("http:", "https:", "<script", "<link", "url(", "@import"))


def test_the_heat_map_joins_equal_minutes_and_leaves_out_what_was_not_expected() -> None:
    device = report(evidence([run(600, 120)], 600, 780))
    assert list(level_stretches(device, [1.0, 0.5, 0.0])) == [(10, 12, 0), (12, 13, 2)]
