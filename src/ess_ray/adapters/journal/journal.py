"""The poller's queue of samples and events on disk: in the file before they are offered, until the database has them.

What is put within a moment shares a transaction, with the acknowledgements of that moment. Fresh groups wait in memory;
those that are not taken soon are let go from memory and read back from the file: the backlog, offered behind the fresh
ones. Bounded by bytes and by age: then the oldest groups lose their values (`failed: journal_full`), and at last all.
Errors: `JournalBusy` and `JournalFailed` when opening; afterwards a disk that refuses or does not answer costs
durability, not samples (docs/decisions/012): groups are offered from memory, within a bound, `trouble` says so, and
what the database has not taken meanwhile is written once the disk takes it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from pathlib import Path
from threading import Thread

from ess_ray.adapters.journal.backlog import BacklogReader
from ess_ray.adapters.journal.bounds import BoundLosses, Bounds, Limits
from ess_ray.adapters.journal.file import JournalFile
from ess_ray.adapters.journal.lock import LOCK_WAIT_S
from ess_ray.adapters.journal.memory import STALL_S, JournalMemory, now_us
from ess_ray.adapters.journal.owner import JournalOwner
from ess_ray.adapters.local.logs import exit_process_on_crash
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.errors import JournalFailed
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Event, Sample
from ess_ray.core.storing.groups import Groups
from ess_ray.core.storing.stored import StoredGroup
from ess_ray.core.storing.taking import MOST_TAKEN_BYTES, Taken

GATHER_S = 0.02  # what ends within this moment shares a transaction
TROUBLE_PAUSE_S = 1.0  # between two tries of a disk that refuses
CLOSE_LIMIT_S = 5.0  # for a disk that does not answer


class Journal:
    """One open journal, between a poll loop and the one who pulls.

    An item on its way; `core.storing.groups.Groups` draws what a group goes through::

             put           add_group           _commit            take, acknowledge
        loop ───▶ pending ───────────▶ a group ───────▶ a fresh group ───────────▶ deleted by a later commit

    Threads, all of one process, which meet in `JournalMemory`:

    - the poll loop's puts, and is never kept waiting by the disk;
    - the puller's opens, waits, takes, acknowledges and closes; the disk keeps it waiting for READ_LIMIT_S at most;
    - the journal's own, "journal", writes: it alone uses the file's writing connection and the bounds. If it dies of a
      defect the process ends, and Ray starts the actor again;
    - "journal-read" reads the backlog for the puller: it alone uses the file's reading connection.
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
            self._memory = JournalMemory(Groups(last, items, earliest.oldest_us if earliest else 0))
            self._bounds = Bounds(self._file, limits)
        except BaseException:
            self._file.close()
            raise
        self._failure: str | None = None  # of the last commit
        self._values_dropped = 0  # by the file's bounds
        self._troubles = Troubles(__name__)  # of the journal's thread
        self._stalls = Troubles(__name__)  # of the puller's
        self._backlog = BacklogReader(self._file, path)
        self._thread = Thread(target=exit_process_on_crash(self._write_until_ended), name="journal", daemon=True)
        self._thread.start()

    def learn(self, recipes: Mapping[str, str]) -> None:
        """Keep recipes, by layout: each is on disk with its layout's first samples or before. Called before `put`."""
        self._memory.learn(recipes)

    def put(self, item: Sample | Event) -> None:
        """Keep an item; it is offered once it is on disk, or the disk has failed. Does not wait for the disk."""
        self._memory.put(item)

    def wait(self, timeout_s: float, all_in: Callable[[], bool]) -> None:
        """Wait, `timeout_s` seconds at most, for fresh groups, then until `all_in()` is true or nothing more comes.

        Returns at once if there is a backlog. `all_in` is called with a lock held, so it must not wait.
        """
        self._memory.wait(timeout_s, all_in)

    def take(self, fresh: int, backlog: int, set_aside: Set[str] = frozenset()) -> Taken:
        """Groups that were not taken yet: about `fresh` samples of fresh ones, then about `backlog` older ones.

        Of MOST_TAKEN_BYTES at most; groups are not split: it may be one more. Empty if nothing waits. Less the layouts
        `set_aside`, see `Taken.add`. What cannot be read is logged and stays there.
        """
        self._report_stall()
        taken = Taken()
        self._memory.take_fresh(fresh, taken, set_aside)
        most = taken.looked_at + backlog
        while not taken.has(most) and self._memory.has_backlog:
            span = self._memory.backlog()
            read = self._backlog.read(span, most - taken.looked_at, MOST_TAKEN_BYTES - taken.bytes)
            if read is None:
                break  # the next pull tries again
            for stored in self._memory.take_stored(span, read, most, taken, set_aside):
                self._backlog.damaged(stored)
        return taken

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """Note that the database has committed the batches and events with these numbers, which `take` gave.

        A group of which all are committed is deleted with the next transaction. Unknown numbers are passed over.
        """
        self._memory.acknowledge(numbers)

    def offer_again(self) -> None:
        """Let groups that were taken and not acknowledged be taken again, whole: whoever took them has lost them."""
        self._memory.offer_again()

    def __len__(self) -> int:
        """The number of samples and events that are in no group yet, or in one that is not acknowledged as a whole."""
        return len(self._memory)

    @property
    def all_taken(self) -> bool:
        """True if nothing is left to take before another item is put, or `offer_again`."""
        return self._memory.all_taken

    @property
    def only_passed_over(self) -> bool:
        """True if something waits, and all of it is of layouts that were set aside when it was to be taken."""
        return self._memory.only_passed_over

    def oldest_us(self) -> int | None:
        """The oldest tick, or time of an event, that is not acknowledged, in microseconds since 1970 UTC.

        None: nothing waits. It may be older than what waits (0 if the file cannot be read), never younger.
        """
        times_us, span = self._memory.waiting_us()
        return min(times_us + (self._backlog.oldest_us(span) if span else []), default=None)

    @property
    def bytes(self) -> int:
        """Bytes of the groups in the file, some of which may be acknowledged."""
        return self._bounds.bytes

    def bound(self, capacity_bytes: int) -> None:
        """Have so many bytes at most from now on: above them the oldest groups lose their values, at last all."""
        self._bounds.capacity_bytes = capacity_bytes

    @property
    def trouble(self) -> str | None:
        """The reason why the disk does not take what is written, now; None if it does."""
        return f"its disk has not answered for more than {STALL_S:g} s" if self._memory.stalled else self._failure

    @property
    def values_dropped(self) -> int:
        """Samples that lost their values to the bounds of file and memory since the journal was opened."""
        return self._values_dropped + self._memory.values_dropped

    def close(self) -> None:
        """Write what is pending, wait for that, and close the file; an empty one is deleted.

        What a disk in trouble does not take then is lost. The poll loop has ended before. Raises JournalFailed, also if
        the disk does not answer: the file stays open then, and what of it is not written is lost.
        """
        self._memory.end()
        self._thread.join(CLOSE_LIMIT_S)
        while self._thread.is_alive() and not self._memory.stalled:  # there may be much to write
            self._thread.join(0.1)
        if self._thread.is_alive() or not self._backlog.close(CLOSE_LIMIT_S):
            raise JournalFailed(f"journal {self._path}: not closed, its disk does not answer")
        if len(self) or self._file.extent()[1]:  # a damaged group is not counted any more, and stays
            self._file.close()
        else:
            self._file.remove()

    def _report_stall(self) -> None:
        if self._memory.stalled:
            text = f"the journal {self._path} is not written, its samples are offered from memory: {self.trouble}"
            self._stalls.met("stall", text, about("journal not written", reason="no answer"), logging.ERROR)
        else:
            self._stalls.over("stall", f"the disk of the journal {self._path} answers again", about("journal back"))

    # --- the journal's thread: writing --------------------------------------------------------------------------------

    def _write_until_ended(self) -> None:
        while True:
            ended = self._memory.wait_for_work()
            if not ended:
                time.sleep(GATHER_S)
            self._write()
            if ended and (self._failure or not self._memory.to_write):
                return
            if self._failure:
                time.sleep(TROUBLE_PAUSE_S)

    def _write(self) -> None:
        """Commit what is pending, with what the last commits did not take and what was acknowledged; then offer it."""
        self._memory.add_group()
        while self._failure and self._memory.pending:  # a try a second has to keep up
            self._memory.add_group()
        if not self._failure:
            self._memory.add_reduced()
        to_write, deleted, recipes = self._memory.begin_commit()
        written, lost = False, BoundLosses()
        try:
            self._file.commit(to_write, deleted, recipes)
            written = True
            self._keep_bounds(to_write, lost)
            self._failure = None
            self._troubles.over("write", "the journal is written again", about("journal back"))
        except Exception as error:  # noqa: BLE001  # the thread goes on; a defect is logged with its trace
            self._write_failed(error)
        self._values_dropped += lost.values_dropped
        self._memory.end_commit(written, lost.values_dropped, lost.forgotten)

    def _keep_bounds(self, added: Sequence[StoredGroup], lost: BoundLosses) -> None:
        after, withheld, in_memory = self._memory.in_memory()
        self._bounds.keep(after, withheld, in_memory, sum(len(stored.data) for stored in added), now_us(), lost)

    def _write_failed(self, error: Exception) -> None:
        if self._failure is None:
            text = f"the journal is not written, samples wait in memory: {error}"
            fields, defect = about("journal not written", error=error), not isinstance(error, JournalFailed)
            self._troubles.met("write", text, fields, logging.ERROR, trace=defect)
        self._failure = str(error)
