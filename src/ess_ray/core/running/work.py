"""What the journals hold, and what normalisers, writer and export have done since the job's start: for the metrics.

Counted by the driver.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from ess_ray.core.storing.flush import Committed


class Again(StrEnum):
    """Why a transaction was begun again."""

    KNOWN = "known"  # the database had some of the samples
    REFUSED = "refused"  # it refused some of the rows
    FAILED = "failed"  # it was not reached, or the writer died: the whole shipment was sent again


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a poller's journal holds, as of its last pull."""

    items: int  # samples and events that the database has not committed
    oldest_us: int  # of them; without any, the moment of the pull
    shed: int  # samples that lost their values to the journal's bounds, since the poller's start
    failing: bool  # its disk does not take what is written


@dataclass(slots=True)
class Exported:
    """What the export has done."""

    objects: int = 0
    rows: int = 0
    bytes: int = 0
    failed: int = 0  # objects that cannot be exported now
    lag_days: dict[str, int] = field(default_factory=dict)  # by site: days from the oldest that is missing to the last


@dataclass(slots=True)
class Work:
    """Counts that only grow; seconds are those of one process each, added up."""

    flushes: int = 0  # transactions that were committed
    batches: int = 0  # of pollers, in them
    normalised_rows: int = 0
    normalise_s: float = 0.0
    copy_s: float = 0.0
    write_s: float = 0.0  # whole transactions, COPY and commit included
    again: Counter[str] = field(default_factory=Counter)  # by `Again`
    rejected: Counter[str] = field(default_factory=Counter)  # rows, by table

    def committed(self, batches: int, answer: Committed) -> None:
        """A flush of so many batches is in the database."""
        self.flushes += 1
        self.batches += batches
        self.normalised_rows += answer.cost.normalised_rows
        self.normalise_s += answer.cost.normalise_s
        self.copy_s += answer.cost.copy_s
        self.write_s += answer.cost.write_s
        self.again[Again.KNOWN] += answer.cost.duplicate_rollbacks
        self.again[Again.REFUSED] += answer.cost.refusal_rollbacks
        self.rejected.update(answer.rejected)

    def failed(self) -> None:
        """A shipment goes again."""
        self.again[Again.FAILED] += 1
