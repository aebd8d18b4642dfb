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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Condition, Thread

from ess_ray.adapters.journal_file import Belonging, JournalFile, Stored
from ess_ray.core.errors import JournalFailed
from ess_ray.core.group import Group, pack, unpack, without_values
from ess_ray.core.samples import Event, Sample

log = logging.getLogger(__name__)

GATHER_S = 0.02  # what ends within this moment shares a transaction
FRESH_GROUPS = 64  # kept in memory before they become backlog
MOST_IN_MEMORY = 50_000  # samples not written yet or not writable; then the oldest lose their values
READ_GROUPS = 64  # of the backlog, in one go
TROUBLE_PAUSE_S = 1.0  # between two tries of a disk that refuses
BOUNDS_EVERY_S = 60.0  # how often the age of the oldest group is looked at
ITEM_BITS = 24  # an item's number is its group's number and its place in it


@dataclass(frozen=True, slots=True)
class Limits:
    """The journal's bounds."""

    capacity_bytes: int
    max_age_us: int
    sync: str  # "full": every commit is on disk before its samples are offered; "normal": a power cut may cost seconds


@dataclass(slots=True)
class Taken:
    """Items that are handed out: the first `fresh` samples belong to fresh groups."""

    sample_numbers: list[int]
    samples: list[Sample]
    fresh: int
    event_numbers: list[int]
    events: list[Event]


