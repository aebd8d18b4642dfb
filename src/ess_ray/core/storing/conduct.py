"""The conductor's rules: how much is pulled, what travels together, what is in flight, what happens on failure.

Pure: `cluster.collect` and `cluster.shipping` call it between Ray calls. Pollers are numbered from 0 in the order in
which they were added. Samples come as batches (`core.batch.Packed`), each with the number its journal gave it, to be
acknowledged to that journal once the database has committed it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ess_ray.core.batch import Packed
from ess_ray.core.samples import Event

MOST_PER_SHIPMENT = 5_000  # samples of one transaction
PART = 600  # half of what waits, but so much at least, is a shipment: one is written while the next is normalised
MOST_HELD = 20_000  # samples pulled and not committed; further ones stay with their pollers
NO_LAYOUT = ""  # of events, which are not decoded


class Lane(Enum):
    """A way to the database with its own bound on what is in flight, so that none waits behind another."""

    FRESH = "fresh samples"  # they go first
    BACKLOG = "samples of an outage"  # beside the fresh ones
    EVENTS = "events"


# Shipments of one lane and layout: while one is written the next is normalised.
MOST_IN_FLIGHT: Mapping[Lane, int] = {Lane.FRESH: 2, Lane.BACKLOG: 1, Lane.EVENTS: 1}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch or event on its way came from: the poller, its generation, the number in its journal."""

    poller: int
    generation: int
    number: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """The content of one transaction: samples of one layout, normalised in one call, or some events.

    `origins` belong to `batches`, or to `events`, one each.
    """

    lane: Lane
    layout: str  # NO_LAYOUT for events
    origins: tuple[Origin, ...]
    batches: tuple[Packed, ...] = ()
    events: tuple[Event, ...] = ()

    def __len__(self) -> int:
        """Samples, or events."""
        return sum(batch.samples for batch in self.batches) + len(self.events)


@dataclass(slots=True)
class PollerAccount:
    """A poller as the conductor sees it."""

    generation: int = 0
    committed: list[int] = field(default_factory=list)  # numbers to acknowledge with the next pull
    waiting: int = 0  # samples and events not acknowledged, as of the last pull
    busy: bool = True  # polls are at work or ticks still to come
    watermark_us: int = 0  # every tick before is committed; 0: no pull has said so yet
    gone: bool = False  # nothing further is expected of it


