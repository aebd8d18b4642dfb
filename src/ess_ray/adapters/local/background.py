"""Work that may have to wait for a disk or a name server, for a thread that must not: done in another, its end polled.

The driver's rounds are such a thread: while they stand still nothing is pulled, and no process that hangs is found.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Background:
    """One thread that does what it is given, in order. It does not keep the process alive, however long its work hangs.

    The queue has no bound of its own: whoever gives work again and again waits for `Future.done` before.
    """

    def __init__(self, name: str) -> None:
        """`name`: of the thread, which starts with the first work."""
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def submit(self, work: Callable[[], Result]) -> Future[Result]:
        """Have `work` done; returns at once. The future has its result, or what it raised."""
        future: Future[Result] = Future()

        def do() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001  # it is raised by `result()`
                future.set_exception(error)

        self._queue.put(do)
        if not self._thread.ident:
            self._thread.start()
        return future

    def _run(self) -> None:
        while True:
            self._queue.get()()


class LatestResult(Generic[Result]):
    """The latest result of a question to the disk, asked again with each look. One question at a time."""

    def __init__(self, name: str, question: Callable[[], Result]) -> None:
        """`name`: of the thread. An OSError of `question` counts as no result."""
        self._thread, self._question = Background(name), question
        self._asking: Future[Result] | None = None
        self._latest: Result | None = None

    def latest(self) -> Result | None:
        """The newest result there is, as of an earlier look if the disk has not answered; None: none yet, or an error.

        Returns at once. Raises what the question raised, unless that is an OSError.
        """
        if self._asking is None or self._asking.done():
            if self._asking:
                try:
                    self._latest = self._asking.result()
                except OSError:
                    self._latest = None
            self._asking = self._thread.submit(self._question)
        return self._latest
