"""Counts of journals, normalisers, writer and export since the job's start, made by the driver for the metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from ess_ray.core.storing.flush import Committed


def growth(before: int, now: int) -> int:
    """The growth of a count that each process, and each journal that a keeper opens, begins from 0."""
    return now - before if now >= before else now


class RetryCause(StrEnum):
    """Why a transaction was begun again; the label `reason` of `ess_ray_transaction_retries_total`."""

    DUPLICATES = "known"  # the database had some of the samples
    REFUSED = "refused"  # the database refused some of the rows
    FAILED = "failed"  # the database was not reached, or the writer died: the shipment was sent again


@dataclass(frozen=True, slots=True)
class Backlog:
    """The journal of one poller, as of its last pull."""

    items: int  # samples and events that the database has not committed
    oldest_us: int  # their oldest tick or time; the moment of the pull if there are none
    values_dropped: int  # samples that lost their values to the journal's bounds, since the poller's start
    failing: bool  # its disk does not take what is written


@dataclass(slots=True)
class Exported:
    """Objects written to the store since the job's start, the rows and bytes in them, and what is left to do."""

    objects: int = 0
    rows: int = 0
    bytes: int = 0
    failed: int = 0  # objects that cannot be exported now
    held: int = 0  # objects that hold more than the database has
    # By site: days from the oldest that is not exported to the last that is over.
    lag_days: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Work:
    """Counts that only grow. Seconds are added up over all processes of a kind."""

    transactions: int = 0  # that were committed
    batches: int = 0  # of pollers, in these transactions
    normalised_rows: int = 0
    normalise_s: float = 0.0
    copy_s: float = 0.0
    write_s: float = 0.0  # transactions from begin to end, COPY and commit included
    again: Counter[str] = field(default_factory=Counter)  # by `RetryCause`
    rejected: Counter[str] = field(default_factory=Counter)  # rows, by table

    def committed(self, batches: int, result: Committed) -> None:
        """Count a flush of so many batches that the database has committed."""
        self.transactions += result.cost.transactions
        self.batches += batches
        self.normalised_rows += result.cost.normalised_rows
        self.normalise_s += result.cost.normalise_s
        self.copy_s += result.cost.copy_s
        self.write_s += result.cost.write_s
        self.again[RetryCause.DUPLICATES] += result.cost.duplicate_rollbacks
        self.again[RetryCause.REFUSED] += result.cost.refusal_rollbacks
        self.rejected.update(result.rejected)

    def failed(self) -> None:
        """Count a shipment that is sent again."""
        self.again[RetryCause.FAILED] += 1
