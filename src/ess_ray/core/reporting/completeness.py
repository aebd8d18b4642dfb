"""How complete a device's day was: every expected tick is exactly one of five.

    expected = stored + partial + failed + clock (the wall clock jumped over it) + collector down (nothing says a word)

`adapters.postgres.completeness` brings evidence, `proof` compares rows with samples, `jobs.report` shows the result. A
tick is lost unless it was stored whole. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ess_ray.core.day import MINUTE_US, Day
from ess_ray.core.polling.cadence import first_tick_us
from ess_ray.core.reporting.evidence import Evidence, Fate
from ess_ray.core.reporting.proof import Identities, TableReport, Unproven, percent, prove
from ess_ray.core.samples import Device

MOST_GAPS = 10  # the longest ones are told in full
Cause = tuple[Fate, str | None]  # with the sample's reason
DOWN, CLOCK = 0, 1  # codes of the causes without a sample


@dataclass(frozen=True, slots=True)
class Gap:
    """A longest run of ticks that were not stored whole."""

    start_us: int
    length_us: int
    ticks: int
    causes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """A device's day. `unexpected` samples stand at no expected tick; the arrays have one number a minute."""

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
        """Ticks."""
        return sum(self.causes.values())

    @property
    def loss_percent(self) -> float:
        """Of the expected ticks: those that were not stored whole."""
        return percent(self.expected - self.count(Fate.STORED), self.expected)

    @property
    def rejected(self) -> int:
        """Rows, of all tables."""
        return sum(table.rejected for table in self.tables)

    def count(self, fate: Fate) -> int:
        """Ticks of this fate."""
        return sum(count for (one, _), count in self.causes.items() if one == fate)

    def reasons(self, fate: Fate) -> dict[str, int]:
        """Ticks of this fate that have a reason, by reason, most first."""
        found = Counter({reason: n for (one, reason), n in self.causes.items() if one == fate and reason})
        return dict(found.most_common())


@dataclass(frozen=True, slots=True)
class SiteReport:
    """A site's day."""

    site: str
    day: Day
    devices: tuple[DeviceReport, ...]

    @property
    def expected(self) -> int:
        """Ticks of all devices."""
        return sum(one.expected for one in self.devices)

    @property
    def stored(self) -> int:
        """Those that were stored whole."""
        return sum(one.count(Fate.STORED) for one in self.devices)

    @property
    def loss_percent(self) -> float:
        """Of the expected ticks of all devices."""
        return percent(self.expected - self.stored, self.expected)


def problems(sites: Iterable[SiteReport], max_loss_percent: float) -> list[str]:
    """What makes the report end with a failure, one line each; none: the day was complete enough."""
    lines = []
    for site in sites:
        if not site.devices:
            lines.append(f"{site.site}: nothing was expected on {site.day.date}: no device was configured then")
        for report in site.devices:
            losses = {"": report.loss_percent} | {f", table {one.table}": one.loss_percent for one in report.tables}
            where, worst = max(losses.items(), key=lambda item: item[1])
            if worst > max_loss_percent:
                lines.append(
                    f"{report.device}{where}: loss {worst:.4f} % is above report.max_loss={max_loss_percent:g}"
                )
            if report.unproven:
                tables = ", ".join(sorted({one.table for one in report.unproven}))
                lines.append(f"{report.device}: unproven, rows of {tables} do not agree with the samples")
    return lines


def stretches(report: DeviceReport, shares: Sequence[float]) -> Iterator[tuple[int, int, int]]:
    """The day as (first minute, end, level): neighbours of one level, the first of `shares` (falling, to 0) that was
    stored whole. Minutes of which nothing was expected are left out.
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
    known: Mapping[str, Identities],
) -> DeviceReport:
    """The report on one device: `evidence` of its spans in order, `jumps` of the wall clock as [from, until) without
    ticks, `known` the identities by map hash; of other maps those are expected that were seen.
    """
    codes: dict[Cause, int] = {(Fate.DOWN, None): DOWN, (Fate.CLOCK, None): CLOCK}
    parts = [_ticks(one, jumps, codes) for one in evidence]
    ticks_us, periods_us, fates = (np.concatenate(column) for column in zip(*parts, strict=True))
    names = list(codes)
    counts = np.bincount(fates, minlength=len(names)).tolist()
    whole = np.array([fate == Fate.STORED for fate, _ in names])[fates]
    minutes = (ticks_us - day.start_us) // MINUTE_US
    tables, unproven = prove(evidence, known)
    seen = sum(run.ticks for one in evidence for run in one.runs)
    return DeviceReport(
        device=evidence[0].span.device,
        causes={cause: count for cause, count in zip(names, counts, strict=True) if count},
        late=sum(one.late for one in evidence),
        unexpected=seen - sum(counts[CLOCK + 1 :]),
        gaps=_gaps(ticks_us, periods_us, fates, whole, names),
        tables=tables,
        unproven=unproven,
        minute_expected=np.bincount(minutes, minlength=day.minutes),
        minute_stored=np.bincount(minutes[whole], minlength=day.minutes),
    )


def _ticks(
    evidence: Evidence, jumps: Sequence[tuple[int, int]], codes: dict[Cause, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, periods and causes of a span's expected ticks; new causes get the next code."""
    span = evidence.span
    first_us = first_tick_us(span.start_us, span.period_us)
    fates = np.full(span.expected, DOWN, np.int64)
    for run in evidence.runs:
        place, off_grid_us = divmod(run.first_us - first_us, span.period_us)
        if not off_grid_us:
            fates[place : place + run.ticks] = codes.setdefault((run.fate, run.reason), len(codes))
    for from_us, until_us in jumps:
        start, end = (max(0, -((first_us - time_us) // span.period_us)) for time_us in (from_us, until_us))
        jumped = fates[start:end]
        jumped[jumped == DOWN] = CLOCK
    ticks_us = first_us + span.period_us * np.arange(span.expected)
    return ticks_us, np.full(span.expected, span.period_us), fates


def _gaps(
    ticks_us: np.ndarray, periods_us: np.ndarray, fates: np.ndarray, whole: np.ndarray, names: Sequence[Cause]
) -> tuple[Gap, ...]:
    """The longest gaps. A time in which the device was not configured ends a gap; a change of its period does not."""
    apart = (np.diff(ticks_us) > np.maximum(periods_us[1:], periods_us[:-1])) | (whole[1:] != whole[:-1])
    edges = np.concatenate([[0], np.flatnonzero(apart) + 1, [len(whole)]])
    gaps = []
    for start, end in pairwise(edges.tolist()):
        if start < end and not whole[start]:
            gaps.append((int(periods_us[start:end].sum()), start, end))
    longest = sorted(gaps, key=lambda gap: (-gap[0], gap[1]))[:MOST_GAPS]
    return tuple(
        Gap(int(ticks_us[start]), length_us, end - start, _named(fates[start:end], names))
        for length_us, start, end in longest
    )


def _named(fates: np.ndarray, names: Sequence[Cause]) -> dict[str, int]:
    counts = Counter(fates.tolist()).most_common()
    return {": ".join(filter(None, names[code])): count for code, count in counts}
