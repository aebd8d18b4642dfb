"""The writer of a run, an actor: commits flushes and events, one call at a time. Called by `cluster.shipping`.

Errors: `DatabaseUnavailable`, `DatabaseRefused`, see `adapters.postgres.writer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ess_ray.actors.process import ProcessInfo, begin_process
from ess_ray.adapters.local.logs import LogFile, log_to
from ess_ray.adapters.postgres.writer import FlushWriter
from ess_ray.core.samples import Event
from ess_ray.core.storing.flush import Committed, Flush


class Writer:
    """A plain class for an actor: making one cannot fail, the connection is opened by the first write.

    `rejected_dir` gets the rows that not even the table `rejected` takes; `collector` is the name that samples carry,
    `identity` that of the database, "" for any.
    """

    def __init__(
        self,
        dsn: str,
        rejected_dir: Path | None = None,
        collector: str = "",
        log: LogFile | None = None,
        identity: str = "",
    ) -> None:
        self._log = log
        self._database = FlushWriter(dsn, rejected_dir, collector, identity=identity)

    def ready(self) -> ProcessInfo:
        """Begin the log and settle the process (`process.begin_process`); gives the process. Does not connect."""
        log_to(self._log)
        return begin_process()

    def write(self, flush: Flush) -> Committed:
        """Commit a flush, less the samples that the database has already; safe to call again with it after any error.

        Raises DatabaseUnavailable if the same flush may succeed later, DatabaseRefused if it will not.
        """
        return self._database.write(flush)

    def write_together(self, flushes: Sequence[Flush]) -> list[Committed]:
        """Commit flushes, in one transaction if nothing is in the way, else as `write` would, one after the other.

        A result for each. Raises as `write` does; some of them may be stored then, and it is safe to call again.
        """
        return self._database.write_together(flushes)

    def write_events(self, events: Sequence[Event]) -> None:
        """Commit events, less those that are there already; raises as `write` does, and is as safe to call again."""
        self._database.write_events(events)

    def close(self) -> None:
        """Close the connection; the next write opens a new one."""
        self._database.close()
