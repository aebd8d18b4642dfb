"""Timers for thousands of items that each have one next moment. Pure: `now` is an argument.

No timer is ever taken out: most limits are kept, and taking them out would cost more than looking in vain. So an item
that comes up checks what is really due, and is added again. Moments that lie within a quarter of a millisecond share a
slot, so that a thousand devices which tick together cost one entry of the heap.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Generic, TypeVar

Item = TypeVar("Item")
SLOT_BITS = 8  # a slot is 256 µs
NEVER_US = 1 << 62


class Timers(Generic[Item]):
    """Moments on the monotonic clock, in microseconds, each with the items that come up then."""

    def __init__(self) -> None:
        self.next_us = NEVER_US  # when the first slot comes up
        self._slots: dict[int, list[Item]] = {}
        self._order: list[int] = []

    def add(self, at_us: int, item: Item) -> None:
        """Let `item` come up at this moment, or up to a slot later; never early."""
        slot = -(-at_us >> SLOT_BITS)
        items = self._slots.get(slot)
        if items is None:
            self._slots[slot] = [item]
            heappush(self._order, slot)
            self.next_us = self._order[0] << SLOT_BITS
        else:
            items.append(item)

    def due(self, mono_us: int) -> list[Item]:
        """Takes out the items that have come up, oldest slot first; an item added twice comes twice."""
        items: list[Item] = []
        while self._order and self._order[0] << SLOT_BITS <= mono_us:
            items += self._slots.pop(heappop(self._order))
        self.next_us = self._order[0] << SLOT_BITS if self._order else NEVER_US
        return items
