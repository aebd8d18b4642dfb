"""The watcher's page: serves what it is told, and keeps it in the state folder for `job=status`.

Making one does nothing; the server begins with the first status. Whatever goes wrong is an answer in words: the run
does not depend on it.
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
from ess_ray.core.maps.standard import load_standard
from ess_ray.core.running.logfields import about
from ess_ray.core.running.status import FILE, Status
from ess_ray.core.settings import PageSettings

if TYPE_CHECKING:
    from ess_ray.adapters.page.answers import Answers

troubles = Troubles(__name__)

KEEP_EVERY_S = 2.0
NONE = "none (page.port=null)"


class Page:
    """`late_us`: as `storage.late_s`."""

    def __init__(
        self, settings: PageSettings, dsn: str, standard_tree: Mapping[str, object], late_us: int, state_dir: Path
    ) -> None:
        self._settings = settings
        self._dsn = dsn
        self._standard_tree = dict(standard_tree)
        self._late_us = late_us
        self._file = state_dir / FILE
        self._keep_at_s = 0.0
        self._answers: Answers | None = None
        self._where = NONE

    def show(self, status: Status) -> str:
        """Show this from now on; gives where, or why there is nothing to see."""
        if self._answers is None and self._settings.port is not None:
            self._start(self._settings.port)
        if self._answers:
            self._answers.status = status
        if time.monotonic() >= self._keep_at_s:
            self._keep_at_s = time.monotonic() + KEEP_EVERY_S
            self._keep(status)
        return self._where

    def _start(self, port: int) -> None:
        from ess_ray.adapters.page.answers import Answers
        from ess_ray.adapters.page.server import PageServer

        self._answers = answers = Answers(self._dsn, load_standard(self._standard_tree), self._late_us)
        slow = {name: getattr(answers, name) for name in ("devices", "device", "events", "day")}
        try:
            self._where = PageServer(self._settings.host, port, answers.run, slow).start()
        except (EssRayError, OSError) as error:
            self._where = f"none: {error}"

    def _keep(self, status: Status) -> None:
        try:
            write_private(self._file, json.dumps(status.tree()))
        except OSError as error:
            troubles.met("keep", f"{self._file} is not written: {error}", about("page not kept", error=error))
