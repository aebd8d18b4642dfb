"""A flush on its way into the database: what is still to be committed. Used by `adapters.postgres.writer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ess_ray.core.samples import Status
from ess_ray.core.storing.flush import Flush, Key, rows_by_key, without
from ess_ray.core.storing.rejects import Rejection


@dataclass(slots=True)
class FlushAttempt:
    """A flush on its way: what of it is still to be committed, and what happened to the samples taken out of it.

    Invariant: `rejections` and `demoted` are of samples that are still in `flush`, so that they are written with them.
    """

    flush: Flush
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
