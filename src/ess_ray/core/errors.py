"""Every error that ess_ray raises on purpose.

    EssRayError
    ├── Transient                the same call may succeed later: wait, reconnect, try again
    │   ├── DatabaseUnavailable  connection lost or refused, server starting or stopping, out of connections, deadlock
    │   │   └── OtherDatabase    the address leads to another database than the one that the samples belong to
    │   ├── JournalFailed        the journal's disk is full or reports an error
    │   ├── StoreUnavailable     the store of the exports cannot be reached or cannot serve now, or its disk is full
    │   └── StoreConflict        another exporter created, changed or deleted the object: read it again, then decide
    └── Terminal                 trying again cannot help: a person has to change something
        ├── ConfigError          a setting: names the key
        │   └── MapError         a register map: names the map, the line and the address
        ├── JournalBusy          another process has the journal open
        ├── DatabaseRefused      the database refused the statement (rights, wrong schema, a value that does not fit)
        ├── StoreRefused         the store refused the request (rights, credentials, no such bucket)
        ├── NotFound             a site, device or curve that was requested does not exist
        └── CannotStart          something that the job needs is missing on this machine

Adapters translate the errors of their library into these, once, with `raise … from`. The branch of a database error is
decided by its class or SQLSTATE, never by its message. All arguments go to `super().__init__`: exceptions are unpickled
by calling their class with `args`, so Ray could not return an error from an actor otherwise.
"""

from __future__ import annotations

from unicodedata import category


def printable(text: str) -> str:
    """The text on one line, as a terminal may be given it: what is not printable is escaped, as `\\x1b` or `\\n`.

    For all that others have written: a database, a store, a device, Ray, the operating system. An escape sequence of
    theirs could drive the terminal, and a line feed or a change of direction forge a line of ours.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or category(letter) == "Zs" else letter.encode("unicode_escape").decode()
        for letter in text
    )


def first_line(error: BaseException) -> str:
    """The first line of the error's text, or the name of its class if it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class EssRayError(Exception):
    """Base of all errors that ess_ray raises on purpose; `str(error)` is a message for the user.

    Each argument is a line of it, and holds nothing that is not `printable`, whoever has written it.
    """

    def __str__(self) -> str:
        return "\n".join(printable(str(argument)) for argument in self.args)


class Transient(EssRayError):
    """An error that may be gone later: the caller waits, reconnects and tries the same call again."""


class Terminal(EssRayError):
    """An error that stays until a person changes something: the caller reports it and does not try again."""


class DatabaseUnavailable(Transient):
    """The database cannot be reached or cannot serve now."""


class OtherDatabase(DatabaseUnavailable):
    """Another database answers at the address. Nothing was read or written there; the right one may be back later."""


class JournalFailed(Transient):
    """The journal's disk is full, or failed to write or to read."""


class StoreUnavailable(Transient):
    """The store of the exports cannot be reached or cannot serve now, or its disk is full."""


class StoreConflict(Transient):
    """The object in the store is not the one the caller has read: it was created, changed or deleted meanwhile.

    The caller reads the object again and decides anew, before any other attempt.
    """


class JournalBusy(Terminal):
    """Another process has the journal open."""


class ConfigError(Terminal):
    """A setting cannot be used. `key` is its name (`storage.dsn`), `problem` what is wrong and what was expected.

    `str(error)` is `KEY: PROBLEM`, and below it the `lines`, if there are any: what a person may paste into a file.
    """

    def __init__(self, key: str, problem: str, lines: tuple[str, ...] = ()) -> None:
        super().__init__(key, problem, *([lines] if lines else []))
        self.key = key
        self.problem = problem
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join(printable(line) for line in (f"{self.key}: {self.problem}", *self.lines))


class MapError(ConfigError):
    """A register map cannot be used. `key` is `map NAME, line N, address A`, as far as these are known."""


class DatabaseRefused(Terminal):
    """The database refused a statement, and would again. `problem` is the message for the user.

    `sqlstate`: PostgreSQL's five-character code of the error; empty if there is none.
    """

    def __init__(self, problem: str, sqlstate: str = "") -> None:
        super().__init__(problem, sqlstate)
        self.problem = problem
        self.sqlstate = sqlstate

    def __str__(self) -> str:
        return printable(self.problem)


class StoreRefused(Terminal):
    """The store of the exports refused a request, and would again. The message says what to do."""


class NotFound(Terminal):
    """A site, device or curve that was requested does not exist. The message names it."""


class CannotStart(Terminal):
    """Something that the job needs is missing on this machine. The message says what, and what to do."""
