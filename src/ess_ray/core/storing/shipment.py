"""Shipments: what travels from the conductor to the database as one, and where each part came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from ess_ray.core.batch import FAILED_LAYOUT, NO_LAYOUT, Packed, split_failed
from ess_ray.core.samples import Event
from ess_ray.core.storing.taking import UNNUMBERED


class Lane(Enum):
    """A way to the database with its own bound on what is in flight, so that none waits behind another."""

    FRESH = "fresh samples"  # they go first
    BACKLOG = "samples of an outage"  # beside the fresh ones
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch or event on its way came from: the poller, its generation, the number in its journal."""

    poller: int
    generation: int
    number: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """Samples of one layout, or some events, that are committed in one transaction, which small ones may share.

    `origins` belong to `batches`, or to `events`, one each.
    """

    lane: Lane
    layout: str  # NO_LAYOUT for events, FAILED_LAYOUT for failed samples of layouts that are refused
    origins: tuple[Origin, ...]
    batches: tuple[Packed, ...] = ()
    events: tuple[Event, ...] = ()

    def __len__(self) -> int:
        """Samples, or events."""
        return sum(batch.samples for batch in self.batches) + len(self.events)

    @property
    def parts(self) -> list[Part]:
        """The batches or events, each with its origin."""
        return list(zip(self.origins, self.batches or self.events, strict=True))

    @property
    def mark(self) -> tuple[int, int]:
        """The first part's poller and number, by which refusals know it."""
        return self.origins[0].poller, self.origins[0].number


Part = tuple[Origin, Packed | Event]


def items(part: Part) -> int:
    """Samples of a batch; 1 for an event."""
    _, content = part
    return content.samples if isinstance(content, Packed) else 1


def failed_of(layout: str, part: Part) -> tuple[Part | None, bool]:
    """The failed samples of a part of this layout, as a part of FAILED_LAYOUT, and True if there is more in it.

    Then they are UNNUMBERED: an acknowledgement is for the whole part, with which they are stored once more. None: it
    has none, or is of FAILED_LAYOUT or an event.
    """
    origin, content = part
    if layout in (NO_LAYOUT, FAILED_LAYOUT) or isinstance(content, Event):
        return None, True
    failed, with_values = split_failed(content)
    number = UNNUMBERED if with_values else origin.number
    return (replace(origin, number=number), failed) if failed else None, bool(with_values)
