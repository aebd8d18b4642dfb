"""The keeper of a node: hands out what its journals hold that no poller has open. Used in a cluster, one a node.

A node that was away comes back with the journals of pollers that live elsewhere by now; a poller that Ray has moved
leaves one behind. To the conductor a keeper is a poller without devices. It drains one journal after the other where
it is; an empty one is deleted, and one that holds nothing but what is set aside stays until `ready` is called again.
The lock of a journal tells whether somebody has it: no list of names is needed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ess_ray.actors.poller import JournalSettings, Poller, Pulled, Ready
from ess_ray.actors.process import begin_process
from ess_ray.adapters.journal.memory import now_us
from ess_ray.adapters.journal.owner import SUFFIX
from ess_ray.adapters.local.logs import LogFile, log_to
from ess_ray.core.errors import JournalBusy, JournalFailed

LOOK_S = 2.0  # between two looks at the folder


class Keeper:
    """Drains journals that have no poller."""

    def __init__(self, journal: JournalSettings, log: LogFile | None = None) -> None:
        """`journal` says where this node's journals are; it is not opened itself."""
        self._settings = journal
        self._log = log
        self._draining: Poller | None = None
        self._path = Path()  # of the journal that is drained
        self._unreadable_ns: dict[Path, int] = {}  # journals of which a part cannot be read: when each was last written
        self._next_look_s = 0.0

    def ready(self) -> Ready:
        """Begin the log; gives the process that runs this, and nothing waiting: journals are opened by `pull`.

        Called again: the caller has lost what was pulled of the journal that is drained, and is given it again; the
        reply has that journal's recipes.
        """
        log_to(self._log)
        self._unreadable_ns.clear()  # what was refused is perhaps accepted now
        drained, process = self._draining and self._draining.ready(), begin_process()
        return Ready(process, drained.notes, drained.recipes, 0) if drained else Ready(process, (), {}, 0)

    def pull(
        self,
        committed: Sequence[int],
        fresh: int,
        backlog: int,
        wait_s: float = 0.0,  # noqa: ARG002
        set_aside: Set[str] = frozenset(),
        journal_bytes: int | None = None,
    ) -> Pulled:
        """Acknowledge what the database has committed and take some of what waits, as a poller does; nothing is polled.

        `wait_s` is ignored: there are no polls to wait for. Notes and recipes come with the first pull of a journal.
        Looks for the next journal every LOOK_S at most; an empty Pulled if there is none. A journal that is in use, or
        whose disk refuses, is passed over. Once one is drained it is closed.
        """
        opened = self._open_next() if self._draining is None else None
        if self._draining is None:
            return Pulled((), (), 0, (), (), 0, 0, None, busy=False, watermark_us=now_us())
        pulled = self._draining.pull(committed, fresh, backlog, set_aside=set_aside, journal_bytes=journal_bytes)
        if not pulled.waiting or pulled.only_set_aside:  # the others shall not wait for what is refused
            self.close()
            if self._path.exists():
                self._unreadable_ns[self._path] = _written_ns(self._path)
            self._next_look_s = 0.0
        return pulled if opened is None else replace(pulled, notes=opened.notes, recipes=opened.recipes)

    def close(self) -> None:
        """Close the journal that is being drained; an empty one is deleted."""
        if self._draining:
            self._draining.close()
            self._draining = None

    def _open_next(self) -> Ready | None:
        """Open the next journal that nobody has; None if there is none, or the last look was a moment ago."""
        if time.monotonic() < self._next_look_s:
            return None
        self._next_look_s = time.monotonic() + LOOK_S
        for path in sorted(self._settings.folder.glob(f"*{SUFFIX}")):
            if self._unreadable_ns.get(path) == _written_ns(path):
                continue
            poller = Poller(replace(self._settings, path=str(path), state_dir="", wait_s=0.0))
            try:
                ready = poller.ready()
            except (JournalBusy, JournalFailed):
                continue  # its poller has it; or its disk refuses, which the next look may find otherwise
            self._draining, self._path = poller, path
            host, waiting = ready.process.host, ready.waiting
            journal = f"the journal of {_shown(path)} on {host}"
            note = f"{journal} is not in use by a poller: its {waiting} samples are sent to the database"
            return replace(ready, notes=(*ready.notes, note) if ready.waiting else ready.notes)
        return None


def _written_ns(path: Path) -> int:
    """When a journal was last written, in nanoseconds since 1970 UTC; SQLite writes the WAL first."""
    written = 0
    for file in (path, Path(f"{path}-wal")):
        with suppress(FileNotFoundError):
            written = max(written, file.stat().st_mtime_ns)
    return written


def _shown(path: Path) -> str:
    """The name of a journal as site/device."""
    return path.stem.replace("__", "/")
