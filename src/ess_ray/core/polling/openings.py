"""Which connections are opened now, when thousands want to be: a bounded number at once. Pure: `now` is an argument.

A connection counts as being opened until it stands or has failed, and for `OPENING_US` at most: a device that does not
reply shall not keep the others waiting. For the same reason those that failed last time come behind all others.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from ess_ray.core.polling.timers import NEVER_US

Item = TypeVar("Item")
MAX_OPENING = 128  # at once
OPENING_US = 50_000  # so at least 2,560 a second are begun, however many are dead


class Openings(Generic[Item]):
    """Connections that wait to be opened, and those that are being opened. Items are hashable and wait at most once."""

    def __init__(self) -> None:
        self.next_us = NEVER_US  # when `admit` has something to do
        self._hopeful: dict[Item, None] = {}  # in the order of `want`
        self._doubtful: dict[Item, None] = {}
        self._until_us: dict[Item, int] = {}  # of those being opened, in the order of `admit`: until when they count

    def want(self, item: Item, failed_before: bool) -> None:
        """Let `admit` give this one as soon as there is room; `failed_before`: behind all that did not fail."""
        (self._doubtful if failed_before else self._hopeful)[item] = None
        self._set_next()

    def over(self, item: Item) -> None:
        """This one stands, has failed, or is not wanted any more; nothing happens if it is unknown."""
        self._hopeful.pop(item, None)
        self._doubtful.pop(item, None)
        self._until_us.pop(item, None)
        self._set_next()

    def admit(self, mono_us: int) -> list[Item]:
        """The connections to open now, at `mono_us` of the monotonic clock; may be empty.

        Each counts as being opened from now on, until `over` or for OPENING_US.
        """
        for item in [item for item, until_us in self._until_us.items() if until_us <= mono_us]:
            del self._until_us[item]
        admitted = []
        for waiting in (self._hopeful, self._doubtful):
            while waiting and len(self._until_us) < MAX_OPENING:
                item = next(iter(waiting))
                del waiting[item]
                self._until_us[item] = mono_us + OPENING_US
                admitted.append(item)
        self._set_next()
        return admitted

    def _set_next(self) -> None:
        if not self._hopeful and not self._doubtful:
            self.next_us = NEVER_US
        else:
            self.next_us = next(iter(self._until_us.values())) if len(self._until_us) >= MAX_OPENING else 0
