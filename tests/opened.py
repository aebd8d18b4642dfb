"""The database of a run as the main job has it once its first attempt to prepare it has ended."""

from __future__ import annotations

import time

from ess_ray.core.settings import Settings
from ess_ray.jobs.collect.database import Database


def opened(settings: Settings, dsn: str) -> Database:
    """The database, prepared, or away with its problem."""
    database = Database(settings, dsn)
    database.begin()
    database.identify()
    deadline_s = time.monotonic() + 30
    while not (database.prepared or database.problem):
        database.check()
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    return database
