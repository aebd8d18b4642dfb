"""The conductor's rules: what is pulled, what travels together, what is in flight, what happens on failure.

Pure: `cluster.collect` calls it between Ray calls. A batch is held here from its pull until the database has committed
it; its number goes back to its poller with the next pull. There are two lanes: fresh samples go first, the backlog of
an outage beside them. Pollers are numbered; one that was started anew has a new generation, and numbers of an old
generation are forgotten: what was committed of them is offered again, and known to the database.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ess_ray.core.batch import Packed
from ess_ray.core.samples import Event

Line = TypeVar("Line")

MOST_PER_SHIPMENT = 5_000  # samples of one transaction
PART = 600  # half of what waits, but so much at least, is a shipment: one is written while the next is normalised
MOST_HELD = 20_000  # samples pulled and not committed; more stay with their pollers
MOST_IN_FLIGHT = 2  # shipments of one layout and lane: while one is written the next is normalised


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch or event on its way came from."""

    poller: int
    generation: int
    number: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """Samples of one layout that are normalised in one call and committed in one transaction, or some events."""

    layout: str  # "" for events
    fresh: bool
    origins: tuple[Origin, ...]
    batches: tuple[Packed, ...] = ()
    events: tuple[Event, ...] = ()

    def __len__(self) -> int:
        """Samples, or events."""
        return sum(batch.samples for batch in self.batches) + len(self.events)


@dataclass(slots=True)
class PollerState:
    """What the conductor knows of one poller."""

    generation: int = 0
    committed: list[int] = field(default_factory=list)  # numbers to acknowledge with the next pull
    waiting: int = 0  # as of the last pull
    busy: bool = True
    settled_us: int = 0  # every tick before is committed; 0: not known
    gone: bool = False  # nothing more is expected of it


