"""Which connections are opened now, when thousands want to be: a bounded number at once. Pure: `now` is an argument.

A place is free again when its connection stands or has failed, and after `PLACE_US` in any case: a device that does not
answer shall not keep the others waiting. For the same reason those that failed last time come behind all others.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from ess_ray.core.polling.timers import NEVER_US

Item = TypeVar("Item")
PLACES = 128
PLACE_US = 50_000  # so at least 2,560 a second are begun, however many are dead


class Openings(Generic[Item]):
    """Connections that wait for a place, and those that have one. Items are hashable and wait at most once."""

    def __init__(self) -> None:
        self.next_us = NEVER_US  # when `admit` has something to do
        self._hopeful: dict[Item, None] = {}  # in order
        self._doubtful: dict[Item, None] = {}
        self._until_us: dict[Item, int] = {}  # of those that have a place, in the order they got it

    def want(self, item: Item, failed_before: bool) -> None:
        """It is to be opened."""
        (self._doubtful if failed_before else self._hopeful)[item] = None
        self._set_next()

    def over(self, item: Item) -> None:
        """It stands, has failed, or is not wanted any more."""
        self._hopeful.pop(item, None)
        self._doubtful.pop(item, None)
        self._until_us.pop(item, None)
        self._set_next()

    def admit(self, mono_us: int) -> list[Item]:
        """Those that are to be opened now."""
        for item in [item for item, until_us in self._until_us.items() if until_us <= mono_us]:
            del self._until_us[item]
        admitted = []
        for waiting in (self._hopeful, self._doubtful):
            while waiting and len(self._until_us) < PLACES:
                item = next(iter(waiting))
                del waiting[item]
                self._until_us[item] = mono_us + PLACE_US
                admitted.append(item)
        self._set_next()
        return admitted

    def _set_next(self) -> None:
        if not self._hopeful and not self._doubtful:
            self.next_us = NEVER_US
        else:
            self.next_us = next(iter(self._until_us.values())) if len(self._until_us) >= PLACES else 0