class Conductor:
    """The books between pollers, normalisers and writer.

    A batch, and likewise an event, is in one of these states from its pull until it is acknowledged::

        in a journal ──pulled──▶ waiting in its lane ──next_shipment──▶ in flight ──committed──▶ committed
                                         ▲                                  │                        │
                                         └──────────────failed──────────────┘         acknowledgements: forgotten
                                                                                      here, and deleted there

    `restarted` and `gone` begin a new generation of a poller: what it gave before goes on to the database, but is not
    acknowledged, since numbers of another generation mean nothing to it. It offers them again, and the primary key of
    `sample` drops them as duplicates.

    Invariants: `_held[lane]` counts the samples of a lane that wait or are in flight, at most MOST_HELD in all, as far
    as the pollers keep to `room`. `_in_flight[lane, layout]` counts shipments and never exceeds `MOST_IN_FLIGHT[lane]`.
    """

    def __init__(self, pollers: int) -> None:
        self._pollers = [PollerAccount() for _ in range(pollers)]
        # Batches that wait, by lane and layout. A layout stays in its lane once seen; `failed` moves it to the end.
        self._waiting: dict[Lane, dict[str, deque[tuple[Origin, Packed]]]] = {Lane.FRESH: {}, Lane.BACKLOG: {}}
        self._waiting_events: deque[tuple[Origin, Event]] = deque()
        self._in_flight: Counter[tuple[Lane, str]] = Counter()
        self._held: Counter[Lane] = Counter()

    def add_pollers(self, count: int) -> None:
        """Add so many pollers behind those there are."""
        self._pollers.extend(PollerAccount() for _ in range(count))

    def room(self) -> tuple[int, int]:
        """The number of fresh samples, and of those of the backlog, that each poller may give now."""
        left = MOST_HELD - self._held.total()
        backlog = min(left, MOST_HELD // 2 - self._held[Lane.BACKLOG])  # or the next fresh ones would have to wait
        pollers = sum(not account.gone for account in self._pollers) or 1
        return max(0, left) // pollers, max(0, backlog) // pollers

    def acknowledgements(self, poller: int) -> list[int]:
        """The numbers in its journal to acknowledge to a poller with the next pull; given once, may be empty."""
        account = self._pollers[poller]
        numbers, account.committed = account.committed, []
        return numbers

    def pulled(self, poller: int, numbers: Sequence[int], batches: Sequence[Packed], fresh: int) -> None:
        """Batches that a poller gave, with their numbers: the first `fresh` of them are fresh, the others backlog."""
        generation = self._pollers[poller].generation
        for index, (number, batch) in enumerate(zip(numbers, batches, strict=True)):
            lane = Lane.FRESH if index < fresh else Lane.BACKLOG
            self._held[lane] += batch.samples
            waiting = self._waiting[lane].setdefault(batch.layout, deque())
            waiting.append((Origin(poller, generation, number), batch))

    def pulled_events(self, poller: int, numbers: Sequence[int], events: Sequence[Event]) -> None:
        """Events that a poller gave, with their numbers."""
        generation = self._pollers[poller].generation
        origins = (Origin(poller, generation, number) for number in numbers)
        self._waiting_events.extend(zip(origins, events, strict=True))

    def reported(self, poller: int, waiting: int, busy: bool, watermark_us: int) -> None:
        """A poller's own report with a pull; the fields of `PollerAccount` say what each is."""
        account = self._pollers[poller]
        account.waiting, account.busy, account.watermark_us = waiting, busy, watermark_us

    def watermark_us(self, pollers: Iterable[int]) -> int:
        """The tick (microseconds since 1970 UTC) before which these pollers have all committed.

        0: not known of one, or no pollers.
        """
        return min((self._pollers[poller].watermark_us for poller in pollers), default=0)

    def restarted(self, poller: int) -> None:
        """The poller begins anew with what its journal holds, dead before or not: its old numbers mean nothing."""
        self._pollers[poller] = PollerAccount(generation=self._pollers[poller].generation + 1)

    def gone(self, poller: int) -> None:
        """Nothing further is expected of the poller; what it gave is on its way all the same."""
        generation = self._pollers[poller].generation + 1
        self._pollers[poller] = PollerAccount(generation=generation, busy=False, gone=True)

    def next_shipment(self, most: int = MOST_PER_SHIPMENT) -> Shipment | None:
        """Fresh samples first, then backlog, then events: whatever may have one more shipment in flight.

        `most`: samples at most, but one batch at least. None if nothing waits, or all that waits has its bound in
        flight. Each shipment has to be given back, to `committed` or `failed`.
        """
        for lane, layouts in self._waiting.items():
            for layout, waiting in layouts.items():
                if waiting and self._may_send(lane, layout):
                    self._in_flight[lane, layout] += 1
                    samples = sum(batch.samples for _, batch in waiting)
                    parts = _take_batches(waiting, min(most, max(PART, samples // 2)))
                    origins, batches = zip(*parts, strict=True)
                    return Shipment(lane, layout, origins, batches=batches)
        if self._waiting_events and self._may_send(Lane.EVENTS, NO_LAYOUT):
            self._in_flight[Lane.EVENTS, NO_LAYOUT] += 1
            origins, events = zip(*self._waiting_events, strict=True)
            self._waiting_events.clear()
            return Shipment(Lane.EVENTS, NO_LAYOUT, origins, events=events)
        return None

    def _may_send(self, lane: Lane, layout: str) -> bool:
        return self._in_flight[lane, layout] < MOST_IN_FLIGHT[lane]

    def committed(self, shipment: Shipment) -> None:
        """The database has all of a shipment of `next_shipment`: numbers of pollers' present generations are noted."""
        self._in_flight[shipment.lane, shipment.layout] -= 1
        if shipment.lane is not Lane.EVENTS:
            self._held[shipment.lane] -= len(shipment)
        for origin in shipment.origins:
            if (account := self._pollers[origin.poller]).generation == origin.generation:
                account.committed.append(origin.number)

    def failed(self, shipment: Shipment) -> None:
        """Perhaps nothing of it is committed: it goes again, first of its layout, behind the other layouts."""
        self._in_flight[shipment.lane, shipment.layout] -= 1
        if shipment.lane is Lane.EVENTS:
            self._waiting_events.extendleft(reversed(list(zip(shipment.origins, shipment.events, strict=True))))
        else:
            layouts = self._waiting[shipment.lane]
            layouts[shipment.layout] = waiting = layouts.pop(shipment.layout)
            waiting.extendleft(reversed(list(zip(shipment.origins, shipment.batches, strict=True))))

    @property
    def waiting(self) -> int:
        """Samples and events that the database does not have yet, as of each poller's last pull."""
        return sum(account.waiting for account in self._pollers)

    @property
    def drained(self) -> bool:
        """True if every poller is done and everything they gave is committed and acknowledged."""
        idle = all(not (account.busy or account.waiting or account.committed) for account in self._pollers)
        events = self._waiting_events or self._in_flight[Lane.EVENTS, NO_LAYOUT]
        return idle and not self._held.total() and not events


def _take_batches(waiting: deque[tuple[Origin, Packed]], most: int) -> list[tuple[Origin, Packed]]:
    taken = [waiting.popleft()]
    samples = taken[0][1].samples
    while waiting and (samples := samples + waiting[0][1].samples) <= most:
        taken.append(waiting.popleft())
    return taken
