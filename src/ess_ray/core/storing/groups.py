"""The state of a journal's groups: which are in memory, which in the file only, which are taken, which acknowledged.

Pure; `adapters.journal.journal` holds a lock around every call and does what has to do with disk and threads.

An item is a sample or an event. `core.storing.taking` says what a part of a group is, and its number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence, Set

from ess_ray.core.batch import Group, make_group, pack_group, unpack_group
from ess_ray.core.storing.stored import BacklogSpan, StoredGroup
from ess_ray.core.storing.taking import INDEX_BITS, Taken, Waiting
from ess_ray.core.storing.tick_runs import TickRuns
from ess_ray.core.storing.unwritten import Unwritten

FRESH_GROUPS = 64  # kept in memory before they become backlog
LOOK_AGAIN_SAMPLES = 10_000  # so many that lost their values: those that were passed over are read again


class Groups:
    """The groups of one journal, by number: a later group has a higher one.

    The states of a group, and what puts it from one into another::

             add              offer           take_fresh             acknowledge (its last part)   written
        (new) ───▶ not offered ─────▶ fresh ──────────────▶ taken ─────────────▶ acknowledged ─────────▶ (deleted)
                                       │                   ▲   │
                          more than    │       take_stored │   │ offer_again
                          FRESH_GROUPS └─────▶ backlog ────┘◀──┘ (unwritten ones become fresh again)

    A group of which every part is acknowledged or of a layout that is set aside is *passed over* when it is its turn:
    it stays in the file, costs no memory, and is backlog again after `offer_again`.

    A group is *unwritten* besides, from `add` until `written`, as long as only memory has it: if the disk refuses or is
    silent, that may last. One that is acknowledged before any commit has tried to write it is done with at once. Of too
    many unwritten groups the oldest lose their values (`failed: journal_full`); of too many of these the oldest are
    *reduced* to their ticks, which become groups again by `add_reduced`. A group of the backlog that cannot be
    decoded is *damaged*: it is withheld and stays in the file.

    Invariants:

    - `fresh` and those not offered have the highest numbers, in order; `backlog_end` is below them. The backlog is what
      the file has in (cursor, backlog_end], less `withheld`.
    - `withheld` are the numbers of groups that a read of the file may find and that must not be offered: taken,
      acknowledged and not deleted yet, reduced, damaged. Each stays in it until the commit that deletes it.
    - `_waiting` has exactly the groups that are not offered, fresh or taken.
    - `_passed_first` and `_passed_us` are the lowest number and oldest tick of groups passed over since the last
      `offer_again`; None: there are none.
    - Unwritten groups have the highest numbers too: a commit writes all that there are, or none.
    - `items` counts the items of all groups, reduced ones too, that are neither acknowledged, damaged nor forgotten.
    """

    def __init__(self, last: int, items: int, oldest_us: int) -> None:
        """From the file as it is opened: highest number, items, oldest tick (since 1970 UTC) of its oldest group."""
        self.last = last  # highest number that a group has
        self.items = items
        self.fresh: deque[tuple[int, Group]] = deque()
        self.cursor, self.backlog_end = 0, last
        self.withheld: set[int] = set()
        self.values_dropped = 0  # samples that have lost their values to the bounds of memory
        self.items_forgotten = 0  # of which nothing is left, see `TickRuns`
        self._not_offered: list[tuple[int, Group]] = []
        self._waiting: dict[int, Waiting] = {}
        self._acknowledged: list[int] = []  # to be deleted with the next commit
        self._deleting: list[int] = []  # with the commit at work
        self._unwritten = Unwritten()
        self._reduced = TickRuns()
        self._found_end, self._found_oldest_us = last, oldest_us  # of the groups that were there at opening
        self._passed_first: int | None = None
        self._passed_us: int | None = None
        self._not_in_file: set[int] = set()  # taken groups that the bounds of the file have deleted meanwhile
        self._dropped = 0  # samples that lost their values to the bounds since what was passed over was read last

    # --- written and offered ------------------------------------------------------------------------------------------

    @property
    def to_commit(self) -> bool:
        """True if there is something to write or to delete."""
        return bool(self._acknowledged or self._unwritten)

    @property
    def in_memory(self) -> set[int]:
        """The numbers of the groups that are not offered yet or fresh."""
        return {number for number, _ in (*self.fresh, *self._not_offered)}

    @property
    def has_reduced(self) -> bool:
        """True if there are ticks of reduced groups: `add_reduced` makes groups of them."""
        return bool(self._reduced)

    def add(self, group: Group, data: bytes, made_us: int, *, has_values: bool = True) -> None:
        """Add a new group, with `data` its bytes (`pack_group`), to be written and, by `offer`, offered."""
        self.last += 1
        self._unwritten.add(StoredGroup(self.last, len(group), made_us, has_values, data))
        self._waiting[self.last] = Waiting.of(group)
        self._not_offered.append((self.last, group))
        self.items += len(group)

    def add_reduced(self, most: int, made_us: int) -> None:
        """Add a group of ticks of reduced groups, of at most `most` items; nothing if there are none.

        `made_us`: now, microseconds since 1970 UTC.
        """
        if items := self._reduced.take(most):
            self.items -= len(items)
            group = make_group(items)
            self.add(group, pack_group(group), made_us, has_values=False)

    def begin_commit(self) -> tuple[list[StoredGroup], list[int]]:
        """The groups to write and the numbers of those to delete in the next commit.

        `written` or `not_written` follows once its outcome is known; until then groups may be added, offered, taken and
        acknowledged.
        """
        self._deleting, self._acknowledged = self._acknowledged, []
        return self._unwritten.begin_commit(), self._deleting

    def written(self) -> None:
        """The commit has succeeded."""
        self.withheld.difference_update(self._deleting)
        self._deleting = []
        self._unwritten.written()

    def not_written(self) -> None:
        """The commit has failed: all of it belongs to the next one."""
        self._acknowledged += self._deleting
        self._deleting = []

    def offer(self) -> None:
        """Make all groups fresh that were added, written or not; then keep the bounds of memory."""
        self.fresh += self._not_offered
        self._not_offered = []
        self._keep_bounds()
        while len(self.fresh) > FRESH_GROUPS and self.fresh[0][0] not in self._unwritten:
            self.backlog_end, _ = self.fresh.popleft()
            del self._waiting[self.backlog_end]

    def _keep_bounds(self) -> None:
        smaller = dict(self._unwritten.drop_values())
        if smaller:
            self.values_dropped += sum(len(group) - len(group.events) for group in smaller.values())
            self.fresh = deque((number, smaller.get(number, group)) for number, group in self.fresh)
        if not self._unwritten.has_too_many_headers:
            return
        fresh = dict(self.fresh)  # those that are taken are needed as they are
        for number in self._unwritten.too_many_headers():
            if number in fresh:
                forgotten = self._reduced.add(fresh.pop(number))
                self.items -= forgotten
                self.items_forgotten += forgotten
                del self._waiting[number]
                self._done_with(number)
        self.fresh = deque(fresh.items())

    def _done_with(self, number: int) -> None:
        """Nobody needs the group any more: it leaves memory, and the file with the next commit."""
        if number in self._unwritten and not self._unwritten.may_be_in_file(number):
            self.withheld.discard(number)
        else:
            self.withheld.add(number)
            self._acknowledged.append(number)
        self._unwritten.remove(number)

    # --- taken and acknowledged ---------------------------------------------------------------------------------------

    @property
    def has_backlog(self) -> bool:
        """True if the file may hold groups that can be taken."""
        return self.cursor < self.backlog_end

    def take_fresh(self, most: int, taken: Taken, set_aside: Set[str] = frozenset()) -> None:
        """Add fresh groups to `taken`, oldest first, each with all its parts, until it has about `most` samples.

        Parts of the layouts `set_aside` are passed over, but for their failed samples.
        """
        while self.fresh and not taken.has(most):
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
            if taken.has(most):
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
        if number in self._not_in_file:
            self.items -= waiting.items
            return
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
                    self._done_with(group)
                elif waiting.set_aside:
                    self._pass_over(group, waiting)

    def offer_again(self) -> None:
        """Whoever took what is not acknowledged has lost it: it is backlog now, or fresh if only memory has it."""
        lost = self._waiting.keys() - self.in_memory
        self.withheld -= lost  # acknowledged groups stay in it until they have left the file
        for number in sorted(lost, reverse=True):
            waiting = self._waiting.pop(number)
            self.items -= waiting.items if number in self._not_in_file else 0
            if stored := self._unwritten.get(number):
                self.fresh.appendleft((number, group := unpack_group(stored.data)))
                self._waiting[number] = Waiting.of(group)  # parts of it may have been acknowledged
        self.cursor, self.backlog_end = 0, min(self.in_memory, default=self.last + 1) - 1
        self._passed_first = self._passed_us = None
        self._not_in_file.clear()

    def waiting_us(self) -> list[int]:
        """Oldest tick, or time of an event, since 1970 UTC, of each group and device that memory knows of; no order.

        And of all groups together that were passed over.
        """
        passed_us = [] if self._passed_us is None else [self._passed_us]
        return [waiting.oldest_us for waiting in self._waiting.values()] + passed_us + self._reduced.oldest_us

    @property
    def only_passed_over(self) -> bool:
        """True if something waits, and all of it was passed over."""
        return self._passed_first is not None and not (self._waiting or self.has_backlog or self._reduced)

    @property
    def found_oldest_us(self) -> int | None:
        """The oldest tick of the groups that were there at opening, while some of them are backlog; else None."""
        return self._found_oldest_us if self.cursor < min(self._found_end, self.backlog_end) else None

    @property
    def bounds_after(self) -> int:
        """The number above which the journal's bounds may touch groups that are not withheld."""
        return self.cursor if self._passed_first is None else min(self.cursor, self._passed_first - 1)

    def lost(self, values_dropped: int, forgotten: Mapping[int, int]) -> None:
        """The bounds have cost so many samples their values, and have deleted groups: the items of each, by number.

        A group that was taken while they were at work is counted until it is acknowledged, or is to be offered again.

        What was passed over may have become failed samples so, which can be stored: from time to time it is read again.
        """
        self._not_in_file |= forgotten.keys() & self._waiting.keys()
        self.items -= sum(items for number, items in forgotten.items() if number not in self.withheld)
        self._dropped += values_dropped
        if self._passed_first is not None and self._dropped >= LOOK_AGAIN_SAMPLES:
            self.cursor, self._dropped = self.bounds_after, 0
