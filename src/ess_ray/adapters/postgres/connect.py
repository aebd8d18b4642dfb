"""Connections to PostgreSQL, and the translation of its errors into ours: no other module looks at an SQLSTATE for it.

Decided by SQLSTATE (PostgreSQL manual, appendix A, "PostgreSQL Error Codes"):

    unavailable    08 connection (but 08P01)   40 deadlock, serialization   53 memory, disk, connections, limits
                   58 the server's system      25006 read-only              55P03 lock not available
                   57014 our own time limit    57P01, 57P02, 57P03, 57P05 shut down, crashed, starting, idle too long
    about a row    22 value (but 22P04)        23 constraint                44 check option of a view
                   P0 raised by a trigger      54000 row or index entry too big
                   08P01 a field of the wrong length in COPY
    refused        any other: rights (42501), table or column missing or of another type (42P01, 42703, 42804), database
                   dropped (57P04), COPY bytes that are no rows (22P04), a partition missing (23514), corruption (XX) …

An error about a row is a refusal too: `adapters.postgres.writer` looks for the row where it can be looked for. An error
without SQLSTATE is a connection that broke, stayed silent or could not be made: unavailable, with the server's message.
libpq hands on no SQLSTATE for the latter, so that a wrong password or a missing database also reads as unavailable;
only a password that the server wanted and nobody gave can be recognised, and is a refusal.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import conninfo

from ess_ray.core.day import EPOCH
from ess_ray.core.errors import ConfigError, DatabaseRefused, DatabaseUnavailable, OtherDatabase, printable

if TYPE_CHECKING:
    from psycopg.abc import RV, PQGen

TRANSIENT_CLASSES = ("08", "40", "53", "58")
TRANSIENT_STATES = {"25006", "55P03", "57014", "57P01", "57P02", "57P03", "57P05"}
ROW_CLASSES = ("22", "23", "44", "P0")
ROW_STATES = {"54000", "08P01"}
NOT_ROWS = "22P04"
CHECK_VIOLATION = "23514"
IDENTITY = "SELECT id FROM database_identity"

# libpq's parameters (PostgreSQL manual, "Parameter Key Words") that the user's DSN does not set itself. A lost peer is
# noticed within half a minute and not after the kernel's two hours (keepalives) or quarter of an hour (data that nobody
# acknowledges).
DEFAULTS = {
    "application_name": "ess_ray",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

# What a session must not take from the defaults of database, role, environment or DSN: the form of times, intervals,
# floats, arrays, names and texts on their way, the isolation, and that a commit is on disk when it is answered (remote
# ones are stronger). Not pinned: search_path, which may say where the tables are; default_transaction_read_only and
# time limits, by which an administrator stops writers; row_security. PostgreSQL manual, "Client Connection Defaults".
PINNED = {
    "client_encoding": "UTF8",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "default_transaction_isolation": "read committed",
    "synchronous_commit": "on",
}
_VALUES = ", ".join(f"('{name}', '{value}')" for name, value in PINNED.items())
PIN = f"""
SELECT set_config(name, wanted, false) FROM (VALUES {_VALUES}) AS pinned (name, wanted)
WHERE current_setting(name, true) <> wanted AND current_setting(name, true) NOT LIKE 'remote_%'"""


class DatabaseConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that gives up a server which stays silent: a hung proxy between them answers TCP's keepalives.

    `answer_limit_s` (None or 0: no limit) holds for each answer once connected. After it the connection is closed and
    psycopg.OperationalError raised, without SQLSTATE: transient, see `is_transient`.

    A connection that expects an identity reads and writes in no other database: what is true of one must not get into
    another that answers at the same address.
    """

    _identity = ""  # that the database must have; empty: any
    _address = ""
    answer_limit_s: float | None = None  # for one answer, or for taking one buffer of COPY's; None: no limit

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        """psycopg's own `wait`, with the limit of the class: every exchange with the server goes through it."""
        return super().wait(self._limited(gen), *args, **kwargs)

    def begin_session(self, identity: str, address: str) -> None:
        """Pin the settings of the session, and expect the database with this identity, "" for any.

        To be called first of all, in no transaction. `address` is for the message. Raises OtherDatabase if the database
        is another one, or psycopg's errors.
        """
        self._identity, self._address = identity, address
        self.autocommit = True
        self.execute(PIN)
        if identity:
            try:
                row = self.execute(IDENTITY).fetchone()
            except psycopg.errors.UndefinedTable:
                row = None
            self.check_identity(row[0] if row else None)
        self.autocommit = False

    @property
    def encoding(self) -> str:
        """The encoding of the database, as PostgreSQL calls it: UTF8, LATIN1."""
        return self.info.parameter_status("server_encoding") or "UTF8"

    @property
    def holds_every_text(self) -> bool:
        """True if a text of any letters can be stored: a database in SQL_ASCII keeps the bytes as they are."""
        return self.encoding in {"UTF8", "SQL_ASCII"}

    def storable(self, text: str) -> str:
        """The text; if the database cannot hold every letter, those that are not ASCII become `\\u…`."""
        return text if self.holds_every_text else text.encode("ascii", "backslashreplace").decode()

    def check_identity(self, answered: str | None) -> None:
        """Raise OtherDatabase unless this identity, None if there is none, is the one that is expected, if any is."""
        if self._identity not in ("", answered):
            other = f"the one with the identity {answered}" if answered else "one that ess_ray has never used"
            raise OtherDatabase(
                f"another database answers at {self._address}: expected the one with the identity {self._identity}, "
                f"and {other} answered; nothing is written there (docs/outages.md, A database that was replaced)"
            )

    def _limited(self, gen: PQGen[RV]) -> PQGen[RV]:
        begin_s = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted  # nothing is ready: psycopg looks in ten times a second
                if not ready and self.answer_limit_s and time.monotonic() - begin_s > self.answer_limit_s:
                    self.close()  # or a rollback would wait as long once more
                    raise psycopg.OperationalError(f"no answer from the server for {self.answer_limit_s:g} s")
                wanted = gen.send(ready)
        except StopIteration as end:
            value: RV = end.value
            return value


