"""Completeness of a device's day: every expected tick has exactly one of five outcomes.

    expected = stored + partial + failed + clock (the wall clock jumped over it) + collector down (no explanation)

`adapters.postgres.completeness` reads the evidence, `proof` compares rows with samples, `jobs.report` shows the result.
A tick is lost unless its sample was stored completely. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ess_ray.core.day import MINUTE_US, Day
from ess_ray.core.polling.cadence import first_tick_us
from ess_ray.core.reporting.evidence import Evidence, Outcome
from ess_ray.core.reporting.proof import Identities, TableReport, Unproven, percent, prove
from ess_ray.core.samples import Device

MOST_GAPS = 10  # of a device's day: the longest ones
Cause = tuple[Outcome, str | None]  # with the sample's reason
DOWN, CLOCK = 0, 1  # in arrays a cause is a number: these two have no sample, others follow as they are met


@dataclass(frozen=True, slots=True)
class Gap:
    """Consecutive ticks that were not stored completely.

    `start_us`: the first tick; `length_us`: the ticks' periods together. `causes`: number of ticks by outcome and
    reason as text (`failed: timeout`; `collector down`), the most frequent first.
    """

    start_us: int
    length_us: int
    ticks: int
    causes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """A device's day: how many of its ticks had which outcome, and what its rows prove.

    `causes` counts the expected ticks by (outcome, reason or None). `late` ticks were committed late; `unexpected`
    samples have a time that is no expected tick. `minute_expected` and `minute_stored` count ticks by minute since the
    day's begin: arrays of shape (day.minutes,), whole numbers.
    """

    device: Device
    causes: Mapping[Cause, int]
    late: int
    unexpected: int
    gaps: tuple[Gap, ...]  # longest first
    tables: tuple[TableReport, ...]
    unproven: tuple[Unproven, ...]
    minute_expected: np.ndarray
    minute_stored: np.ndarray

    @property
    def expected(self) -> int:
        """Number of expected ticks."""
        return sum(self.causes.values())

    @property
    def loss_percent(self) -> float:
        """Expected ticks that were not stored completely, in percent."""
        return percent(self.expected - self.count(Outcome.STORED), self.expected)

    @property
    def rejected(self) -> int:
        """Number of rows that the database refused, of all tables."""
        return sum(table.rejected for table in self.tables)

    def count(self, outcome: Outcome) -> int:
        """Number of expected ticks with this outcome, whatever the reason; 0 if there are none."""
        return sum(count for (cause, _), count in self.causes.items() if cause == outcome)

    def reasons(self, outcome: Outcome) -> dict[str, int]:
        """Number of ticks with this outcome by reason, the most frequent first; ticks without a reason are left out."""
        counts = Counter({reason: n for (cause, reason), n in self.causes.items() if cause == outcome and reason})
        return dict(counts.most_common())


@dataclass(frozen=True, slots=True)
class SiteReport:
    """A site's day: the reports on all devices that were configured on it."""

    site: str
    day: Day
    devices: tuple[DeviceReport, ...]

    @property
    def expected(self) -> int:
        """Number of expected ticks of all devices."""
        return sum(device.expected for device in self.devices)

    @property
    def stored(self) -> int:
        """Number of ticks that were stored completely, of all devices."""
        return sum(device.count(Outcome.STORED) for device in self.devices)

    @property
    def loss_percent(self) -> float:
        """Expected ticks of all devices that were not stored completely, in percent."""
        return percent(self.expected - self.stored, self.expected)


def problems(sites: Iterable[SiteReport], max_loss_percent: float) -> list[str]:
    """Reasons for the report to fail, a line each. Empty if the day was complete enough and all its rows are proven.

    A device fails if its ticks or the rows of a table lost more than `max_loss_percent`, or if rows are unproven; a
    site fails without devices.
    """
    lines = []
    for site in sites:
        if not site.devices:
            lines.append(f"{site.site}: no device was configured on {site.day.date}, so no sample was expected")
        for report in site.devices:
            losses = {"": report.loss_percent}
            losses |= {f", table {table.table}": table.loss_percent for table in report.tables}
            subject, worst = max(losses.items(), key=lambda item: item[1])
            if worst > max_loss_percent:
                limit = f"the limit report.max_loss={max_loss_percent:g}"
                lines.append(f"{report.device}{subject}: loss {worst:.4f} %, above {limit}")
            if report.unproven:
                tables = ", ".join(sorted({identity.table for identity in report.unproven}))
                lines.append(f"{report.device}: unproven: the rows of {tables} do not agree with the samples")
    return lines


