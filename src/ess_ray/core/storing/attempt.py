"""A part of a flush on its way into the database, and what became of all parts together. Used by the writer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from ess_ray.core.samples import Status
from ess_ray.core.storing.flush import Committed, Cost, Flush, Key, count_rows, rows_by_key, without
from ess_ray.core.storing.rejects import Rejection


@dataclass(slots=True)
class Attempt:
    """A part of a flush on its way: what is still to be committed, and what happened to the samples taken out of it.

    Invariant: `rejections` and `demoted` are of samples that are still in `flush`, so that they are written with them.
    """

    flush: Flush
    committed: bool = False  # what is in `flush`
    other_collectors: set[str] = field(default_factory=set)  # that wrote the duplicates
    rejections: list[Rejection] = field(default_factory=list)
    demoted: dict[Key, Status] = field(default_factory=dict)
    duplicate_rows: dict[Key, Mapping[str, int]] = field(default_factory=dict)  # see `Committed`
    copy_s: float = 0.0
    duplicate_rollbacks: int = 0
    refusal_rollbacks: int = 0

    def drop_duplicates(self, collectors: Mapping[Key, str | None], own: str) -> bool:
        """Leave out samples that the database has, and repeats of a key; False if that changes nothing.

        `collectors`: who wrote each of the former; `own`: the name of this collector.
        """
        self.duplicate_rows |= rows_by_key(self.flush, {key for key, name in collectors.items() if name == own})
        before = len(self.flush.keys)
        self.flush = without(self.flush, collectors)
        self.other_collectors |= {name for name in collectors.values() if name}
        self.rejections = [rejection for rejection in self.rejections if rejection.key not in collectors]
        self.demoted = {key: status for key, status in self.demoted.items() if key not in collectors}
        return len(self.flush.keys) < before


def committed_at_once(
    flushes: Sequence[Flush], collector: str, committed_us: int, copy_s: float, write_s: float
) -> list[Committed]:
    """The result of each of these flushes after one transaction stored all of them, as `summed_up` says."""
    attempts = [Attempt(flush, committed=True) for flush in flushes]
    results = [summed_up(each.flush, [each], collector, (), (), committed_us, 0.0) for each in attempts]
    shares = [replace(result.cost, transactions=0) for result in results]
    shares[0] = replace(shares[0], transactions=1, copy_s=copy_s, write_s=write_s)
    return [replace(result, cost=share) for result, share in zip(results, shares, strict=True)]


def summed_up(
    flush: Flush,
    attempts: Sequence[Attempt],
    collector: str,
    before: Collection[Key],
    left: Collection[Key],
    committed_us: int,
    write_s: float,
) -> Committed:
    """The result of a flush of which these attempts were made; `committed_us` is microseconds since 1970 UTC.

    `collector`: the one that writes. `before`: samples that it has committed when it was given the flush the last time,
    `left`: those that are still to be written.
    """
    committed = [attempt for attempt in attempts if attempt.committed]
    # A key that the flush holds twice is a duplicate once: one of the two was dropped.
    dropped = Counter[Key]()
    if [attempt.flush for attempt in committed] != [flush]:
        kept = chain.from_iterable(attempt.flush.keys for attempt in committed)
        dropped = Counter(key for key in flush.keys if key not in before) - Counter(kept) - Counter(left)
    rows: dict[str, Counter[str]] = {}
    for attempt in committed:
        for site, tables in count_rows(attempt.flush).items():
            rows.setdefault(site, Counter()).update(tables)
    others = set[str]().union(*(attempt.other_collectors for attempt in attempts))
    return Committed(
        tuple(dropped.elements()),
        rows,
        committed_us,
        other_collectors=tuple(sorted(others - {collector})),
        rejected=Counter(rejection.table for attempt in committed for rejection in attempt.rejections),
        demoted={key: status for attempt in committed for key, status in attempt.demoted.items()},
        duplicate_rows={key: rows for attempt in attempts for key, rows in attempt.duplicate_rows.items()},
        cost=Cost(
            normalised_rows=sum(sum(table.rows) for table in flush.tables),
            normalise_s=flush.made_s,
            copy_s=sum(attempt.copy_s for attempt in attempts),
            write_s=write_s,
            transactions=len(committed),
            duplicate_rollbacks=sum(attempt.duplicate_rollbacks for attempt in attempts),
            refusal_rollbacks=sum(attempt.refusal_rollbacks for attempt in attempts),
        ),
        left=tuple(left),
    )