def check_dsn(key: str, dsn: str) -> Mapping[str, Any]:
    """The parameters that a DSN gives, by libpq's names (`host`, `dbname`); those that it leaves out are not there.

    Raises ConfigError, under the configuration key `key`, for a text that is no DSN or gives no parameter. Its message
    quotes nothing.
    """
    try:
        given = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:  # its text quotes from the DSN, where a password may stand: not chained
        given = {}
    if not given or not all(port.isdecimal() for port in str(given.get("port") or "0").split(",") if port):
        raise ConfigError(
            key, "not a PostgreSQL connection string; expected postgresql://user@host:port/database or key=value"
        )
    return given


def connect(dsn: str, answer_limit_s: float | None = None, identity: str = "") -> DatabaseConnection:
    """A new connection, not in autocommit, with the settings PINNED. `answer_limit_s`: see `DatabaseConnection`.

    `identity`: of the database that is expected (`schema.Prepared.identity`), "" for any. Blocks up to 10 s for each
    address of the host, unless the DSN sets `connect_timeout`. Raises ConfigError, for `storage.dsn`, if the text is no
    DSN, OtherDatabase if another database answers than the one expected, otherwise psycopg's errors (see `translated`).
    """
    given = check_dsn("storage.dsn", dsn)
    defaults = {key: DEFAULTS[key] for key in DEFAULTS.keys() - given.keys()}
    # No prepared statements: behind a pooler each transaction may have another server connection.
    words = conninfo.make_conninfo(dsn, **defaults, client_encoding=PINNED["client_encoding"])
    connection = DatabaseConnection.connect(words, prepare_threshold=None)
    connection.answer_limit_s = answer_limit_s
    try:
        connection.begin_session(identity, location(dsn) or "its address")
    except BaseException:
        connection.close()
        raise
    return connection


def location(dsn: str) -> str:
    """The parts of a DSN that stay when user or password change: `host=db port=5433 dbname=ess`.

    Parts that the DSN leaves out are left out here too; "" if it has none of them. The DSN was checked by `check_dsn`.
    """
    parts = conninfo.conninfo_to_dict(dsn)
    return " ".join(f"{key}={parts[key]}" for key in ("service", "host", "hostaddr", "port", "dbname") if key in parts)


def utc(time_us: int) -> datetime:
    """The moment `time_us`, microseconds since 1970 UTC: exact, with the time zone UTC as a `timestamptz` needs it."""
    return EPOCH + timedelta(microseconds=time_us)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise psycopg's errors of the block as DatabaseUnavailable or DatabaseRefused; others pass as they are.

    The message is `doing`, a colon and the server's message; psycopg's error is the cause.
    """
    try:
        yield
    except psycopg.Error as error:
        problem = f"{doing}: {server_message(error)}"
        if is_transient(error):
            raise DatabaseUnavailable(problem) from error
        raise DatabaseRefused(problem, error.sqlstate or "") from error


def is_transient(error: psycopg.Error) -> bool:
    """True if the same statement may succeed later: `unavailable` in the module's table, or a connection that broke."""
    if error.sqlstate is None:
        needs_password = error.pgconn is not None and error.pgconn.needs_password
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and not needs_password
    if concerns_row(error):
        return False
    return error.sqlstate.startswith(TRANSIENT_CLASSES) or error.sqlstate in TRANSIENT_STATES


def concerns_row(error: psycopg.Error) -> bool:
    """True if a row is at fault (`about a row` in the module's table), so that all others can be stored without it."""
    state = error.sqlstate or ""
    if state == CHECK_VIOLATION and error.diag.table_name and not error.diag.constraint_name:
        return False  # a partition is missing
    return state != NOT_ROWS and (state.startswith(ROW_CLASSES) or state in ROW_STATES)


def server_message(error: psycopg.Error) -> str:
    """Message, detail, hint and context as the server gave them, on one line, escaped where they are not printable."""
    diag = error.diag
    parts = [diag.message_primary or str(error), diag.message_detail, diag.message_hint, diag.context]
    lines = (line.strip() for part in parts if part for line in part.split("\n"))  # libpq has a line for each server
    return "; ".join(printable(line) for line in lines if line)
