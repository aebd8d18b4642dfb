"""The conductor's rules: what is pulled, what travels together, what is in flight, what happens on failure.

Pure: `cluster.collect` calls it between Ray calls. A sample is held here from its pull until the database has committed
it; its number goes back to its poller with the next pull. Pollers are numbered; one that was started anew has a new
generation, and numbers of an old generation are forgotten.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ess_ray.core.samples import Sample

MOST_PER_SHIPMENT = 5_000  # samples of one transaction
MOST_HELD = 20_000  # samples pulled and not committed; more stay with their pollers
MOST_IN_FLIGHT = 2  # shipments of one layout: while one is written the next is normalised


@dataclass(frozen=True, slots=True)
class Held:
    """One sample on its way, and where it came from."""

    sample: Sample
    poller: int
    generation: int
    number: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """Samples of one layout that are normalised in one call and committed in one transaction."""

    layout: str
    held: tuple[Held, ...]

    @property
    def samples(self) -> list[Sample]:
        """What the normaliser gets."""
        return [held.sample for held in self.held]


@dataclass(slots=True)
class PollerState:
    """What the conductor knows of one poller."""

    generation: int = 0
    committed: list[int] = field(default_factory=list)  # numbers to acknowledge with the next pull
    waiting: int = 0  # as of the last pull
    busy: bool = True


class Conductor:
    """Book-keeping between pollers, normalisers and writer."""

    def __init__(self, pollers: int) -> None:
        self._pollers = [PollerState() for _ in range(pollers)]
        self._waiting: dict[str, deque[Held]] = {}  # by layout
        self._in_flight: Counter[str] = Counter()
        self._held = 0

    def room(self) -> int:
        """How many samples may be pulled now."""
        return max(0, MOST_HELD - self._held)

    def acknowledgements(self, poller: int) -> list[int]:
        """The numbers to acknowledge with the next pull; they are given once."""
        state = self._pollers[poller]
        numbers, state.committed = state.committed, []
        return numbers

    def pulled(self, poller: int, numbers: Sequence[int], samples: Sequence[Sample], waiting: int, busy: bool) -> None:
        """What a poller gave."""
        state = self._pollers[poller]
        state.waiting, state.busy = waiting, busy
        self._held += len(samples)
        for number, sample in zip(numbers, samples, strict=True):
            held = Held(sample, poller, state.generation, number)
            self._waiting.setdefault(sample.layout, deque()).append(held)

    def restarted(self, poller: int) -> None:
        """The poller lost its memory: what is on its way still gets stored, its numbers mean nothing any more."""
        self._pollers[poller] = PollerState(generation=self._pollers[poller].generation + 1)

    def next_shipment(self) -> Shipment | None:
        """The oldest waiting samples of a layout that may have one more shipment in flight."""
        for layout, waiting in self._waiting.items():
            if waiting and self._in_flight[layout] < MOST_IN_FLIGHT:
                self._in_flight[layout] += 1
                held = tuple(waiting.popleft() for _ in range(min(MOST_PER_SHIPMENT, len(waiting))))
                return Shipment(layout, held)
        return None

    def committed(self, shipment: Shipment) -> None:
        """The database has all of it."""
        self._in_flight[shipment.layout] -= 1
        self._held -= len(shipment.held)
        for one in shipment.held:
            if (state := self._pollers[one.poller]).generation == one.generation:
                state.committed.append(one.number)

    def failed(self, shipment: Shipment) -> None:
        """Nothing of it is known to be committed: all of it goes again, first."""
        self._in_flight[shipment.layout] -= 1
        self._waiting[shipment.layout].extendleft(reversed(shipment.held))

    @property
    def drained(self) -> bool:
        """Whether every poller is done and everything they gave is committed and acknowledged."""
        at_rest = all(not state.busy and not state.waiting and not state.committed for state in self._pollers)
        return at_rest and not self._held


def group_lines(lines: Sequence[int], per_actor: int | None, cores: int) -> list[list[int]]:
    """Which lines share a poller: `lines` are their device counts; gives indices of lines, in order.

    Without `per_actor` there is one device an actor until the idle actors alone would cost a quarter of the cores
    (0.9 % of a core each, measured); above that one packed actor a core, since one loop serves thousands. A line
    is never split: its devices share a connection.
    """
    if per_actor is None:
        per_actor = 1 if len(lines) * 0.009 <= cores / 4 else -(-sum(lines) // cores)
    groups: list[list[int]] = []
    size = 0
    for index, devices in enumerate(lines):
        if not groups or size + devices > per_actor:
            groups.append([])
            size = 0
        groups[-1].append(index)
        size += devices
    return groups
