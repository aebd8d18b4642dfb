"""The journal's bounds: its oldest groups lose their values (`failed: journal_full`), and when none has any, they go.

Used by the journal's writing thread. Errors: `JournalFailed` if the disk refuses.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Set
from dataclasses import dataclass

from ess_ray.adapters.journal.file import JournalFile, Stored
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.batch import pack_group, unpack_group, without_values
from ess_ray.core.running.logfields import about

troubles = Troubles(__name__)

CHECK_EVERY_S = 60.0  # how often the age of the oldest group is looked at


@dataclass(frozen=True, slots=True)
class Limits:
    """The journal's bounds."""

    capacity_bytes: int
    max_age_us: int
    sync: str  # "full": every commit is on disk before its samples are offered; "normal": a power cut may cost seconds


@dataclass(slots=True)
class Kept:
    """What the bounds cost: samples that lost their values, items that are forgotten."""

    values_dropped: int = 0
    forgotten: int = 0


class Bounds:
    """Keeps a file within its limits."""

    def __init__(self, file: JournalFile, limits: Limits) -> None:
        self._file = file
        self._limits = limits
        _, _, self._bytes = file.extent()
        self._checked_s = 0.0

    def keep(self, after: int, handed: Set[int], fresh: Set[int], added_bytes: int, now_us: int) -> Kept:
        """Only groups behind number `after` are touched, and none that is handed out.

        Those that are fresh still have their values in memory, and none of them is forgotten.
        """
        self._bytes += added_bytes
        if self._bytes <= self._limits.capacity_bytes and time.monotonic() < self._checked_s + CHECK_EVERY_S:
            return Kept()
        self._checked_s = time.monotonic()
        _, _, self._bytes = self._file.extent()  # what was acknowledged meanwhile has made room
        kept, old_us = Kept(), now_us - self._limits.max_age_us
        for oldest in self._behind(after, handed, whole=True):
            if oldest.taken_us >= old_us and self._bytes <= self._limits.capacity_bytes:
                return kept
            try:
                smaller = pack_group(without_values(unpack_group(oldest.data)))
            except ValueError:
                continue  # it is damaged: who reads it says so
            self._file.commit([Stored(oldest.number, oldest.items, oldest.taken_us, False, smaller)], [])
            self._bytes -= len(oldest.data) - len(smaller)
            kept.values_dropped += oldest.items
        for oldest in self._behind(after, handed | fresh, whole=False):
            if self._bytes <= self._limits.capacity_bytes:
                break
            self._file.commit([], [oldest.number])
            self._bytes -= len(oldest.data)
            kept.forgotten += oldest.items
        if kept.forgotten:
            text = f"the journal is full of samples without values: {kept.forgotten} of them are forgotten"
            troubles.met(self._file, text, about("samples forgotten", count=kept.forgotten), logging.ERROR)
        return kept

    def _behind(self, after: int, but: Set[int], *, whole: bool) -> Iterator[Stored]:
        while oldest := self._file.oldest(after, whole):
            after = oldest.number
            if after not in but:
                yield oldest
