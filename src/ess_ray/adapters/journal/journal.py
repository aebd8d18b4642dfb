"""The poller's queue of samples and events on disk: in the file before they are offered, until the database has them.

What is put within a moment shares a transaction, with the acknowledgements of that moment. Fresh groups wait in memory;
those that are not taken soon are let go from memory and read back from the file: the backlog, offered behind the fresh
ones. Bounded by bytes and by age: then the oldest groups lose their values (`failed: journal_full`), and at last all.
Errors: `JournalBusy` and `JournalFailed` when opening; afterwards a disk that refuses costs durability, not samples:
groups are offered from memory, within a bound, `trouble` says so, and they are written once the disk takes them.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from threading import Condition, RLock, Thread

from ess_ray.adapters.journal.bounds import Bounds, Limits
from ess_ray.adapters.journal.file import JournalFile
from ess_ray.adapters.journal.lock import LOCK_WAIT_S
from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.adapters.journal.sqlite import is_corrupt
from ess_ray.adapters.local.logs import exit_process_on_crash
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.batch import Group, make_group, pack_group
from ess_ray.core.errors import JournalFailed
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Event, Sample
from ess_ray.core.storing.groups import BacklogSpan, Groups, StoredGroup
from ess_ray.core.storing.taking import Taken

GATHER_S = 0.02  # what ends within this moment shares a transaction
QUIET_S = 0.05  # nothing new for so long: whoever waits is not kept waiting by a device that is slow
GROUP_ITEMS = 2_000  # at most in one group
READ_GROUPS = 64  # of the backlog, in one go
TROUBLE_PAUSE_S = 1.0  # between two tries of a disk that refuses


class Journal:
    """One open journal, between a poll loop and the one who pulls.

    An item on its way; `core.storing.groups.Groups` draws what a group goes through::

             put           _begin_group            _write               take, acknowledge
        loop ───▶ pending ─────────────▶ at work ─────────▶ a fresh group ───────────────▶ deleted by a later commit

    Threads, all of one process:

    - the poll loop's puts, and is never kept waiting by the disk;
    - the puller's opens, waits, takes, acknowledges and closes; it alone uses the file's reading connection;
    - the journal's own, "journal", writes: it alone uses the file's writing connection and the bounds, and sets
      `trouble` and `values_dropped`. If it dies of a defect the process ends, and Ray starts the actor again.

    One lock, `_lock`, protects `_pending`, `_at_work`, `_groups`, `_recipes` and `_ended`. It is never held while the
    disk works: commits are made, and the backlog is read, between two blocks that hold it. It has two conditions:
    `_lock` wakes the journal's thread (something to write, or the end), `_offered` whoever waits for fresh groups.

    Invariants:

    - Every item that was put and is not acknowledged is in exactly one of `_pending`, `_at_work` and `_groups`; `len`
      is their sum.
    - `_at_work` is not empty only from `_begin_group` until its group is offered, so that `oldest_us` never misses it.
    - A group is offered after its commit has returned, or has failed: then `trouble` is set and the next commit has it.
    - A recipe is committed before, or with, the first group of its layout.
    """

    def __init__(
        self,
        path: Path,
        owner: JournalOwner,
        limits: Limits,
        adopt: Sequence[Path] = (),
        wait_s: float = LOCK_WAIT_S,
    ) -> None:
        """Open the journal at `path`; `adopt`: journals without a poller, whose samples go with this one's.

        `wait_s`: seconds to wait for a predecessor to let go of it. Raises JournalBusy if it does not, JournalFailed if
        the disk refuses. `notes` says what a person should know, `recipes` how the layouts in the file are decoded.
        """
        self._path = path
        self._file = JournalFile(path, owner, limits.sync, wait_s)
        try:
            for orphan in adopt:
                self._file.adopt(orphan, owner)
            self.notes = tuple(self._file.notes)
            self.recipes = self._file.recipes()
            last, items, _ = self._file.extent()
            earliest = self._file.earliest_made()
            self._groups = Groups(last, items, earliest.oldest_us if earliest else 0)
            self._bounds = Bounds(self._file, limits)
        except BaseException:
            self._file.close()
            raise
        self._lock, self._offered = Condition(lock := RLock()), Condition(lock)
        self._pending: deque[Sample | Event] = deque()  # put, and not at work yet
        self._at_work: deque[Sample | Event] = deque()  # being written, not offered yet
        self._recipes: dict[str, str] = {}  # not written yet
        self._ended = False
        self.values_dropped = 0  # samples that lost their values to the bounds since the journal was opened
        self.trouble: str | None = None  # why the disk refuses what is written, now
        self._troubles = Troubles(__name__)
        self._thread = Thread(target=exit_process_on_crash(self._write_until_ended), name="journal", daemon=True)
        self._thread.start()

    def learn(self, recipes: Mapping[str, str]) -> None:
        """Keep recipes, by layout: each is on disk with its layout's first samples or before. Called before `put`."""
        with self._lock:
            self._recipes.update(recipes)

    def put(self, item: Sample | Event) -> None:
        """Keep an item; it is offered once it is on disk. Does not wait for the disk."""
        with self._lock:
            self._pending.append(item)
            self._lock.notify()

    def wait(self, timeout_s: float, all_in: Callable[[], bool]) -> None:
        """Wait, `timeout_s` seconds at most, for fresh groups, then until `all_in()` is true or QUIET_S brings no more.

        Returns at once if there is a backlog. `all_in` is called with the lock held, so it must not wait.
        """
        end_s, quiet = time.monotonic() + timeout_s, False
        with self._lock:
            while not self._groups.has_backlog and (left_s := end_s - time.monotonic()) > 0:
                if self._groups.fresh and not self._pending and not self._at_work and (quiet or all_in()):
                    return
                quiet = not self._offered.wait(min(left_s, QUIET_S))

    def take(self, fresh: int, backlog: int, set_aside: Set[str] = frozenset()) -> Taken:
        """Groups that were not taken yet: about `fresh` samples of fresh ones, then about `backlog` older ones.

        Groups are not split: it may be more; less the layouts `set_aside`, see `Taken.add`. What cannot be read stays.
        """
        taken = Taken()
        with self._lock:
            self._groups.take_fresh(fresh, taken, set_aside)
        self._take_backlog(taken.looked_at + backlog, taken, set_aside)
        return taken

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Note that the database has committed the batches and events with these numbers, which `take` gave.

        A group of which all are committed is deleted with the next transaction. Unknown numbers are passed over.
        """
        with self._lock:
            self._groups.acknowledge(numbers)
            self._lock.notify()

    def offer_again(self) -> None:
        """Let groups that were taken and not acknowledged be taken again, whole: whoever took them has lost them."""
        with self._lock:
            self._groups.offer_again()

    def __len__(self) -> int:
        """The number of samples and events that are in no group yet, or in one that is not acknowledged as a whole."""
        with self._lock:
            return self._groups.items + len(self._pending) + len(self._at_work)

    def oldest_us(self) -> int | None:
        """The oldest tick, or time of an event, that is not acknowledged, in microseconds since 1970 UTC.

        None: nothing waits. It may be older than what waits (0 if the file cannot be read), never younger.
        """
        with self._lock:
            times_us = self._groups.waiting_us()
            times_us += [*map(_time_us, self._pending), *map(_time_us, self._at_work)]
            found_us = self._groups.found_oldest_us
            span = self._groups.backlog() if self._groups.has_backlog and found_us is None else None
        if found_us is not None:
            times_us.append(found_us)
        elif span:
            times_us += self._backlog_us(span)
        return min(times_us, default=None)

    def close(self) -> None:
        """Write what is pending, wait for that, and close the file; an empty one is deleted.

        What a disk in trouble does not take then is lost. The poll loop has ended before. Raises JournalFailed.
        """
        with self._lock:
            self._ended = True
            self._lock.notify()
        self._thread.join()
        if len(self) or self._file.extent()[1]:  # a damaged group is not counted any more, and stays
            self._file.close()
        else:
            self._file.remove()

    # --- the puller's thread: the backlog -----------------------------------------------------------------------------

    def _take_backlog(self, most: int, taken: Taken, set_aside: Set[str]) -> None:
        while taken.looked_at < most and self._groups.has_backlog:
            with self._lock:
                span = self._groups.backlog()
            stored_groups = self._read(span)
            if stored_groups is None:
                return  # the next pull tries again
            with self._lock:
                damaged = self._groups.take_stored(span, stored_groups, most, taken, set_aside)
            for stored in damaged:
                text = (
                    f"the journal {self._path} is damaged: {stored.items} samples and events in group {stored.number} "
                    "cannot be read, and stay in the file"
                )
                fields = about("journal damaged", count=stored.items)
                self._troubles.met("damaged", text, fields, logging.ERROR)

    def _read(self, span: BacklogSpan) -> list[StoredGroup] | None:
        """The next groups of a span; none: it has been read, or can never be; None: the disk refuses now."""
        try:
            stored_groups = self._file.read(span.after, span.end, READ_GROUPS)
        except JournalFailed as error:
            text = f"a part of the journal cannot be read, and stays in the file: {error}"
            self._troubles.met("read", text, about("journal not read", error=error), logging.ERROR)
            return [] if is_corrupt(error.__cause__) else None  # what is behind a corrupt part shall not wait
        self._troubles.over("read", "the journal is read again", about("journal read"))
        return stored_groups

    def _backlog_us(self, span: BacklogSpan) -> list[int]:
        try:
            return [stored.oldest_us for stored in self._file.read(span.after, span.end, 1)]
        except JournalFailed:
            return [0]

    # --- the journal's thread: writing --------------------------------------------------------------------------------

    def _write_until_ended(self) -> None:
        while True:
            with self._lock:
                while not (self._pending or self._groups.to_commit or self._ended):
                    self._lock.wait()
                ended = self._ended
            if not ended:
                time.sleep(GATHER_S)
            self._write(self._begin_group())
            if ended and (self.trouble or not (self._pending or self._groups.to_delete)):
                return
            if self.trouble:
                time.sleep(TROUBLE_PAUSE_S)

    def _begin_group(self) -> Group:
        """A group of what is pending, as much as can be sent and stored in one go; empty if nothing is."""
        with self._lock:
            if len(self._pending) > GROUP_ITEMS and not self.trouble:  # after a pause: disk or process stood still
                self._at_work = deque(self._pending.popleft() for _ in range(GROUP_ITEMS))
            else:
                self._at_work, self._pending = self._pending, deque()
            items = self._at_work
        return make_group(items)

    def _write(self, group: Group) -> None:
        """Commit a group, and with it what the last commits did not take and what was acknowledged; then offer it."""
        number = self._groups.last + 1  # no other thread changes it
        new = StoredGroup(number, len(group), now_us(), True, pack_group(group)) if len(group) else None
        with self._lock:
            to_write, deleted = self._groups.begin_commit(new)
            recipes, self._recipes = self._recipes, {}
        try:
            self._file.commit(to_write, deleted, recipes)
            self._keep_bounds(number, sum(len(stored.data) for stored in to_write))
            self.trouble = None
            self._troubles.over("write", "the journal is written again", about("journal back"))
        except Exception as error:  # noqa: BLE001  # the thread goes on; a defect is logged with its trace
            self._write_failed(error)
            with self._lock:
                self._groups.not_written(deleted)
                self._recipes = recipes | self._recipes
        else:
            with self._lock:
                self._groups.written(deleted)
        if new:
            with self._lock:
                self.values_dropped += self._groups.offer(number, group)
                self._at_work = deque()
                self._offered.notify()

    def _keep_bounds(self, number: int, added_bytes: int) -> None:
        with self._lock:
            after, withheld = self._groups.bounds_after, set(self._groups.withheld)
            fresh = {number, *(fresh_number for fresh_number, _ in self._groups.fresh)}
        lost = self._bounds.keep(after, withheld, fresh, added_bytes, now_us())
        self.values_dropped += lost.values_dropped
        with self._lock:
            self._groups.lost(lost.values_dropped, lost.forgotten)

    def _write_failed(self, error: Exception) -> None:
        if self.trouble is None:
            text = f"the journal is not written, samples wait in memory: {error}"
            fields, defect = about("journal not written", error=error), not isinstance(error, JournalFailed)
            self._troubles.met("write", text, fields, logging.ERROR, trace=defect)
        self.trouble = str(error)


def _time_us(item: Sample | Event) -> int:
    return item.tick_us if isinstance(item, Sample) else item.time_us


def now_us() -> int:
    """The moment on the wall clock, in microseconds since 1970 UTC."""
    return time.time_ns() // 1000
