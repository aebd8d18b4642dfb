"""Taken out of a journal: batches and events with their numbers, less those of layouts that are set aside.

Pure; used by `core.storing.groups`. A *part* of a group is a batch or an event, and its number is the number of its
group and, in the lowest 24 bits, its index in the group: batches, then events.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Self

from ess_ray.core.batch import FAILED_LAYOUT, NO_LAYOUT, Group, Packed, split_failed
from ess_ray.core.samples import Event

INDEX_BITS = 24
MOST_TAKEN_BYTES = 32 << 20  # read for one pull; a group is not split, so it may be one group more
UNNUMBERED = -1  # of failed samples whose batch stays in the journal: no acknowledgement is to reach it


@dataclass(slots=True)
class Waiting:
    """A group that is not acknowledged: parts left, items in all, its oldest tick or time of an event.

    `set_aside`: the parts that were not given when the group was taken, since their layouts are set aside.
    """

    parts: int
    items: int
    oldest_us: int
    set_aside: int = 0

    @classmethod
    def of(cls, group: Group) -> Self:
        """A group of which nothing is acknowledged."""
        return cls(len(group.batches) + len(group.events), len(group), group.first_us)


@dataclass(slots=True)
class Taken:
    """Batches and events that are taken from a journal, with the numbers to acknowledge them by.

    The first `fresh` batches belong to fresh groups, the others to the backlog. A number may be UNNUMBERED.
    """

    numbers: list[int] = field(default_factory=list)  # of the batches
    batches: list[Packed] = field(default_factory=list)
    fresh: int = 0
    event_numbers: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    samples: int = 0  # in all batches
    passed_over: int = 0  # samples that were looked at and are not among them
    layouts_passed_over: set[str] = field(default_factory=set)
    bytes: int = 0  # of all that was looked at

    @property
    def looked_at(self) -> int:
        """Samples that were read for it, taken or not."""
        return self.samples + self.passed_over

    def has(self, samples: int) -> bool:
        """True if so many samples were looked at, or as many bytes as one pull may have."""
        return self.looked_at >= samples or self.bytes >= MOST_TAKEN_BYTES

    def add(self, number: int, group: Group, set_aside: Set[str]) -> int:
        """Add the group with this number; returns how many of its parts were left out.

        Left out are parts of the layouts `set_aside` (NO_LAYOUT: events), but for failed samples, which need no
        decoder; with FAILED_LAYOUT among them these too.
        """
        first, events = number << INDEX_BITS, (number << INDEX_BITS) + len(group.batches)
        left_out = 0
        self.bytes += sum(len(batch.data) for batch in group.batches)
        for part, batch in enumerate(group.batches, first):
            if batch.layout not in set_aside:
                self._add(part, batch)
                continue
            failed, with_values = (None, batch) if FAILED_LAYOUT in set_aside else split_failed(batch)
            if failed:
                self._add(UNNUMBERED if with_values else part, failed)
            if with_values:
                self.passed_over += with_values.samples
                self.layouts_passed_over.add(batch.layout)
                left_out += 1
        if group.events and NO_LAYOUT in set_aside:
            self.layouts_passed_over.add(NO_LAYOUT)
            return left_out + len(group.events)
        self.event_numbers.extend(range(events, events + len(group.events)))
        self.events.extend(group.events)
        return left_out

    def _add(self, number: int, batch: Packed) -> None:
        self.numbers.append(number)
        self.batches.append(batch)
        self.samples += batch.samples
