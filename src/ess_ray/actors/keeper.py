"""The keeper of a node: hands out what its journals hold that no poller has open. Used in a cluster, one a node.

A node that was away comes back with the journals of pollers that live elsewhere by now; a poller that Ray has moved
leaves one behind. To the conductor a keeper is a poller without devices. It drains one journal after the other where
it is; an empty one is deleted. The lock of a journal tells whether somebody has it: no list of names is needed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ess_ray.actors.poller import JournalSettings, Poller, Pulled, Ready
from ess_ray.actors.process import begin_process
from ess_ray.adapters.journal.belonging import SUFFIX
from ess_ray.adapters.journal.journal import now_us
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
        self._left: dict[Path, int] = {}  # journals that keep something that cannot be read, and their age
        self._look_s = 0.0

    def ready(self) -> Ready:
        """Where it runs. Asked again: whoever asks has lost what was pulled, and is given it again."""
        log_to(self._log)
        drained, process = self._draining and self._draining.ready(), begin_process()
        return Ready(process, drained.notes, drained.recipes, 0) if drained else Ready(process, (), {}, 0)

    def pull(self, committed: Sequence[int], fresh: int, backlog: int, wait_s: float = 0.0) -> Pulled:  # noqa: ARG002
        """As a poller's: acknowledge what the database has committed, take some of what waits. There are no polls."""
        found = self._find() if self._draining is None else None
        if self._draining is None:
            return Pulled((), (), 0, (), (), 0, 0, None, busy=False, watermark_us=now_us())
        pulled = self._draining.pull(committed, fresh, backlog)
        if not pulled.waiting:
            self.close()
            if self._path.exists():
                self._left[self._path] = _written_ns(self._path)
            self._look_s = 0.0
        return pulled if found is None else replace(pulled, notes=found.notes, recipes=found.recipes)

    def close(self) -> None:
        """Close the journal that is being drained; an empty one is deleted."""
        if self._draining:
            self._draining.close()
            self._draining = None

    def _find(self) -> Ready | None:
        """Open the next journal that nobody has."""
        if time.monotonic() < self._look_s:
            return None
        self._look_s = time.monotonic() + LOOK_S
        for path in sorted(self._settings.folder.glob(f"*{SUFFIX}")):
            if self._left.get(path) == _written_ns(path):
                continue
            poller = Poller(replace(self._settings, path=str(path), state_dir="", wait_s=0.0))
            try:
                ready = poller.ready()
            except (JournalBusy, JournalFailed):
                continue  # its poller has it; or its disk refuses, which the next look may find otherwise
            self._draining, self._path = poller, path
            host, waiting = ready.process.host, ready.waiting
            told = f"journal {_shown(path)} on {host} has no poller: its {waiting} samples are stored"
            return replace(ready, notes=(*ready.notes, told) if ready.waiting else ready.notes)
        return None


def _written_ns(path: Path) -> int:
    """When a journal was last written; a WAL is written first."""
    written = 0
    for file in (path, Path(f"{path}-wal")):
        with suppress(FileNotFoundError):
            written = max(written, file.stat().st_mtime_ns)
    return written


def _shown(path: Path) -> str:
    return path.stem.replace("__", "/")
