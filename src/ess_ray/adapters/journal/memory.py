"""The part of a journal that is in memory, behind one lock that is never held while the disk works.

Three threads meet here: the poll loop puts, the puller takes and acknowledges, the journal's own thread commits. None
waits for another's disk or database. `adapters.journal.journal` draws the way of an item.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from threading import Condition, RLock

from ess_ray.core.batch import make_group, pack_group
from ess_ray.core.samples import Event, Sample
from ess_ray.core.storing.groups import Groups
from ess_ray.core.storing.stored import BacklogSpan, StoredGroup
from ess_ray.core.storing.taking import Taken

QUIET_S = 0.05  # nothing new for so long: whoever waits is not kept waiting by a device that is slow
GROUP_ITEMS = 2_000  # at most in one group
STALL_S = 5.0  # a commit that has lasted for so long: samples are offered without it

Item = Sample | Event


class JournalMemory:
    """Items that were put, and the state of their groups.

    One lock protects everything. It has two conditions: `_work` wakes the journal's thread (something to write, or the
    end), `_offered` whoever waits for fresh groups.

    Invariants:

    - Every item that was put and is not acknowledged is in exactly one of `_pending`, `_at_work` and `_groups`; `len`
      is their sum.
    - `_at_work` is not empty only from `begin_group` until `add`, so that `waiting_us` never misses it.
    - A group is offered after its commit has returned, or has failed, or has lasted STALL_S: it is unwritten then, and
      the next commit has it unless the database has it first.
    - A recipe is committed before, or with, the first group of its layout.
    """

    def __init__(self, groups: Groups) -> None:
        lock = RLock()
        self._work, self._offered = Condition(lock), Condition(lock)
        self._groups = groups
        self._pending: deque[Item] = deque()  # put, and not at work yet
        self._at_work: deque[Item] = deque()  # being packed
        self._recipes: dict[str, str] = {}  # not written yet
        self._writing_recipes: dict[str, str] = {}  # with the commit at work
        self._commit_since_s: float | None = None  # of the monotonic clock; None: no commit is at work
        self._ended = False

    # --- the poll loop ------------------------------------------------------------------------------------------------

    def learn(self, recipes: Mapping[str, str]) -> None:
        """Keep recipes, by layout, for the next commit."""
        with self._work:
            self._recipes.update(recipes)

    def put(self, item: Item) -> None:
        """Keep an item."""
        with self._work:
            self._pending.append(item)
            if len(self._pending) >= GROUP_ITEMS and self.stalled:  # or nothing would bound what is pending
                self._offer_unwritten()
            self._work.notify()

    # --- the puller ---------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        with self._work:
            return self._groups.items + len(self._pending) + len(self._at_work)

    @property
    def stalled(self) -> bool:
        """True if the disk has not finished a commit within STALL_S."""
        since_s = self._commit_since_s
        return since_s is not None and time.monotonic() - since_s > STALL_S

    @property
    def has_backlog(self) -> bool:
        """True if the file may hold groups that can be taken."""
        return self._groups.has_backlog

    @property
    def all_taken(self) -> bool:
        """True if every item that was put, and every one that was there before, was taken or passed over."""
        with self._work:
            groups = self._groups
            waiting = groups.in_memory or groups.has_backlog or groups.has_reduced
            return not (waiting or self._pending or self._at_work)

    @property
    def only_passed_over(self) -> bool:
        """True if something waits, and all of it is of layouts that were set aside when it was to be taken."""
        with self._work:
            return self._groups.only_passed_over and not self._pending and not self._at_work

    @property
    def values_dropped(self) -> int:
        """Samples that have lost their values to the bounds of memory."""
        return self._groups.values_dropped

    @property
    def items_forgotten(self) -> int:
        """Items of which memory has kept nothing."""
        return self._groups.items_forgotten

    def wait(self, timeout_s: float, all_in: Callable[[], bool]) -> None:
        """Wait, `timeout_s` seconds at most, for fresh groups, then until `all_in()` is true or QUIET_S brings no more.

        Returns at once if there is a backlog. `all_in` is called with the lock held, so it must not wait.
        """
        end_s, quiet = time.monotonic() + timeout_s, False
        with self._work:
            while not self._groups.has_backlog and (left_s := end_s - time.monotonic()) > 0:
                self._offer_if_stalled()
                if self._groups.fresh and not self._pending and not self._at_work and (quiet or all_in()):
                    return
                quiet = not self._offered.wait(min(left_s, QUIET_S))

    def take_fresh(self, most: int, taken: Taken, set_aside: Set[str]) -> None:
        """Add fresh groups to `taken`, see `Groups.take_fresh`; if there are none, also ticks of reduced groups."""
        with self._work:
            self._offer_if_stalled()
            if most and not self._groups.fresh and self._groups.has_reduced:
                self._groups.add_reduced(GROUP_ITEMS, now_us())
                self._groups.offer()
            self._groups.take_fresh(most, taken, set_aside)

    def backlog(self) -> BacklogSpan:
        """The part of the backlog that may be read now, see `Groups.backlog`."""
        with self._work:
            return self._groups.backlog()

    def take_stored(
        self, span: BacklogSpan, read: Sequence[StoredGroup], most: int, taken: Taken, set_aside: Set[str]
    ) -> list[StoredGroup]:
        """Add groups that were read to `taken`; gives the damaged ones, see `Groups.take_stored`."""
        with self._work:
            return self._groups.take_stored(span, read, most, taken, set_aside)

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Note that parts with these numbers are committed, see `Groups.acknowledge`; wakes the journal's thread."""
        with self._work:
            self._groups.acknowledge(numbers)
            self._work.notify()

    def offer_again(self) -> None:
        """Offer again what was taken and is not acknowledged, see `Groups.offer_again`."""
        with self._work:
            self._groups.offer_again()

    def waiting_us(self) -> tuple[list[int], BacklogSpan | None]:
        """The ticks, or times of events, that may be the oldest, and the span whose first group is to be looked at too.

        Microseconds since 1970 UTC. None: no group of the file can be older.
        """
        with self._work:
            times_us = self._groups.waiting_us()
            times_us += [*map(_time_us, self._pending), *map(_time_us, self._at_work)]
            if (found_us := self._groups.found_oldest_us) is not None:
                return [*times_us, found_us], None
            return times_us, self._groups.backlog() if self._groups.has_backlog else None

    def _offer_if_stalled(self) -> None:
        if self.stalled:
            self._offer_unwritten()

    def _offer_unwritten(self) -> None:
        while self._pending:
            self._add(self._next_items())
        self._groups.offer()

    # --- the journal's thread -----------------------------------------------------------------------------------------

    def wait_for_work(self) -> bool:
        """Wait until there is something to write or to delete, or the end has come; True at the end."""
        with self._work:
            while not (self.to_write or self._ended):
                self._work.wait()
            return self._ended

    @property
    def to_write(self) -> bool:
        """True if there is something to write or to delete."""
        return bool(self._pending or self._groups.to_commit or self._groups.has_reduced)

    @property
    def pending(self) -> bool:
        """True if there are items of which no group was begun."""
        return bool(self._pending)

    def add_group(self) -> None:
        """Make a group of what is pending, of GROUP_ITEMS at most; nothing if there is nothing. Not offered yet."""
        with self._work:
            self._at_work = items = self._next_items()
        if items:
            group = make_group(items)
            data = pack_group(group)  # without the lock: it takes its time
            with self._work:
                self._groups.add(group, data, now_us())
                self._at_work = deque()

    def add_reduced(self) -> None:
        """Make a group of ticks of groups that were reduced to them, if there are any."""
        with self._work:
            self._groups.add_reduced(GROUP_ITEMS, now_us())

    def begin_commit(self) -> tuple[list[StoredGroup], list[int], Mapping[str, str]]:
        """The groups to write, the numbers of those to delete, and the recipes to write; `end_commit` follows."""
        with self._work:
            self._commit_since_s = time.monotonic()
            self._writing_recipes, self._recipes = self._recipes, {}
            return *self._groups.begin_commit(), self._writing_recipes

    def in_memory(self) -> tuple[int, set[int], set[int]]:
        """For the file's bounds: the number above which they may touch groups, the withheld, those in memory."""
        with self._work:
            return self._groups.bounds_after, set(self._groups.withheld), self._groups.in_memory

    def end_commit(self, written: bool, values_dropped: int, forgotten: Mapping[int, int]) -> None:
        """The commit has returned, all `written` or nothing; now its groups are offered.

        By the file's bounds `values_dropped` samples have lost their values, and groups were deleted: `forgotten` has
        the items of each, by number.
        """
        with self._work:
            self._commit_since_s = None
            if written:
                self._groups.written()
            else:
                self._groups.not_written()
                self._recipes = self._writing_recipes | self._recipes
            self._groups.lost(values_dropped, forgotten)
            self._groups.offer()
            self._offered.notify()

    def end(self) -> None:
        """Let the journal's thread write what is there and end."""
        with self._work:
            self._ended = True
            self._work.notify()

    def _next_items(self) -> deque[Item]:
        if len(self._pending) <= GROUP_ITEMS:
            items, self._pending = self._pending, deque()
            return items
        return deque(self._pending.popleft() for _ in range(GROUP_ITEMS))

    def _add(self, items: deque[Item]) -> None:
        group = make_group(items)
        self._groups.add(group, pack_group(group), now_us())


def _time_us(item: Item) -> int:
    return item.tick_us if isinstance(item, Sample) else item.time_us


def now_us() -> int:
    """The moment on the wall clock, in microseconds since 1970 UTC."""
    return time.time_ns() // 1000
