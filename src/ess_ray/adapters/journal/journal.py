"""The poller's queue of samples and events on disk: each is in the file before it is offered, and leaves it only when
the database has committed it.

The poller's loop puts, a thread of the journal's own writes (one transaction for all that came within a moment, with
the acknowledgements that came meanwhile), the conductor takes and acknowledges by number. Fresh groups wait in memory;
what is not taken soon is let go from memory and read back from the file: the backlog, offered behind the fresh ones.
Bounded by bytes and by age: then the oldest groups lose their values (`failed: journal_full`), and at last their heads.
Errors: `JournalBusy` and `JournalFailed` when opening; afterwards a disk that refuses costs durability, not samples:
groups are offered from memory, within a bound, `trouble` says so, and they are written once the disk takes them.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Condition, RLock, Thread

from ess_ray.adapters.journal.bounds import Bounds, Limits
from ess_ray.adapters.journal.file import LOCK_WAIT_S, Belonging, JournalFile, Stored, is_corrupt
from ess_ray.adapters.local.logs import exit_process_on_crash
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.batch import Group, make_group, pack_group, unpack_group, without_values
from ess_ray.core.errors import JournalFailed
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Event, Sample
from ess_ray.core.storing.handed_out import Taken, Waiting

GATHER_S = 0.02  # what ends within this moment shares a transaction
QUIET_S = 0.05  # nothing new for so long: whoever waits for more is not kept waiting by a device that is slow
FRESH_GROUPS = 64  # kept in memory before they become backlog
MOST_IN_MEMORY = 50_000  # samples not written yet or not writable; then the oldest lose their values
GROUP_ITEMS = 2_000  # at most in one group
READ_GROUPS = 64  # of the backlog, in one go
TROUBLE_PAUSE_S = 1.0  # between two tries of a disk that refuses
ITEM_BITS = 24  # an item's number is its group's number and its place in it


class Journal:
    """One open journal."""

    def __init__(
        self,
        path: Path,
        belonging: Belonging,
        limits: Limits,
        adopt: Sequence[Path] = (),
        wait_s: float = LOCK_WAIT_S,
    ) -> None:
        """Open the journal at `path`; `adopt`: journals without a poller, whose samples go with this one's.

        `wait_s`: how long to wait for a predecessor to let go of it.
        """
        self._file = JournalFile(path, belonging, limits.sync, wait_s)
        try:
            for orphan in adopt:
                self._file.adopt(orphan, belonging)
            self.notes = tuple(self._file.notes)
            self.recipes = self._file.recipes()
            self._last, self._items, _ = self._file.extent()
            self._bounds = Bounds(self._file, limits)
            self._found_us = _oldest_us(self._file.first_taken())
        except BaseException:
            self._file.close()
            raise
        lock = RLock()
        self._lock, self._offered = Condition(lock), Condition(lock)
        self._pending: deque[Sample | Event] = deque()
        self._at_work: deque[Sample | Event] = deque()  # being written, not offered yet
        self._fresh: deque[tuple[int, Group]] = deque()
        self._cursor, self._backlog_end = 0, self._last  # groups in (cursor, end] are backlog
        self._found_end = self._last  # what was there at opening, the oldest of it at `_found_us`
        self._waiting: dict[int, Waiting] = {}  # groups that are fresh or handed out
        self._handed: set[int] = set()  # groups that are handed out or acknowledged and still in the file
        self._done: list[int] = []  # acknowledged as a whole, to be forgotten
        self._unwritten: dict[int, Stored] = {}  # groups that are in memory only, oldest first
        self.values_dropped = 0  # samples that lost their values, since the start
        self.trouble: str | None = None  # why the disk does not take what is written, now
        self._troubles = Troubles(__name__)
        self._recipes: dict[str, str] = {}  # not written yet
        self._ended = False
        self._thread = Thread(target=exit_process_on_crash(self._write_until_ended), name="journal", daemon=True)
        self._thread.start()

    def learn(self, recipes: Mapping[str, str]) -> None:
        """How layouts are decoded; each is on disk with the first samples of its layout, or before."""
        with self._lock:
            self._recipes.update(recipes)

    def put(self, item: Sample | Event) -> None:
        """Keep an item; it is offered once it is on disk."""
        with self._lock:
            self._pending.append(item)
            self._items += 1
            self._lock.notify()

    def wait(self, timeout_s: float, all_in: Callable[[], bool]) -> None:
        """Until there is something to take, and with it all that is soon to come: `all_in()`, or a quiet moment."""
        end_s, quiet = time.monotonic() + timeout_s, False
        with self._lock:
            while self._cursor >= self._backlog_end and (left_s := end_s - time.monotonic()) > 0:
                if self._fresh and not self._pending and not self._at_work and (quiet or all_in()):
                    return
                quiet = not self._offered.wait(min(left_s, QUIET_S))

    def take(self, fresh: int, backlog: int) -> Taken:
        """Whole groups that were not taken yet: about `fresh` samples of fresh ones, then `backlog` older ones."""
        taken = Taken([], [], 0, [], [])
        with self._lock:
            while self._fresh and taken.samples < fresh:
                self._hand_out(*self._fresh.popleft(), taken)
            taken.fresh = len(taken.batches)
        self._take_backlog(taken.samples + backlog, taken)
        return taken

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """The database has committed these; their groups are forgotten with the next transaction."""
        with self._lock:
            for number in numbers:
                group = number >> ITEM_BITS
                if waiting := self._waiting.get(group):
                    waiting.parts -= 1
                    if not waiting.parts:
                        self._items -= waiting.items
                        del self._waiting[group]
                        self._done.append(group)
            self._lock.notify()

    def offer_again(self) -> None:
        """Whoever took what is not acknowledged has lost it: it is backlog now."""
        with self._lock:
            fresh = {number for number, _ in self._fresh}
            lost = self._waiting.keys() - fresh
            self._handed -= lost  # what is acknowledged stays out of it until it has left the file
            for number in sorted(lost, reverse=True):
                del self._waiting[number]
                if stored := self._unwritten.get(number):
                    self._fresh.appendleft((number, group := unpack_group(stored.data)))
                    self._waiting[number] = Waiting.of(group)  # parts of it may have been acknowledged
            self._cursor, self._backlog_end = 0, self._fresh[0][0] - 1 if self._fresh else self._last

    def __len__(self) -> int:
        """Samples and events of groups that are not acknowledged."""
        return self._items

    def oldest_us(self) -> int | None:
        """The oldest tick, or time of an event, that is not acknowledged; None: nothing waits. Never too young."""
        with self._lock:
            known = [group.oldest_us for group in self._waiting.values()]
            known += [*map(_time_us, self._pending), *map(_time_us, self._at_work)]
            cursor, end = self._cursor, self._backlog_end
        if cursor < min(self._found_end, end):
            known.append(self._found_us)
        elif cursor < end:
            known.extend(self._backlog_us(cursor, end))
        return min(known, default=None)

    def close(self) -> None:
        """Write what is pending and close the file; an empty one is deleted."""
        with self._lock:
            self._ended = True
            self._lock.notify()
        self._thread.join()
        if self._items or self._file.extent()[1]:  # a damaged group is not counted any more, and stays
            self._file.close()
        else:
            self._file.remove()

    # --- taking -------------------------------------------------------------------------------------------------------

    def _hand_out(self, number: int, group: Group, taken: Taken) -> None:
        waiting = self._waiting.setdefault(number, Waiting.of(group))
        self._handed.add(number)
        first, events = number << ITEM_BITS, (number << ITEM_BITS) + len(group.batches)
        taken.numbers.extend(range(first, events))
        taken.batches.extend(group.batches)
        taken.samples += waiting.items - len(group.events)
        taken.event_numbers.extend(range(events, first + waiting.parts))
        taken.events.extend(group.events)

    def _take_backlog(self, most: int, taken: Taken) -> None:
        while taken.samples < most and self._cursor < self._backlog_end:
            with self._lock:
                handed = set(self._handed)  # before the read: it may still find what has left the file since
                end = self._backlog_end
            try:
                groups = self._file.read(self._cursor, end, READ_GROUPS)
            except JournalFailed as error:
                text = f"a part of the journal cannot be read, and stays in the file: {error}"
                self._troubles.met("read", text, about("journal not read", error=error), logging.ERROR)
                if not is_corrupt(error.__cause__):
                    return  # the next pull tries again
                groups = []  # what comes behind it shall not wait; the next start takes over what can be read
            else:
                self._troubles.over("read", "the journal is read again", about("journal read"))
            with self._lock:
                if not groups:
                    self._cursor = end
                for stored in groups:
                    if taken.samples >= most:
                        break
                    self._cursor = stored.number
                    if stored.number not in handed:
                        self._offer_stored(stored, taken)

    def _offer_stored(self, stored: Stored, taken: Taken) -> None:
        try:
            self._hand_out(stored.number, unpack_group(stored.data), taken)
        except ValueError as error:
            text = f"group {stored.number} of the journal is damaged ({error}): it stays in the file"
            self._troubles.met("damaged", text, about("journal damaged", count=stored.items), logging.ERROR)
            self._items -= stored.items
            self._handed.add(stored.number)  # or it would be counted again

    def _backlog_us(self, cursor: int, end: int) -> list[int]:
        try:
            return [_oldest_us(stored) for stored in self._file.read(cursor, end, 1)]
        except JournalFailed:
            return [0]

    # --- writing ------------------------------------------------------------------------------------------------------

    def _write_until_ended(self) -> None:
        while True:
            with self._lock:
                while not (self._pending or self._done or self._unwritten or self._ended):
                    self._lock.wait()
                ended = self._ended
            if not ended:
                time.sleep(GATHER_S)
            with self._lock:
                items = self._at_work = self._some_pending()
                done, self._done = self._done, []
            self._write(items, done)
            if ended and (self.trouble or not (self._pending or self._done)):
                return
            if self.trouble:
                time.sleep(TROUBLE_PAUSE_S)

    def _some_pending(self) -> deque[Sample | Event]:
        """As much as makes a group that can be sent and stored in one go."""
        if len(self._pending) > GROUP_ITEMS and not self.trouble:  # after a pause: a disk or this process stood still
            return deque(self._pending.popleft() for _ in range(GROUP_ITEMS))
        items, self._pending = self._pending, deque()
        return items

    def _write(self, items: Iterable[Sample | Event], done: list[int]) -> None:
        group = make_group(items)
        number = self._last + 1
        with self._lock:
            for one in done:
                self._unwritten.pop(one, None)
            if len(group):
                self._unwritten[number] = Stored(number, len(group), now_us(), True, pack_group(group))
            new, recipes = list(self._unwritten.values()), self._recipes
            self._recipes = {}
        try:
            self._file.commit(new, done, recipes)
            with self._lock:
                handed, fresh = set(self._handed), {number, *(one for one, _ in self._fresh)}
            added_bytes = sum(len(stored.data) for stored in new)
            kept = self._bounds.keep(self._cursor, handed, fresh, added_bytes, now_us())
            self.values_dropped += kept.values_dropped
            with self._lock:
                self._items -= kept.forgotten
            self.trouble = None
            self._troubles.over("write", "the journal is written again", about("journal back"))
        except Exception as error:  # noqa: BLE001  # the thread goes on; a defect is logged with its trace
            if self.trouble is None:
                text = f"the journal is not written, samples wait in memory: {error}"
                defect = not isinstance(error, JournalFailed)
                self._troubles.met(
                    "write", text, about("journal not written", error=error), logging.ERROR, trace=defect
                )
            self.trouble = str(error)
            with self._lock:
                self._done.extend(done)
                self._recipes = recipes | self._recipes
        else:
            with self._lock:
                self._handed.difference_update(done)
                self._unwritten.clear()
        if len(group):
            self._offer(number, group)

    def _offer(self, number: int, group: Group) -> None:
        with self._lock:
            self._last = number
            self._fresh.append((number, group))
            self._waiting[number] = Waiting.of(group)
            self._at_work = deque()
            self._offered.notify()
            self._shed_memory()
            while len(self._fresh) > FRESH_GROUPS and self._fresh[0][0] not in self._unwritten:
                self._backlog_end = self._fresh.popleft()[0]
                del self._waiting[self._backlog_end]

    def _shed_memory(self) -> None:
        """What is in memory only is bounded too: the oldest groups lose their values."""
        held = sum(stored.items for stored in self._unwritten.values())
        for stored in list(self._unwritten.values()):
            if held <= MOST_IN_MEMORY:
                return
            held -= stored.items
            if stored.whole:
                smaller = without_values(unpack_group(stored.data))
                self._unwritten[stored.number] = replace(stored, whole=False, data=pack_group(smaller))
                self._fresh = deque((n, smaller if n == stored.number else group) for n, group in self._fresh)
                self.values_dropped += len(smaller) - len(smaller.events)


def _time_us(item: Sample | Event) -> int:
    return item.tick_us if isinstance(item, Sample) else item.time_us


def _oldest_us(stored: Stored | None) -> int:
    """The oldest tick of a group in the file; of a damaged one, when it was taken."""
    if stored is None:
        return 0
    try:
        return unpack_group(stored.data).first_us
    except ValueError:
        return stored.taken_us


def now_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000
