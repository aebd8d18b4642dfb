"""The database for commands beside the main job: the one of the settings, or the embedded one, started if need be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.adapters.postgres.schema import Prepared, prepare
from ess_ray.app.output import print_line
from ess_ray.core.errors import CannotStart
from ess_ray.core.maps.standard import Standard
from ess_ray.core.settings import Settings, StorageSettings

MISSING = "run the main job first, or job=restore with restore.run=true to fill a new one"


@contextmanager
def serving(settings: Settings, *, create: bool = False) -> Iterator[str]:
    """The DSN of a database that is up for this block: if embedded, that of the job at work, or started until its end.

    `create`: make the embedded database if there is none. Does not connect to a server of the settings. Raises
    CannotStart if no job has made the embedded database yet, or if its server does not start.
    """
    if settings.storage.kind != "embedded":
        yield settings.storage.dsn
        return
    folder = settings.state_dir / "postgresql"
    if not create and not folder.is_dir():
        raise CannotStart(f"there is no embedded database in {settings.state_dir}: {MISSING}")
    server = EmbeddedPostgres(folder)
    if running := server.running_dsn():
        yield running
        return
    with server:
        yield server.dsn


def prepare_for(
    storage: StorageSettings, dsn: str, standard: Standard, identity: str = "", *, beside_writers: bool = False
) -> Prepared:
    """`adapters.postgres.schema.prepare` with the times of these settings; raises what that raises."""
    return prepare(
        dsn,
        standard,
        chunk_interval=timedelta(microseconds=storage.chunk_us),
        compress_after=timedelta(microseconds=storage.compress_after_us),
        identity=identity,
        beside_writers=beside_writers,
    )


def prepare_tables(settings: Settings, dsn: str) -> Prepared:
    """Make the tables that are missing, as the main job does at its start, and print what a person should know of it.

    Raises the errors of `adapters.postgres.schema.prepare`.
    """
    prepared = prepare_for(settings.storage, dsn, settings.standard)
    for note in prepared.notes:
        print_line(note)
    return prepared
