"""The evidence of a device's day: what the database holds of its samples and of its tables' rows.

`adapters.postgres.completeness` reads it, `core.reporting.completeness` and `core.reporting.proof` judge it. A day of a
device at 1 Hz has 86,400 samples and ten times as many rows; the evidence sums both up in a few records. Times are
microseconds since 1970 UTC. A checksum is the sum of the hashes of times: two sets of as many times have the same sum
only if they are the same times (a sum of the times themselves would miss two errors that cancel out).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import lcm
from typing import NamedTuple

from ess_ray.core.maps.rates import RowPeriods
from ess_ray.core.polling.cadence import ticks_between
from ess_ray.core.samples import Device


class Outcome(StrEnum):
    """What became of an expected tick. The first three are the status of its sample; the last two have no sample."""

    STORED = "stored"
    PARTIAL = "partial"
    FAILED = "failed"
    CLOCK = "clock"  # the wall clock jumped over the tick
    DOWN = "collector down"  # nothing in the database explains the tick


@dataclass(frozen=True, slots=True)
class ConfiguredSpan:
    """A device with one map and one period, as it was configured in [start_us, end_us).

    `row_periods`: of the rows of its map that are not due at each tick, microseconds.
    """

    device: Device
    map_hash: str
    period_us: int
    start_us: int
    end_us: int
    row_periods: RowPeriods = field(default_factory=dict)

    @property
    def expected(self) -> int:
        """Number of ticks in the span: whole multiples of the period since 1970 UTC in [start_us, end_us)."""
        return ticks_between(self.start_us, self.end_us, self.period_us)

    def expected_every(self, period_us: int) -> int:
        """Number of ticks in the span at which a row with this period is due; 0: one of each tick."""
        return ticks_between(self.start_us, self.end_us, lcm(self.period_us, period_us or self.period_us))


@dataclass(frozen=True, slots=True)
class SampleRun:
    """Consecutive samples of one outcome and reason, each a period after the sample before it."""

    first_us: int
    ticks: int
    outcome: Outcome
    reason: str | None
    checksum: int  # of the samples' times


class SampleSum(NamedTuple):
    """Samples that are not failed, counted."""

    samples: int
    checksum: int  # of their times


@dataclass(frozen=True, slots=True)
class IdentityRows:
    """Rows of one identity of a table (rack 2 of bank 1: `ids` (1, 2)), counted."""

    table: str
    ids: tuple[int, ...]
    count: int
    checksum: int  # of the rows' times


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the database holds of a span.

    `rejected` are rows that it refused, of samples that are not failed; `late` is the number of ticks that were
    committed late (bit 4 of `quality`). `read_every`: the samples at the ticks of each period in `span.row_periods`.
    """

    span: ConfiguredSpan
    runs: Sequence[SampleRun]
    rows: Sequence[IdentityRows]
    rejected: Sequence[IdentityRows]
    late: int
    read_every: Mapping[int, SampleSum] = field(default_factory=dict)
