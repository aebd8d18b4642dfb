"""A database that is there: the one named in the settings, or the embedded one, started for a while if need be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.core.errors import CannotStart
from ess_ray.core.settings import Settings


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The DSN of a database that is there; the embedded one is that of the job at work, or started for this block."""
    if settings.storage.kind != "embedded":
        yield settings.storage.dsn
        return
    folder = settings.state_dir / "postgresql"
    if not folder.is_dir():
        raise CannotStart(f"there is no embedded database in {settings.state_dir}: run the main job first")
    server = EmbeddedPostgres(folder)
    if running := server.running_dsn():
        yield running
        return
    with server:
        yield server.dsn
