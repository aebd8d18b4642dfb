"""Connections to PostgreSQL and the one place where its errors become ours.

Whether an error is `DatabaseUnavailable` or `DatabaseRefused` is decided by its SQLSTATE (PostgreSQL manual,
appendix A). An error without one never got as far as a statement: libpq hands on no SQLSTATE for a connection that
could not be made, so that a wrong password also reads as unavailable, with the server's words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import conninfo

from ess_ray.core.errors import ConfigError, DatabaseRefused, DatabaseUnavailable

TRANSIENT_CLASSES = ("08", "40", "53")  # connection, rollback (deadlock), resources (memory, disk, connections)
TRANSIENT_STATES = {
    "25006",  # read-only: a standby that is about to be promoted, or a primary that was demoted
    "55P03",  # lock not available
    "57014",  # our own time limit
    "57P01", "57P02", "57P03", "57P05",  # shut down, crashed, cannot connect now, session idle for too long
}  # fmt: skip
MALFORMED = "08P01"  # of the class "connection", yet what a field of the wrong length in COPY's data gives

# What the user's DSN does not set itself. A lost peer is noticed within half a minute and not after the kernel's two
# hours (keepalives) or quarter of an hour (data that nobody acknowledges).
DEFAULTS = {
    "application_name": "ess_ray",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def connect(dsn: str) -> psycopg.Connection:
    """A new connection, not in autocommit. Raises psycopg's errors, but `ConfigError` for a DSN that is none."""
    try:
        given = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # its text quotes from the DSN, where a password may stand: not chained
        raise ConfigError(
            "storage.dsn", "not a PostgreSQL connection string; expected postgresql://user@host/database or key=value"
        ) from None
    return psycopg.connect(
        conninfo.make_conninfo(dsn, **{key: DEFAULTS[key] for key in DEFAULTS.keys() - given.keys()})
    )


def utc(time_us: int) -> datetime:
    """A time of ours as the driver wants it."""
    return EPOCH + timedelta(microseconds=time_us)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn psycopg's errors of the block into ours; `doing` begins the message."""
    try:
        yield
    except psycopg.Error as error:
        problem = f"{doing}: {_words(error)}"
        if is_transient(error):
            raise DatabaseUnavailable(problem) from error
        raise DatabaseRefused(problem, error.sqlstate or "") from error


def is_transient(error: psycopg.Error) -> bool:
    """Whether the same statement may succeed later."""
    if error.sqlstate is None:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    if error.sqlstate == MALFORMED:
        return False
    return error.sqlstate.startswith(TRANSIENT_CLASSES) or error.sqlstate in TRANSIENT_STATES


def _words(error: psycopg.Error) -> str:
    diag = error.diag
    words = [diag.message_primary or str(error), diag.message_detail, diag.message_hint, diag.context]
    return "; ".join(word for word in words if word)
