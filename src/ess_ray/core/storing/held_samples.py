"""The samples that the conductor holds, and the room for more, shared so that no layout takes it from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

from ess_ray.core.storing.shipment import Lane

MOST_HELD = 20_000  # samples pulled and not committed; further ones stay with their pollers
MOST_EVENTS_HELD = 5_000
SMALL = 2_000  # a layout may hold so many whatever the others hold


class HeldSamples:
    """Samples (events) that wait with the conductor or are in flight, by lane and layout.

    In each lane a layout may hold as much as all leave free: one that is stuck leaves half to the others, two a third.
    """

    def __init__(self) -> None:
        self._of: Counter[tuple[Lane, str]] = Counter()
        self._in: Counter[Lane] = Counter()

    def add(self, lane: Lane, layout: str, items: int) -> None:
        """Note that so many more are held; less, if `items` is negative."""
        self._of[lane, layout] += items
        self._in[lane] += items

    def __bool__(self) -> bool:
        return any(self._in.values())

    def room(self, lane: Lane, layouts: Set[str]) -> int:
        """The number of samples that pollers with these layouts may give in a lane; no layouts: not known yet.

        Of several layouts that with most room counts: one that is stuck must not keep the others back. Only half of it
        is given then, since all that comes may be of one layout: else `is_crowded` would hand some of it back.
        """
        free = self._free(lane)
        room = max(0, max((free - self._of[lane, layout] for layout in layouts), default=free))
        return room if len(layouts) < 2 else room // 2

    def is_crowded(self, lane: Lane, layout: str) -> bool:
        """True if the layout holds all that it may."""
        return self._of[lane, layout] >= max(SMALL, self._free(lane) + 1)

    def has_room_again(self, layout: str) -> bool:
        """True if the layout holds at most half of what it may, in every lane; also if it holds nothing."""
        return all(2 * self._of[lane, layout] <= max(0, self._free(lane)) for lane in Lane)

    def _free(self, lane: Lane) -> int:
        """The room that is left in a lane. Of the backlog only half of all is held, or fresh ones would wait."""
        if lane is Lane.EVENTS:
            return MOST_EVENTS_HELD - self._in[lane]
        free = MOST_HELD - self._in[Lane.FRESH] - self._in[Lane.BACKLOG]
        return free if lane is Lane.FRESH else min(free, MOST_HELD // 2 - self._in[lane])
