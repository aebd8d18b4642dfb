"""The journal's bounds: its oldest groups lose their values (`failed: journal_full`), and when none has any, they go.

Used by the journal's own thread. Errors: `JournalFailed` if the disk refuses.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

from ess_ray.adapters.journal.file import JournalFile
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.batch import pack_group, unpack_group, without_values
from ess_ray.core.running.logfields import about
from ess_ray.core.storing.stored import StoredGroup

troubles = Troubles(__name__)

CHECK_EVERY_S = 60.0  # how often the age of the oldest group is looked at


@dataclass(frozen=True, slots=True)
class Limits:
    """The journal's bounds as it is opened: bytes of all groups in the file, how long ago a group may have been made.

    A group past `max_age_us` (microseconds) loses its values; only `capacity_bytes` makes whole groups go.
    """

    capacity_bytes: int
    max_age_us: int
    sync: str  # "full": every commit is on disk before its samples are offered; "normal": a power cut may cost seconds


@dataclass(slots=True)
class BoundLosses:
    """The price of the bounds: samples that lost their values, groups that are deleted."""

    values_dropped: int = 0
    forgotten: dict[int, int] = field(default_factory=dict)  # items by number of the group


class Bounds:
    """Keeps a file within its limits. `capacity_bytes` is that of `Limits` until it is set anew, by any thread."""

    def __init__(self, file: JournalFile, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        _, _, self.bytes = file.extent()  # of the groups in the file; acknowledged ones are taken off at a check
        # Nothing that is there goes before whoever pulls has said how much this journal may have now.
        self.capacity_bytes = max(limits.capacity_bytes, self.bytes)
        self._checked_s = 0.0

    def keep(
        self, after: int, taken: Set[int], fresh: Set[int], added_bytes: int, now_us: int, losses: BoundLosses
    ) -> None:
        """Make room if the file is too big or, every CHECK_EVERY_S, if its oldest group is too old.

        `taken` and `fresh` are numbers of groups. Only groups with numbers above `after` are touched, and none that is
        taken. Those that are fresh still have their values in memory, and none of them is forgotten. `added_bytes`:
        written since the last call; `now_us`: microseconds since 1970 UTC. `losses`: what it costs is added there, also
        if JournalFailed is raised: what was done stays.
        """
        self.bytes += added_bytes
        if not self._too_big and time.monotonic() < self._checked_s + CHECK_EVERY_S:
            return
        self._checked_s = time.monotonic()
        _, _, self.bytes = self._file.extent()
        old_us = now_us - self._limits.max_age_us
        for oldest in self._groups(after, taken, with_values=True):
            if oldest.made_us >= old_us and not self._too_big:
                return
            try:
                group = without_values(unpack_group(oldest.data))
            except ValueError:
                continue  # it is damaged: whoever reads it reports it
            smaller = pack_group(group)
            self._file.commit([StoredGroup(oldest.number, oldest.items, oldest.made_us, False, smaller)], [])
            self.bytes -= len(oldest.data) - len(smaller)
            losses.values_dropped += len(group) - len(group.events)
        for oldest in self._groups(after, taken | fresh, with_values=False):
            if not self._too_big:
                break
            self._file.commit([], [oldest.number])
            self.bytes -= len(oldest.data)
            losses.forgotten[oldest.number] = oldest.items
        if items := sum(losses.forgotten.values()):
            text = (
                f"the journal is full (journal.max_mb), and its samples have lost their values already: the "
                f"{items} oldest samples and events were deleted; see to the database"
            )
            troubles.met(self._file, text, about("samples forgotten", count=items), logging.ERROR)

    @property
    def _too_big(self) -> bool:
        return self.bytes > self.capacity_bytes

    def _groups(self, after: int, excepted: Set[int], *, with_values: bool) -> Iterator[StoredGroup]:
        """The groups above `after` in order, each read when its turn comes."""
        while oldest := self._file.first(after, with_values=with_values):
            after = oldest.number
            if after not in excepted:
                yield oldest
