"""What a journal knows of its groups: what waits in it, and what it has handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ess_ray.core.batch import Group, Packed
from ess_ray.core.samples import Event


@dataclass(slots=True)
class Waiting:
    """A group that is not acknowledged: batches and events left, samples and events in all, its oldest tick."""

    parts: int
    items: int
    oldest_us: int

    @classmethod
    def of(cls, group: Group) -> Self:
        """A whole one."""
        return cls(len(group.batches) + len(group.events), len(group), group.first_us)


@dataclass(slots=True)
class Taken:
    """Batches and events that are handed out: the first `fresh` batches belong to fresh groups."""

    numbers: list[int]  # of the batches
    batches: list[Packed]
    fresh: int
    event_numbers: list[int]
    events: list[Event]
    samples: int = 0  # in all batches
