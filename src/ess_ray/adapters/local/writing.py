"""Lines for a disk, a terminal or a pipe that may stop taking them: written by a thread, so that nobody has to wait.

A disk hangs, a person holds a terminal with Ctrl-S, the reader of a pipe stands still. Whoever collects goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import Empty, Full, Queue
from threading import Event, Thread

MOST_WAITING = 10_000  # pieces; further ones are dropped, as on a full disk
MOMENT_S = 0.2  # a piece is usually written by then, and is not lost if the process ends in the next moment
LAST_S = 2.0  # at the end, for all pieces that wait


class WritingThread:
    """Writes pieces in the order in which they come.

    `put` waits for a piece, MOMENT_S at most; once that was not enough (`_late`) it does not wait until all is written.
    """

    def __init__(self, name: str, most: int = MOST_WAITING) -> None:
        """`name`: of the thread, which starts with the first piece; `most`: pieces that may wait."""
        self._waiting: Queue[tuple[Callable[[], None], Event]] = Queue(most)
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._late = False
        self.dropped = 0  # pieces for which there was no room

    def put(self, write: Callable[[], None]) -> None:
        """Have a piece written by `write`, which must raise nothing."""
        written = Event()
        try:
            self._waiting.put_nowait((write, written))
        except Full:
            self.dropped += 1
            return
        if not self._thread.ident:
            self._thread.start()
        if not self._late and not written.wait(MOMENT_S):
            self._late = True

    def finish(self, limit_s: float = LAST_S) -> None:
        """Wait until everything is written, at most `limit_s`."""
        if self._thread.ident:
            written = Event()
            try:
                self._waiting.put_nowait((lambda: None, written))
            except Full:
                return
            written.wait(limit_s)

    def _run(self) -> None:
        while True:
            try:
                write, written = self._waiting.get_nowait()
            except Empty:
                self._late = False
                write, written = self._waiting.get()
            write()
            written.set()


class UnhurriedHandler(logging.Handler):
    """Hands the records of a log to another handler in a thread: a disk that hangs costs lines, and nobody's time."""

    def __init__(self, handler: logging.Handler) -> None:
        super().__init__()
        self._handler = handler
        self._thread = WritingThread("log")

    def emit(self, record: logging.LogRecord) -> None:
        """Have the record written; its arguments are put into its message now, since they may change."""
        record.msg, record.args = record.getMessage(), None

        def write() -> None:
            self._handler.handle(record)

        self._thread.put(write)

    def close(self) -> None:
        """Wait a moment for what is not written yet, and close the file."""
        self._thread.finish()
        self._handler.close()
        super().close()
