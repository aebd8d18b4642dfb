"""The page of the watcher: shows each status it is given, and writes it to the state folder for `job=status`.

Creating a `Page` starts nothing; the server starts with the first status. A failure is returned as text, never raised:
the run does not depend on the page.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.local.private_file import write_private
from ess_ray.core.errors import EssRayError
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.standard import Standard, load_standard
from ess_ray.core.running.logfields import about
from ess_ray.core.running.status import FILE, RunStatus
from ess_ray.core.settings import PageSettings

if TYPE_CHECKING:
    from ess_ray.adapters.page.data import PageData

troubles = Troubles(__name__)

WRITE_EVERY_S = 2.0
NONE = "none (page.port=null)"
NO_TABLES: Mapping[str, object] = {"tables": {}}


class Page:
    """The page and the status file of one run.

    `standard_tree`: the chosen data standard as the configuration has it; `late_us`: `storage.late_s` in microseconds;
    `state_dir`: the folder of the status file, FILE; `identity`: of the database, "" for any.
    """

    def __init__(
        self,
        settings: PageSettings,
        dsn: str,
        standard_tree: Mapping[str, object],
        late_us: int,
        state_dir: Path,
        identity: str = "",
    ) -> None:
        self._settings = settings
        self._dsn, self._identity = dsn, identity
        self._standard_tree, self._own_tree = dict(standard_tree), NO_TABLES
        self._late_us = late_us
        self._file = state_dir / FILE
        self._write_at_s = 0.0  # by the monotonic clock
        self._data: PageData | None = None
        self._tried = False  # to start the server
        self._url = NONE

    def show(self, status: RunStatus, own_tree: Mapping[str, object] = NO_TABLES) -> str:
        """Show this status from now on, and columns of the user's own (a standard's tree).

        Returns the page's URL, or why there is none: a text that begins with "none".

        The first call starts the server, and only that one tries. Writes the status file every WRITE_EVERY_S at most; a
        file that cannot be written is reported to the log.
        """
        if not self._tried and self._settings.port is not None:
            self._tried = True
            self._start(self._settings.port)
        if self._data:
            self._data.status = status
            if own_tree != self._own_tree:
                self._own_tree = own_tree
                self._data.standard = self._standard()
        if time.monotonic() >= self._write_at_s:
            self._write_at_s = time.monotonic() + WRITE_EVERY_S
            self._write(status)
        return self._url

    def _start(self, port: int) -> None:
        from ess_ray.adapters.page.data import PageData
        from ess_ray.adapters.page.server import PageServer

        try:
            data = PageData(self._dsn, self._standard(), self._late_us, self._identity)
            queries = {name: getattr(data, name) for name in ("devices", "device", "events", "day")}
            self._data = data
            self._url = PageServer(self._settings.host, port, data.run, queries).start()
        except (EssRayError, OSError) as error:
            self._url = f"none: {error}"

    def _standard(self) -> Standard:
        standard = load_standard(self._standard_tree)
        return merged(standard, [load_standard(self._own_tree, "own", standard).tables])

    def _write(self, status: RunStatus) -> None:
        try:
            write_private(self._file, json.dumps(status.tree()))
        except OSError as error:
            text = f"{self._file} cannot be written, so job=status shows an old status: {error}"
            troubles.met("keep", text, about("page not kept", error=error))