def level_stretches(report: DeviceReport, shares: Sequence[float]) -> Iterator[tuple[int, int, int]]:
    """The day in stretches of minutes of one level: (first minute, minute after the last one, level), in order.

    Minutes count from 0 at the day's begin. `shares`, of 1, fall, and the last is 0. A minute's level is the index of
    the first of them that its stored share of ticks reaches. Minutes without expected ticks are left out.
    """
    stored = report.minute_stored / np.maximum(report.minute_expected, 1)
    levels = np.select([stored >= share for share in shares], range(len(shares)))
    levels[report.minute_expected == 0] = -1
    edges = [0, *(np.flatnonzero(np.diff(levels)) + 1).tolist(), len(levels)]
    for start, end in pairwise(edges):
        if levels[start] >= 0:
            yield start, end, int(levels[start])


def account_device(
    day: Day,
    evidence: Sequence[Evidence],
    jumps: Sequence[tuple[int, int]],
    identities: Mapping[str, Identities],
) -> DeviceReport:
    """The report on one device.

    `evidence` is that of the device's spans in [day.start_us, day.until_us), in order of time, at
    least one; `jumps` are the intervals [from_us, until_us) that the wall clock jumped over; `identities` is by map
    hash, see `proof.prove`.
    """
    codes: dict[Cause, int] = {(Outcome.DOWN, None): DOWN, (Outcome.CLOCK, None): CLOCK}
    parts = [_ticks(part, jumps, codes) for part in evidence]
    ticks_us, periods_us, tick_codes = (np.concatenate(column) for column in zip(*parts, strict=True))
    causes = list(codes)
    counts = np.bincount(tick_codes, minlength=len(causes)).tolist()
    stored = np.array([outcome == Outcome.STORED for outcome, _ in causes])[tick_codes]
    minutes = (ticks_us - day.start_us) // MINUTE_US
    tables, unproven = prove(evidence, identities)
    samples = sum(run.ticks for part in evidence for run in part.runs)
    return DeviceReport(
        device=evidence[0].span.device,
        causes={cause: count for cause, count in zip(causes, counts, strict=True) if count},
        late=sum(part.late for part in evidence),
        unexpected=samples - sum(counts[CLOCK + 1 :]),
        gaps=_gaps(ticks_us, periods_us, tick_codes, stored, causes),
        tables=tables,
        unproven=unproven,
        minute_expected=np.bincount(minutes, minlength=day.minutes),
        minute_stored=np.bincount(minutes[stored], minlength=day.minutes),
    )


def _ticks(
    evidence: Evidence, jumps: Sequence[tuple[int, int]], codes: dict[Cause, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, periods and codes of a span's expected ticks, an array each. A cause that is not in `codes` is added."""
    span = evidence.span
    first_us = first_tick_us(span.start_us, span.period_us)
    tick_codes = np.full(span.expected, DOWN, np.int64)
    for run in evidence.runs:
        index, off_grid_us = divmod(run.first_us - first_us, span.period_us)
        if not off_grid_us:
            tick_codes[index : index + run.ticks] = codes.setdefault((run.outcome, run.reason), len(codes))
    for from_us, until_us in jumps:
        start, end = (max(0, -((first_us - time_us) // span.period_us)) for time_us in (from_us, until_us))
        jumped = tick_codes[start:end]
        jumped[jumped == DOWN] = CLOCK
    ticks_us = first_us + span.period_us * np.arange(span.expected)
    return ticks_us, np.full(span.expected, span.period_us), tick_codes


def _gaps(
    ticks_us: np.ndarray, periods_us: np.ndarray, tick_codes: np.ndarray, stored: np.ndarray, causes: Sequence[Cause]
) -> tuple[Gap, ...]:
    """The longest gaps. A time in which the device was not configured ends a gap; a change of its period does not."""
    unconfigured = np.diff(ticks_us) > np.maximum(periods_us[1:], periods_us[:-1])
    edges = np.concatenate([[0], np.flatnonzero(unconfigured | (stored[1:] != stored[:-1])) + 1, [len(stored)]])
    gaps = []
    for start, end in pairwise(edges.tolist()):
        if start < end and not stored[start]:
            gaps.append((int(periods_us[start:end].sum()), start, end))
    longest = sorted(gaps, key=lambda gap: (-gap[0], gap[1]))[:MOST_GAPS]
    return tuple(
        Gap(int(ticks_us[start]), length_us, end - start, _count_causes(tick_codes[start:end], causes))
        for length_us, start, end in longest
    )


def _count_causes(tick_codes: np.ndarray, causes: Sequence[Cause]) -> dict[str, int]:
    """Number of ticks by cause as text (`failed: timeout`), the most frequent first."""
    counts = Counter(tick_codes.tolist()).most_common()
    return {": ".join(filter(None, causes[code])): count for code, count in counts}