class Conductor:
    """Book-keeping between pollers, normalisers and writer."""

    def __init__(self, pollers: int) -> None:
        self._pollers = [PollerState() for _ in range(pollers)]
        self._lanes: dict[bool, dict[str, deque[tuple[Origin, Packed]]]] = {True: {}, False: {}}  # fresh?, layout
        self._events: deque[tuple[Origin, Event]] = deque()
        self._in_flight: Counter[tuple[bool, str]] = Counter()
        self._held: Counter[bool] = Counter()  # samples, by lane

    def more(self, pollers: int) -> None:
        """There are so many pollers more."""
        self._pollers.extend(PollerState() for _ in range(pollers))

    def room(self) -> tuple[int, int]:
        """How many fresh samples and how many of the backlog each poller may give now."""
        left = MOST_HELD - self._held.total()
        backlog = min(left, MOST_HELD // 2 - self._held[False])  # or the next fresh ones would have to wait
        pollers = sum(not state.gone for state in self._pollers) or 1
        return max(0, left) // pollers, max(0, backlog) // pollers

    def acknowledgements(self, poller: int) -> list[int]:
        """The numbers to acknowledge with the next pull; they are given once."""
        state = self._pollers[poller]
        numbers, state.committed = state.committed, []
        return numbers

    def pulled(self, poller: int, numbers: Sequence[int], batches: Sequence[Packed], fresh: int) -> None:
        """Batches that a poller gave; the first `fresh` of them are."""
        generation = self._pollers[poller].generation
        for place, (number, batch) in enumerate(zip(numbers, batches, strict=True)):
            self._held[place < fresh] += batch.samples
            lane = self._lanes[place < fresh]
            lane.setdefault(batch.layout, deque()).append((Origin(poller, generation, number), batch))

    def pulled_events(self, poller: int, numbers: Sequence[int], events: Sequence[Event]) -> None:
        """Events that a poller gave."""
        generation = self._pollers[poller].generation
        origins = (Origin(poller, generation, number) for number in numbers)
        self._events.extend(zip(origins, events, strict=True))

    def state(self, poller: int, waiting: int, busy: bool, settled_us: int) -> None:
        """How a poller is: items not acknowledged, whether it still works, before which tick all is committed."""
        state = self._pollers[poller]
        state.waiting, state.busy, state.settled_us = waiting, busy, settled_us

    def settled_us(self, pollers: Iterable[int]) -> int:
        """Every tick of these pollers before is committed; 0: nothing is known of one of them."""
        return min((self._pollers[poller].settled_us for poller in pollers), default=0)

    def restarted(self, poller: int) -> None:
        """The poller begins anew with what its journal holds, dead before or not: its old numbers mean nothing."""
        self._pollers[poller] = PollerState(generation=self._pollers[poller].generation + 1)

    def gone(self, poller: int) -> None:
        """Nothing more is expected of the poller; what it gave is on its way all the same."""
        self._pollers[poller] = PollerState(generation=self._pollers[poller].generation + 1, busy=False, gone=True)

    def next_shipment(self, most: int = MOST_PER_SHIPMENT) -> Shipment | None:
        """Fresh samples first, then backlog, then events: whatever may have one more shipment in flight.

        At most so many samples, but one batch at least.
        """
        for fresh, layouts in self._lanes.items():
            for layout, waiting in layouts.items():
                if waiting and self._in_flight[fresh, layout] < (MOST_IN_FLIGHT if fresh else 1):
                    self._in_flight[fresh, layout] += 1
                    samples = sum(batch.samples for _, batch in waiting)
                    origins, batches = zip(*_taken(waiting, min(most, max(PART, samples // 2))), strict=True)
                    return Shipment(layout, fresh, origins, batches=batches)
        if self._events and not self._in_flight[True, ""]:
            self._in_flight[True, ""] += 1
            origins, events = zip(*self._events, strict=True)
            self._events.clear()
            return Shipment("", True, origins, events=events)
        return None

    def committed(self, shipment: Shipment) -> None:
        """The database has all of it."""
        self._in_flight[shipment.fresh, shipment.layout] -= 1
        self._held[shipment.fresh] -= 0 if shipment.events else len(shipment)
        for origin in shipment.origins:
            if (state := self._pollers[origin.poller]).generation == origin.generation:
                state.committed.append(origin.number)

    def failed(self, shipment: Shipment) -> None:
        """Nothing of it is known to be committed: it goes again, first of its layout, behind the other layouts."""
        self._in_flight[shipment.fresh, shipment.layout] -= 1
        if shipment.events:
            self._events.extendleft(reversed(list(zip(shipment.origins, shipment.events, strict=True))))
        else:
            layouts = self._lanes[shipment.fresh]
            layouts[shipment.layout] = waiting = layouts.pop(shipment.layout)
            waiting.extendleft(reversed(list(zip(shipment.origins, shipment.batches, strict=True))))

    @property
    def waiting(self) -> int:
        """Samples and events that the database does not have yet, as of each poller's last pull."""
        return sum(state.waiting for state in self._pollers)

    @property
    def drained(self) -> bool:
        """Whether every poller is done and everything they gave is committed and acknowledged."""
        at_rest = all(not state.busy and not state.waiting and not state.committed for state in self._pollers)
        return at_rest and not self._held.total() and not self._events and not self._in_flight[True, ""]


def _taken(waiting: deque[tuple[Origin, Packed]], most: int) -> list[tuple[Origin, Packed]]:
    taken = [waiting.popleft()]
    samples = taken[0][1].samples
    while waiting and (samples := samples + waiting[0][1].samples) <= most:
        taken.append(waiting.popleft())
    return taken


def share(lines: Sequence[int], cores: int) -> int:
    """How many devices an actor has unless the user says so; `lines` are their device counts.

    One, until the idle actors alone would cost a quarter of the cores (0.9 % of a core each, measured); above that
    one packed actor a core, since one loop serves thousands.
    """
    return 1 if len(lines) * 0.009 <= cores / 4 else -(-sum(lines) // cores)


def group_lines(lines: Sequence[int], per_actor: int) -> list[list[int]]:
    """Which lines share a poller: `lines` are their device counts; gives indices of lines, in order.

    A line is never split: its devices share a connection.
    """
    groups: list[list[int]] = []
    size = 0
    for index, devices in enumerate(lines):
        if not groups or size + devices > per_actor:
            groups.append([])
            size = 0
        groups[-1].append(index)
        size += devices
    return groups


def place_lines(pollers: Sequence[Iterable[Line]], lines: Mapping[Line, int], per_actor: int) -> list[list[Line]]:
    """Who polls which line once they have changed: `lines` are all that there are then, with their device counts.

    A line stays with its poller. A new one goes to the emptiest while that has room, else to a new poller.
    """
    placed = [[line for line in poller if line in lines] for poller in pollers]
    known = {line for poller in placed for line in poller}
    for line, devices in lines.items():
        if line in known:
            continue
        sizes = [sum(lines[one] for one in poller) for poller in placed]
        least = min(sizes, default=None)
        if least is None or (least and least + devices > per_actor):
            placed.append([line])
        else:
            placed[sizes.index(least)].append(line)
    return placed
