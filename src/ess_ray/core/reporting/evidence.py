"""What the database tells about a day: the samples in runs, and the rows of the tables by identity.

`adapters.postgres.completeness` brings it, `core.reporting.completeness` judges it. Times are microseconds since 1970
UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ess_ray.core.polling.cadence import ticks_between
from ess_ray.core.samples import Device


class Fate(StrEnum):
    """What became of an expected tick."""

    STORED = "stored"
    PARTIAL = "partial"
    FAILED = "failed"
    CLOCK = "clock"
    DOWN = "collector down"


@dataclass(frozen=True, slots=True)
class Span:
    """A device as it was configured in [start_us, end_us)."""

    device: Device
    map_hash: str
    period_us: int
    start_us: int
    end_us: int

    @property
    def expected(self) -> int:
        """Its ticks."""
        return ticks_between(self.start_us, self.end_us, self.period_us)


@dataclass(frozen=True, slots=True)
class Run:
    """Samples of one fate and reason, each a period behind the one before."""

    first_us: int
    ticks: int
    fate: Fate
    reason: str | None
    checksum: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one identity: how many, and the sum of the hashes of their times."""

    table: str
    ids: tuple[int, ...]
    count: int
    checksum: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the database holds of a span. `rejected`: rows that it refused, of samples that are not failed."""

    span: Span
    runs: Sequence[Run]
    rows: Sequence[Rows]
    rejected: Sequence[Rows]
    late: int  # ticks committed late
