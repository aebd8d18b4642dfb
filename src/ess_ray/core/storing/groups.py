"""The state of a journal's groups: which are in memory, which in the file only, which are taken, which acknowledged.

Pure; `adapters.journal.journal` holds a lock around every call and does what has to do with disk and threads.

An item is a sample or an event. A *part* of a group is a batch or an event: that is what is taken and acknowledged. The
number of a part is the number of its group and, in the lowest 24 bits, its index in the group: batches, then events.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace

from ess_ray.core.batch import Group, pack_group, unpack_group, without_values
from ess_ray.core.storing.taking import INDEX_BITS, Taken, Waiting

FRESH_GROUPS = 64  # kept in memory before they become backlog
MOST_UNWRITTEN = 50_000  # samples not written yet or not writable; then the oldest lose their values
LOOK_AGAIN_SAMPLES = 10_000  # so many that lost their values: those that were passed over are read again


@dataclass(frozen=True, slots=True)
class StoredGroup:
    """A group as the file has it."""

    number: int
    items: int
    made_us: int  # microseconds since 1970 UTC
    has_values: bool  # False: the journal's bounds have cost them
    data: bytes  # of `core.batch.pack_group`

    @property
    def oldest_us(self) -> int:
        """The oldest tick or time of an event, since 1970 UTC; of a damaged group, when it was made. Unpacks it."""
        try:
            return unpack_group(self.data).first_us
        except ValueError:
            return self.made_us


@dataclass(frozen=True, slots=True)
class BacklogSpan:
    """A part of the backlog that may be read: groups with after < number <= end, but for those `withheld`."""

    after: int
    end: int
    withheld: frozenset[int]


class Groups:
    """The groups of one journal, by number: a later group has a higher one.

    The states of a group, and what puts it from one into another::

              offer           take_fresh             acknowledge (its last part)   written
        (new) ─────▶ fresh ──────────────▶ taken ─────────────▶ acknowledged ─────────▶ (deleted)
                       │                   ▲   │
          more than    │       take_stored │   │ offer_again
          FRESH_GROUPS └─────▶ backlog ────┘◀──┘ (unwritten ones become fresh again)

    A group of which every part is acknowledged or of a layout that is set aside is *passed over* when it is its turn:
    it stays in the file, costs no memory, and is backlog again after `offer_again`.

    A group is *unwritten* besides, from `to_write` until `written`, as long as only memory has it: if the disk refuses,
    that may last. A group of the backlog that cannot be decoded is *damaged*: it is withheld and stays in the file.

    Invariants:

    - `fresh` has the highest numbers, in order; `backlog_end` is below them. The backlog is what the file has in
      (cursor, backlog_end], less `withheld`.
    - `withheld` are the numbers of groups that a read of the file may find and that must not be offered: taken,
      acknowledged and not deleted yet, damaged. Those acknowledged stay in it until the commit that deletes them.
    - `_waiting` has exactly the groups that are fresh or taken.
    - `_passed_first` and `_passed_us` are the lowest number and oldest tick of groups passed over since the last
      `offer_again`; None: there are none.
    - Unwritten groups have the highest numbers too: a commit writes all of them, or none.
    - `items` counts the items of all groups that are neither acknowledged, damaged nor forgotten.
    """

    def __init__(self, last: int, items: int, oldest_us: int) -> None:
        """From the file as it is opened: highest number, items, oldest tick (since 1970 UTC) of its oldest group."""
        self.last = last  # highest number that a group has
        self.items = items
        self.fresh: deque[tuple[int, Group]] = deque()
        self.cursor, self.backlog_end = 0, last
        self.withheld: set[int] = set()
        self._waiting: dict[int, Waiting] = {}
        self._acknowledged: list[int] = []  # to be deleted with the next commit
        self._unwritten: dict[int, StoredGroup] = {}  # oldest first
        self._found_end, self._found_oldest_us = last, oldest_us  # of the groups that were there at opening
        self._passed_first: int | None = None
        self._passed_us: int | None = None
        self._dropped = 0  # samples that lost their values to the bounds since what was passed over was read last

    # --- written and offered ------------------------------------------------------------------------------------------

    @property
    def to_commit(self) -> bool:
        """True if there is something to write or to delete, but for a new group."""
        return bool(self._acknowledged or self._unwritten)

    @property
    def to_delete(self) -> bool:
        """True if acknowledged groups wait for their deletion."""
        return bool(self._acknowledged)

    def begin_commit(self, new: StoredGroup | None) -> tuple[list[StoredGroup], list[int]]:
        """The groups to write and the numbers of those to delete in the next commit.

        `new`: the group behind `last`, if there is one. To be followed by `written` or `not_written` of these numbers.
        """
        deleted, self._acknowledged = self._acknowledged, []
        for number in deleted:
            self._unwritten.pop(number, None)
        if new:
            self._unwritten[new.number] = new
        return list(self._unwritten.values()), deleted

    def written(self, deleted: Iterable[int]) -> None:
        """The commit has succeeded."""
        self.withheld.difference_update(deleted)
        self._unwritten.clear()

    def not_written(self, deleted: Iterable[int]) -> None:
        """The commit has failed: all of it belongs to the next one."""
        self._acknowledged.extend(deleted)

    def offer(self, number: int, group: Group) -> int:
        """Make a new group fresh, written or not; `number` is above `last`, and becomes it.

        Returns how many unwritten samples, the oldest, lost their values to MOST_UNWRITTEN.
        """
        self.last = number
        self.fresh.append((number, group))
        self._waiting[number] = Waiting.of(group)
        self.items += len(group)
        dropped = self._bound_memory()
        while len(self.fresh) > FRESH_GROUPS and self.fresh[0][0] not in self._unwritten:
            self.backlog_end, _ = self.fresh.popleft()
            del self._waiting[self.backlog_end]
        return dropped

    def _bound_memory(self) -> int:
        """Of too many unwritten samples the oldest lose their values; returns how many."""
        held, dropped = sum(stored.items for stored in self._unwritten.values()), 0
        for stored in list(self._unwritten.values()):
            if held <= MOST_UNWRITTEN:
                break
            held -= stored.items
            if stored.has_values:
                smaller = without_values(unpack_group(stored.data))
                self._unwritten[stored.number] = replace(stored, has_values=False, data=pack_group(smaller))
                self.fresh = deque((n, smaller if n == stored.number else group) for n, group in self.fresh)
                dropped += len(smaller) - len(smaller.events)
        return dropped

    # --- taken and acknowledged ---------------------------------------------------------------------------------------

    @property
    def has_backlog(self) -> bool:
        """True if the file may hold groups that can be taken."""
        return self.cursor < self.backlog_end

    def take_fresh(self, most: int, taken: Taken, set_aside: Set[str] = frozenset()) -> None:
        """Add fresh groups to `taken`, oldest first, each with all its parts, until it has about `most` samples.

        Parts of the layouts `set_aside` are passed over, but for their failed samples.
        """
        while self.fresh and taken.looked_at < most:
            self._take(*self.fresh.popleft(), taken, set_aside)
        taken.fresh = len(taken.batches)

    def backlog(self) -> BacklogSpan:
        """The part of the file to read next. To be called before the read, which may find what was deleted since."""
        return BacklogSpan(self.cursor, self.backlog_end, frozenset(self.withheld))

    def take_stored(
        self,
        span: BacklogSpan,
        read: Sequence[StoredGroup],
        most: int,
        taken: Taken,
        set_aside: Set[str] = frozenset(),
    ) -> list[StoredGroup]:
        """Add groups that were read in `span`, by rising number, to `taken`, until it has about `most` samples.

        `set_aside` as in `take_fresh`. Returns the damaged ones, which are not offered any more. Nothing read: nothing
        of the backlog is left.
        """
        damaged = []
        if not read:
            self.cursor = span.end
        for stored in read:
            if taken.looked_at >= most:
                break
            self.cursor = stored.number
            if stored.number in span.withheld:
                continue
            try:
                group = unpack_group(stored.data)
            except ValueError:
                damaged.append(stored)
                self.items -= stored.items
                self.withheld.add(stored.number)  # or it would be counted again
            else:
                self._take(stored.number, group, taken, set_aside)
        return damaged

    def _take(self, number: int, group: Group, taken: Taken, set_aside: Set[str]) -> None:
        waiting = self._waiting.setdefault(number, Waiting.of(group))
        self.withheld.add(number)
        waiting.set_aside = taken.add(number, group, set_aside)
        self._pass_over(number, waiting)

    def _pass_over(self, number: int, waiting: Waiting) -> None:
        """Forget a taken group if nothing of it but what is set aside is left; one that only memory has stays taken."""
        if waiting.set_aside < waiting.parts or number in self._unwritten:
            return
        del self._waiting[number]
        self.withheld.remove(number)
        self._passed_first = number if self._passed_first is None else min(self._passed_first, number)
        self._passed_us = waiting.oldest_us if self._passed_us is None else min(self._passed_us, waiting.oldest_us)

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """The database has committed the parts with these numbers; unknown ones are passed over."""
        for number in numbers:
            group = number >> INDEX_BITS
            if waiting := self._waiting.get(group):
                waiting.parts -= 1
                if not waiting.parts:
                    self.items -= waiting.items
                    del self._waiting[group]
                    self._acknowledged.append(group)
                elif waiting.set_aside:
                    self._pass_over(group, waiting)

    def offer_again(self) -> None:
        """Whoever took what is not acknowledged has lost it: it is backlog now, or fresh if only memory has it."""
        lost = self._waiting.keys() - {number for number, _ in self.fresh}
        self.withheld -= lost  # acknowledged groups stay in it until they have left the file
        for number in sorted(lost, reverse=True):
            del self._waiting[number]
            if stored := self._unwritten.get(number):
                self.fresh.appendleft((number, group := unpack_group(stored.data)))
                self._waiting[number] = Waiting.of(group)  # parts of it may have been acknowledged
        self.cursor, self.backlog_end = 0, self.fresh[0][0] - 1 if self.fresh else self.last
        self._passed_first = self._passed_us = None

    def waiting_us(self) -> list[int]:
        """The oldest tick, or time of an event, since 1970 UTC, of each group that is fresh or taken; no order.

        And of all those together that were passed over.
        """
        passed_us = [] if self._passed_us is None else [self._passed_us]
        return [waiting.oldest_us for waiting in self._waiting.values()] + passed_us

    @property
    def found_oldest_us(self) -> int | None:
        """The oldest tick of the groups that were there at opening, while some of them are backlog; else None."""
        return self._found_oldest_us if self.cursor < min(self._found_end, self.backlog_end) else None

    @property
    def bounds_after(self) -> int:
        """The number above which the journal's bounds may touch groups that are not withheld."""
        return self.cursor if self._passed_first is None else min(self.cursor, self._passed_first - 1)

    def lost(self, values_dropped: int, forgotten: int) -> None:
        """The bounds have cost so many samples their values, and have deleted groups with so many items.

        What was passed over may have become failed samples so, which can be stored: from time to time it is read again.
        """
        self.items -= forgotten
        self._dropped += values_dropped
        if self._passed_first is not None and self._dropped >= LOOK_AGAIN_SAMPLES:
            self.cursor, self._dropped = self.bounds_after, 0