class Journal:
    """One open journal."""

    def __init__(
        self, path: Path, belonging: Belonging, limits: Limits, recipes: Mapping[str, str], adopt: Sequence[Path] = ()
    ) -> None:
        """Open the journal at `path`; `adopt`: journals without a poller, whose samples go with this one's."""
        self._file = JournalFile(path, belonging, limits.sync)
        self._file.learn(recipes)
        for orphan in adopt:
            self._file.adopt(orphan, belonging)
        self._limits = limits
        self.notes = tuple(self._file.notes)
        self.recipes = self._file.recipes()
        self._last, self._items, self._bytes = self._file.extent()
        self._lock = Condition()
        self._pending: deque[Sample | Event] = deque()
        self._fresh: deque[tuple[int, Group]] = deque()
        self._cursor, self._backlog_end = 0, self._last  # groups in (cursor, end] are backlog
        self._left: dict[int, int] = {}  # items of a handed-out group not acknowledged yet
        self._handed: set[int] = set()  # groups that are handed out or acknowledged and still in the file
        self._done: list[int] = []  # acknowledged as a whole, to be forgotten
        self._unwritten: dict[int, Stored] = {}  # groups that are in memory only, oldest first
        self._bounds_checked_s = 0.0
        self.shed = 0  # samples that lost their values, since the start
        self.trouble: str | None = None  # why the disk does not take what is written, now
        self._ended = False
        self._thread = Thread(target=self._write_until_ended, name="journal", daemon=True)
        self._thread.start()

    def put(self, item: Sample | Event) -> None:
        """Keep an item; it is offered once it is on disk."""
        with self._lock:
            self._pending.append(item)
            self._items += 1
            self._lock.notify()

    def take(self, fresh: int, backlog: int) -> Taken:
        """Whole groups that were not taken yet: about `fresh` samples of fresh ones, then `backlog` older ones."""
        taken = Taken([], [], 0, [], [])
        with self._lock:
            while self._fresh and len(taken.samples) < fresh:
                self._hand_out(*self._fresh.popleft(), taken)
            taken.fresh = len(taken.samples)
        self._take_backlog(taken.fresh + backlog, taken)
        return taken

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """The database has committed these; their groups are forgotten with the next transaction."""
        with self._lock:
            for number in numbers:
                group = number >> ITEM_BITS
                if group in self._left:
                    self._items -= 1
                    self._left[group] -= 1
                    if not self._left[group]:
                        del self._left[group]
                        self._done.append(group)
            self._lock.notify()

    def __len__(self) -> int:
        """Items not acknowledged."""
        return self._items

    def close(self) -> None:
        """Write what is pending and close the file; an empty one is deleted."""
        with self._lock:
            self._ended = True
            self._lock.notify()
        self._thread.join()
        if self._items:
            self._file.close()
        else:
            self._file.remove()

    # --- taking -------------------------------------------------------------------------------------------------------

    def _hand_out(self, number: int, group: Group, taken: Taken) -> None:
        self._left[number] = len(group)
        self._handed.add(number)
        first = number << ITEM_BITS
        taken.sample_numbers.extend(range(first, first + len(group.samples)))
        taken.samples.extend(group.samples)
        taken.event_numbers.extend(range(first + len(group.samples), first + len(group)))
        taken.events.extend(group.events)

    def _take_backlog(self, most: int, taken: Taken) -> None:
        while len(taken.samples) < most and self._cursor < self._backlog_end:
            try:
                groups = self._file.read(self._cursor, self._backlog_end, READ_GROUPS)
            except JournalFailed:
                log.exception("a part of the journal cannot be read: it stays in the file")
                groups = []
            with self._lock:
                if not groups:
                    self._cursor = self._backlog_end
                for stored in groups:
                    if len(taken.samples) >= most:
                        break
                    self._cursor = stored.number
                    if stored.number not in self._handed:
                        self._offer_stored(stored, taken)

    def _offer_stored(self, stored: Stored, taken: Taken) -> None:
        try:
            self._hand_out(stored.number, unpack(stored.data), taken)
        except ValueError as error:
            log.error("group %d of the journal is damaged (%s): it stays in the file", stored.number, error)
            self._items -= stored.items

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
                items, self._pending = self._pending, deque()
                done, self._done = self._done, []
            self._write(items, done)
            if ended and (self.trouble or not (self._pending or self._done)):
                return
            if self.trouble:
                time.sleep(TROUBLE_PAUSE_S)

    def _write(self, items: Iterable[Sample | Event], done: list[int]) -> None:
        group = Group([i for i in items if isinstance(i, Sample)], [i for i in items if isinstance(i, Event)])
        number = self._last + 1
        with self._lock:
            for one in done:
                self._unwritten.pop(one, None)
            if len(group):
                self._unwritten[number] = Stored(number, len(group), now_us(), True, pack(group))
            new = list(self._unwritten.values())
        try:
            self._file.commit(new, done)
            self._keep_bounds(sum(len(stored.data) for stored in new))
            self.trouble = None
        except JournalFailed as error:
            if self.trouble is None:
                log.error("the journal is not written, samples wait in memory: %s", error)
            self.trouble = str(error)
            with self._lock:
                self._done.extend(done)
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
            self._shed_memory()
            while len(self._fresh) > FRESH_GROUPS and self._fresh[0][0] not in self._unwritten:
                self._backlog_end = self._fresh.popleft()[0]

    def _shed_memory(self) -> None:
        """What is in memory only is bounded too: the oldest groups lose their values."""
        held = sum(stored.items for stored in self._unwritten.values())
        for stored in list(self._unwritten.values()):
            if held <= MOST_IN_MEMORY:
                return
            held -= stored.items
            if stored.whole:
                smaller = without_values(unpack(stored.data))
                self._unwritten[stored.number] = replace(stored, whole=False, data=pack(smaller))
                self._fresh = deque((n, smaller if n == stored.number else group) for n, group in self._fresh)
                self.shed += len(smaller.samples)

    def _keep_bounds(self, added_bytes: int) -> None:
        """The oldest groups in the file lose their values, and when none has any left, they go."""
        self._bytes += added_bytes
        if self._bytes <= self._limits.capacity_bytes and time.monotonic() < self._bounds_checked_s + BOUNDS_EVERY_S:
            return
        self._bounds_checked_s = time.monotonic()
        _, _, self._bytes = self._file.extent()  # what was acknowledged meanwhile has made room
        old_us = now_us() - self._limits.max_age_us
        while oldest := self._file.oldest(self._cursor, whole=True):
            if oldest.taken_us >= old_us and self._bytes <= self._limits.capacity_bytes:
                return
            smaller = pack(without_values(unpack(oldest.data)))
            self._file.commit([Stored(oldest.number, oldest.items, oldest.taken_us, False, smaller)], [])
            self._bytes -= len(oldest.data) - len(smaller)
            self.shed += oldest.items
        while self._bytes > self._limits.capacity_bytes and (oldest := self._file.oldest(self._cursor, whole=False)):
            self._file.commit([], [oldest.number])
            self._bytes -= len(oldest.data)
            self._items -= oldest.items
            log.error("the journal is full of samples without values: %d of them are forgotten", oldest.items)


def now_us() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000
