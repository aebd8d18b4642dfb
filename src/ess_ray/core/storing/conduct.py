"""The conductor's rules: how much is pulled, what travels together, what is in flight, what happens on failure.

Pure: `cluster.collect` and `cluster.shipping` call it between Ray calls. Pollers are numbered from 0 in the order in
which they were added. Samples come as batches (`core.batch.Packed`), each with the number its journal gave it, to be
acknowledged to that journal once the database has committed it. Times are those of a clock that is never set.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from ess_ray.core.batch import FAILED_LAYOUT, NO_LAYOUT, Packed
from ess_ray.core.samples import Event
from ess_ray.core.storing.held_samples import HeldSamples
from ess_ray.core.storing.poller_account import PollerAccount
from ess_ray.core.storing.set_aside import Refusals
from ess_ray.core.storing.shipment import Lane, Origin, Part, Shipment, failed_of, items
from ess_ray.core.storing.taking import UNNUMBERED

MOST_PER_SHIPMENT = 5_000  # samples of one transaction
PART = 600  # half of what waits, but so much at least, is a shipment: one is written while the next is normalised


# Shipments of one lane and layout: while one is written the next is normalised.
MOST_IN_FLIGHT: Mapping[Lane, int] = {Lane.FRESH: 2, Lane.BACKLOG: 1, Lane.EVENTS: 1}


class Conductor:
    """The books between pollers, normalisers and writer.

    A batch, and likewise an event, is in one of these states from its pull until it is acknowledged::

        in a journal ──pulled──▶ waiting in its lane ──next_shipment──▶ in flight ──committed──▶ committed
             ▲                       ▲      │                               │                        │
             │                       └──────│──failed───────────────────────┤   acknowledgements: forgotten
             └──────handed back─────────────┴──refused──────────────────────┘   here, and deleted there

    `restarted` and `gone` begin a new generation of a poller: what it gave before goes on to the database, but is not
    acknowledged, since numbers of another generation mean nothing to it. It offers them again, and the primary key of
    `sample` drops them as duplicates.

    What is refused for good is handed back: forgotten here, offered again when `take_to_offer_again` names the poller
    (see `core.storing.set_aside`). Failed samples among it go on as batches of FAILED_LAYOUT: they need no decoder. A
    batch with others beside them is not acknowledged before it is stored as a whole.

    Invariants: `_held` counts the samples and events that wait or are in flight, at most MOST_HELD in all as far as
    the pollers keep to `room`. `_in_flight[lane, layout]` counts shipments, at most
    `MOST_IN_FLIGHT[lane]` and a trial. Events have the layout NO_LAYOUT, and nothing else has.
    """

    def __init__(self, pollers: int) -> None:
        self._pollers = [PollerAccount() for _ in range(pollers)]
        # What waits, by lane and layout. A layout stays in its lane once seen; `failed` moves it to the end.
        self._waiting: dict[Lane, dict[str, deque[Part]]] = {lane: {} for lane in Lane}
        self._in_flight: Counter[tuple[Lane, str]] = Counter()
        self._held = HeldSamples()
        self._refusals: dict[str, Refusals[tuple[Lane, Part]]] = {}  # by layout
        self._crowded_out: dict[str, set[int]] = {}  # pollers that had more of a layout than there was room for
        self._to_offer_again: dict[int, bool] = {}  # pollers; True: what is committed was acknowledged meanwhile

    def add_pollers(self, count: int) -> None:
        """Add so many pollers behind those there are."""
        self._pollers.extend(PollerAccount() for _ in range(count))

    # --- pulled -------------------------------------------------------------------------------------------------------

    def room(self, poller: int) -> tuple[int, int]:
        """The number of fresh samples, and of those of the backlog, that the poller may give now.

        What is too much of one layout of a poller that has several is handed back.
        """
        layouts = self._pollers[poller].layouts - self.set_aside
        pollers = sum(not account.gone for account in self._pollers) or 1
        return self._held.room(Lane.FRESH, layouts) // pollers, self._held.room(Lane.BACKLOG, layouts) // pollers

    @property
    def set_aside(self) -> frozenset[str]:
        """The layouts that are refused for good: pollers need not give their samples, unless a trial is wanted."""
        return frozenset(layout for layout, refusals in self._refusals.items() if refusals.set_aside)

    def not_to_pull(self, poller: int) -> frozenset[str]:
        """The layouts that are set aside and of which no batch of this poller is wanted, not even one to try."""
        return frozenset(layout for layout in self.set_aside if not self._refusals[layout].wants_trial_of(poller))

    def take_to_offer_again(self, poller: int) -> bool:
        """True, once, if the poller shall offer again what it gave: `restarted` has been called then."""
        if not self._to_offer_again.get(poller) or self._pollers[poller].gone:
            return False
        del self._to_offer_again[poller]
        self.restarted(poller)
        return True

    def acknowledgements(self, poller: int) -> list[int]:
        """The numbers in its journal to acknowledge to a poller with the next pull; given once, may be empty."""
        account = self._pollers[poller]
        numbers, account.committed = account.committed, []
        if poller in self._to_offer_again:
            self._to_offer_again[poller] = True  # not before: what is offered again must become less each time
        return numbers

    def pulled(self, poller: int, numbers: Sequence[int], batches: Sequence[Packed], fresh: int) -> None:
        """Batches that a poller gave, with their numbers: the first `fresh` of them are fresh, the others backlog."""
        account = self._pollers[poller]
        for index, (number, batch) in enumerate(zip(numbers, batches, strict=True)):
            lane = Lane.FRESH if index < fresh else Lane.BACKLOG
            account.layouts.add(batch.layout)
            self._accept(lane, batch.layout, (Origin(poller, account.generation, number), batch))

    def pulled_events(self, poller: int, numbers: Sequence[int], events: Sequence[Event]) -> None:
        """Events that a poller gave, with their numbers."""
        generation = self._pollers[poller].generation
        for number, event in zip(numbers, events, strict=True):
            self._accept(Lane.EVENTS, NO_LAYOUT, (Origin(poller, generation, number), event))

    def passed_over(self, poller: int, layouts: Iterable[str]) -> None:
        """The poller has samples of these layouts, of `not_to_pull`, and did not give them."""
        for layout in layouts:
            if layout in self.set_aside:
                self._refusals[layout].handed_back.add(poller)
            else:  # they were accepted while the pull was on its way
                self._to_offer_again.setdefault(poller, False)

    def _accept(self, lane: Lane, layout: str, part: Part) -> None:
        """Let a part wait for its turn, unless its layout is set aside or holds too much already."""
        origin, _ = part
        if refusals := self._refusals.get(layout):
            failed, with_values = failed_of(layout, part)
            if failed and not with_values:
                self._accept(lane, FAILED_LAYOUT, failed)
                return
            if refusals.turns_away((origin.poller, origin.number), (lane, part)):
                if failed:
                    self._accept(lane, FAILED_LAYOUT, failed)
                if refusals.set_aside:  # its journal passes it over when it comes to it again, and forgets it
                    self._to_offer_again.setdefault(origin.poller, False)
                return
        mixed = lane is Lane.EVENTS or len(self._pollers[origin.poller].layouts) > 1
        if mixed and self._held.is_crowded(lane, layout):  # `room` could not say so for one layout of several
            self._crowded_out.setdefault(layout, set()).add(origin.poller)
            return
        self._waiting[lane].setdefault(layout, deque()).append(part)
        self._held.add(lane, layout, items(part))

    def reported(self, poller: int, waiting: int, busy: bool, watermark_us: int, only_set_aside: bool = False) -> None:
        """A poller's own report with a pull; the fields of `PollerAccount` say what each is."""
        account = self._pollers[poller]
        account.waiting, account.busy, account.watermark_us = waiting, busy, watermark_us
        account.only_set_aside = only_set_aside

    def watermark_us(self, pollers: Iterable[int]) -> int:
        """The tick (microseconds since 1970 UTC) before which these pollers have all committed.

        0: not known of one, or no pollers.
        """
        return min((self._pollers[poller].watermark_us for poller in pollers), default=0)

    def restarted(self, poller: int) -> None:
        """The poller begins anew with what its journal holds, dead before or not: its old numbers mean nothing."""
        account = self._pollers[poller]
        self._pollers[poller] = PollerAccount(generation=account.generation + 1, layouts=account.layouts)

    def gone(self, poller: int) -> None:
        """Nothing further is expected of the poller; what it gave is on its way all the same."""
        generation = self._pollers[poller].generation + 1
        self._pollers[poller] = PollerAccount(generation=generation, busy=False, gone=True)

    # --- shipped ------------------------------------------------------------------------------------------------------

    def next_shipment(self, most: int = MOST_PER_SHIPMENT, now_s: float = 0.0) -> Shipment | None:
        """Trials that are due, then fresh samples, backlog, events: whatever may have one more shipment in flight.

        `most`: samples at most, but one batch at least. None if nothing waits, or all that waits has its bound in
        flight. Each shipment has to be given back, to `committed`, `failed` or `refused`.
        """
        for layout, refusals in self._refusals.items():
            if trial := refusals.next_trial(now_s):
                lane, part = trial
                self._held.add(lane, layout, items(part))
                return self._shipment(lane, layout, [part])
        for lane, layouts in self._waiting.items():
            for layout, waiting in layouts.items():
                if waiting and self._may_send(lane, layout):
                    limit = min(most, max(PART, sum(map(items, waiting)) // 2), self._most_of(layout))
                    return self._shipment(lane, layout, _take_parts(waiting, limit))
        return None

    def _shipment(self, lane: Lane, layout: str, parts: Sequence[Part]) -> Shipment:
        self._in_flight[lane, layout] += 1
        batches = tuple(content for _, content in parts if isinstance(content, Packed))
        events = tuple(content for _, content in parts if isinstance(content, Event))
        return Shipment(lane, layout, tuple(origin for origin, _ in parts), batches, events)

    def _may_send(self, lane: Lane, layout: str) -> bool:
        if layout in self._refusals:  # one after the other, or nobody could say which were refused in a row
            return not any(self._in_flight[other, layout] for other in Lane)
        return self._in_flight[lane, layout] < MOST_IN_FLIGHT[lane]

    def _most_of(self, layout: str) -> int:
        return self._refusals[layout].most if layout in self._refusals else MOST_PER_SHIPMENT

    def committed(self, shipment: Shipment) -> None:
        """The database has all of a shipment of `next_shipment`: numbers of pollers' present generations are noted."""
        layout = shipment.layout
        self._came_back(shipment)
        for origin in shipment.origins:
            account = self._pollers[origin.poller]
            if account.generation == origin.generation and origin.number != UNNUMBERED:
                account.committed.append(origin.number)
        if refusals := self._refusals.get(layout):
            if refusals.stored(shipment.mark, len(shipment)):
                self._to_offer_again |= dict.fromkeys(refusals.handed_back, False)
                refusals.handed_back.clear()
                self._try_others(layout)
            if not refusals.handed_back and refusals.most >= MOST_PER_SHIPMENT:
                del self._refusals[layout]
        if layout in self._crowded_out and self._held.has_room_again(layout):
            self._to_offer_again |= dict.fromkeys(self._crowded_out.pop(layout), False)

    def _try_others(self, layout: str) -> None:
        """Something was put right for this layout: perhaps it was what the others lack too."""
        for other, refusals in self._refusals.items():
            if other != layout:
                refusals.due_s = 0.0

    def failed(self, shipment: Shipment) -> None:
        """Perhaps nothing of it is committed: it goes again, first of its layout, behind the other layouts."""
        self._came_back(shipment)
        refusals = self._refusals.get(shipment.layout)
        if not (refusals and refusals.not_tried(shipment.mark)):
            self._wait_again(shipment)

    def refused(self, shipment: Shipment, now_s: float) -> bool:
        """Sent again it would be refused again: its parts go one by one, and one that is refused alone is handed back.

        True if its layout is set aside from now on, and was not before.
        """
        layout = shipment.layout
        self._came_back(shipment)
        refusals = self._refusals.setdefault(layout, Refusals())
        if len(shipment.origins) > 1:
            refusals.most = 1
            self._wait_again(shipment)
            return False
        failed, with_values = failed_of(layout, shipment.parts[0])
        if failed:
            self._accept(shipment.lane, FAILED_LAYOUT, failed)
        begins = with_values and refusals.refused(shipment.mark, (shipment.lane, shipment.parts[0]), now_s)
        if begins:
            self._to_offer_again |= dict.fromkeys(refusals.handed_back, False)
            for lane in Lane:
                self._wait_again(Shipment(lane, layout, ()))
        return begins

    def _came_back(self, shipment: Shipment) -> None:
        self._in_flight[shipment.lane, shipment.layout] -= 1
        self._held.add(shipment.lane, shipment.layout, -len(shipment))

    def _wait_again(self, shipment: Shipment) -> None:
        """Put the parts of a shipment before those that wait; each is looked at anew: it may be handed back now."""
        lane, layout = shipment.lane, shipment.layout
        waiting = self._waiting[lane].pop(layout, deque())
        self._held.add(lane, layout, -sum(map(items, waiting)))
        self._waiting[lane][layout] = deque()
        for part in (*shipment.parts, *waiting):
            self._accept(lane, layout, part)

    @property
    def waiting(self) -> int:
        """Samples and events that the database does not have yet, as of each poller's last pull."""
        return sum(account.waiting for account in self._pollers)

    @property
    def drained(self) -> bool:
        """True if every poller is done and everything they gave is committed and acknowledged."""
        return self.finished and not any(account.waiting for account in self._pollers)

    def is_drained(self, poller: int) -> bool:
        """True if the poller is done, and everything it gave is committed and acknowledged, as of its last pull."""
        account = self._pollers[poller]
        return not (account.busy or account.committed or account.waiting)

    @property
    def finished(self) -> bool:
        """True if every poller is done, and everything is stored and acknowledged but for what is set aside."""
        return not self._held and all(
            not (account.busy or account.committed) and (account.only_set_aside or not account.waiting)
            for account in self._pollers
        )


def _take_parts(waiting: deque[Part], most: int) -> list[Part]:
    taken = [waiting.popleft()]
    size = items(taken[0])
    while waiting and (size := size + items(waiting[0])) <= most:
        taken.append(waiting.popleft())
    return taken
