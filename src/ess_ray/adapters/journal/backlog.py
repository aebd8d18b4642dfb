"""Reads the backlog out of a journal's file, for a puller that a disk without an answer must not keep waiting.

A thread of its own reads, "journal-read"; whoever asks waits READ_LIMIT_S for it, once for each read that hangs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from ess_ray.adapters.journal.file import JournalFile
from ess_ray.adapters.journal.sqlite import is_corrupt
from ess_ray.adapters.local.notices import Troubles
from ess_ray.core.errors import JournalFailed
from ess_ray.core.running.logfields import about
from ess_ray.core.storing.stored import BacklogSpan, StoredGroup
from ess_ray.core.storing.taking import MOST_TAKEN_BYTES

READ_LIMIT_S = 2.0


class BacklogReader:
    """The only user of a file's reading connection, once the journal is open. Called by the puller's thread."""

    def __init__(self, file: JournalFile, path: Path) -> None:
        """`path`: of the journal, for messages."""
        self._file, self._path = file, path
        self._reads: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._last: Future[list[StoredGroup]] | None = None
        self._troubles = Troubles(__name__)
        self._thread = Thread(target=self._read_until_ended, name="journal-read", daemon=True)
        self._thread.start()

    def read(self, span: BacklogSpan, samples: int, size: int) -> list[StoredGroup] | None:
        """The next groups of a span, of about so many samples and bytes; none: it has been read, or can never be.

        None: the disk refuses or does not answer now. Both are logged.
        """
        try:
            stored_groups = self._read(span, samples, size)
        except JournalFailed as error:
            text = f"a part of the journal cannot be read, and stays in the file: {error}"
            self._troubles.met("read", text, about("journal not read", error=error), logging.ERROR)
            return [] if is_corrupt(error.__cause__) else None  # what is behind a corrupt part shall not wait
        self._troubles.over("read", "the journal is read again", about("journal read"))
        return stored_groups

    def oldest_us(self, span: BacklogSpan) -> list[int]:
        """The oldest tick, or time of an event, of a span's first group, since 1970 UTC; 0 if it cannot be read now."""
        try:
            return [stored.oldest_us for stored in self._read(span, 1, 1)]
        except JournalFailed:
            return [0]

    def damaged(self, stored: StoredGroup) -> None:
        """Log that a group cannot be decoded."""
        text = (
            f"the journal {self._path} is damaged: {stored.items} samples and events in group {stored.number} "
            "cannot be read, and stay in the file"
        )
        self._troubles.met("damaged", text, about("journal damaged", count=stored.items), logging.ERROR)

    def close(self, limit_s: float) -> bool:
        """End the thread; False if the disk does not let it end within so many seconds."""
        self._reads.put(None)
        self._thread.join(limit_s)
        return not self._thread.is_alive()

    def _read(self, span: BacklogSpan, samples: int, size: int) -> list[StoredGroup]:
        waited_s = 0.0 if self._last and not self._last.done() else READ_LIMIT_S
        if waited_s:
            future = self._last = Future()

            def read() -> None:
                try:
                    future.set_result(self._file.read(span, samples, min(size, MOST_TAKEN_BYTES)))
                except BaseException as error:  # noqa: BLE001  # it is raised where the result is awaited
                    future.set_exception(error)

            self._reads.put(read)
            try:
                return future.result(waited_s)
            except TimeoutError:
                pass
        raise JournalFailed(f"journal {self._path}: its disk does not answer")

    def _read_until_ended(self) -> None:
        while read := self._reads.get():
            read()
