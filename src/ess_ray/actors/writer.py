"""The writer: flushes in, answers out. One at a time; its errors are those of `adapters.timescale`."""

from __future__ import annotations

from ess_ray.adapters.timescale import FlushWriter
from ess_ray.core.flush import Committed, Flush


class Writer:
    """A plain class for an actor: making one cannot fail, the connection is opened by the first write."""

    def __init__(self, dsn: str) -> None:
        self._database = FlushWriter(dsn)

    def ready(self) -> None:
        """The process is up."""

    def write(self, flush: Flush) -> Committed:
        """Commit a flush; safe to call again with the same flush after any error."""
        return self._database.write(flush)

    def close(self) -> None:
        """Give the connection back."""
        self._database.close()
