"""The embedded server of a run: a thread starts it, starts it again when it has ended, and stops it.

It ends if it is killed by a person, or by Linux when memory is short. Samples stay in the journals meanwhile, and
writers connect again by themselves. A server whose child was killed starts that again on its own; this is for the end
of the server itself, which nobody else would notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.core.errors import CannotStart
from ess_ray.core.running.restarts import RestartPauses

LOOK_S = 0.2

Report = Callable[[str | None], None]


class Supervision:
    """A thread that starts a server and keeps it up for the block of a `with`; at the block's end it has stopped.

    `report` is called in the thread, with a sentence when the server has ended and with each later start that fails,
    and with None once it is ready again. The server belongs to the thread until the block ends.
    """

    def __init__(self, server: EmbeddedPostgres, report: Report) -> None:
        self._server, self._report = server, report
        self._pauses = RestartPauses()
        self._stopping, self._tried = Event(), Event()
        self._error: Exception | None = None  # of the first start
        self._thread = Thread(target=self._work, name="embedded-postgresql-supervision", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._stopping.set()
        self._thread.join()

    def wait_started(self) -> None:
        """Wait until the server is ready the first time; may be called by any thread.

        Raises CannotStart if it could not be started; it is not tried again then.
        """
        self._tried.wait()
        if self._error:
            raise self._error

    def _work(self) -> None:
        try:
            self._server.start(self._stopping.is_set)
        except Exception as error:  # noqa: BLE001  # also a defect: whoever waits raises it
            self._error = error
            return
        finally:
            self._tried.set()
        self._pauses.up(time.monotonic())
        try:
            self._watch()
        finally:
            self._server.stop()

    def _watch(self) -> None:
        while not self._stopping.wait(LOOK_S):
            if ended := self._server.ended:
                self._bring_up(f"the embedded PostgreSQL {ended}: it is started again")

    def _bring_up(self, text: str) -> None:
        """Start the server again and again, until it is ready or the block ends."""
        while True:
            self._report(text)
            if self._stopping.wait(self._pauses.before_start_s(time.monotonic())):
                return
            try:
                self._server.restart(self._stopping.is_set)
            except CannotStart as error:
                text = f"the embedded PostgreSQL cannot be started again, and is tried again: {error}"
                continue
            break
        self._pauses.up(time.monotonic())
        self._report(None)
