"""Every error that ess_ray raises on purpose.

    EssRayError
    ├── Transient                the same call may succeed later: wait, reconnect, try again
    │   ├── DatabaseUnavailable  connection lost or refused, server starting or stopping, out of connections, deadlock
    │   ├── JournalFailed        the journal's disk is full or refuses
    │   ├── StoreUnavailable     the store of the exports cannot be reached or cannot serve now, or its disk is full
    │   └── StoreConflict        somebody else made, changed or deleted the object meanwhile: look again, decide again
    └── Terminal                 trying again cannot help: a person has to change something
        ├── ConfigError          a setting: names the key
        │   └── MapError         a register map: names the map, the line and the address
        ├── JournalBusy          another process has the journal
        ├── DatabaseRefused      the database understood and said no (rights, wrong schema, a value that does not fit)
        ├── StoreRefused         the store understood and said no (rights, credentials, no such bucket)
        ├── NotThere             a site, device or curve that somebody asks for is none of ours
        └── CannotStart          this machine lacks something that the job needs

Which branch a database error belongs to is decided by class or SQLSTATE, never by message text. All arguments go to
`super().__init__`, or Ray could not bring an error back from an actor.
"""


class EssRayError(Exception):
    """Base of the tree."""


class Transient(EssRayError):
    """The same call may succeed later."""


class Terminal(EssRayError):
    """Trying again cannot help."""


class DatabaseUnavailable(Transient):
    """The database cannot be reached or cannot serve now."""


class JournalFailed(Transient):
    """The disk does not take what the journal writes, or does not give it back."""


class StoreUnavailable(Transient):
    """The store of the exports cannot be reached or cannot serve now."""


class StoreConflict(Transient):
    """The object is not what the caller has seen: somebody else made, changed or deleted it."""


class JournalBusy(Terminal):
    """Another process has the journal."""


class ConfigError(Terminal):
    """A setting cannot be used: `key` names it, `problem` says what was expected."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(key, problem)
        self.key = key
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.key}: {self.problem}"


class MapError(ConfigError):
    """A register map cannot be used; `key` reads `map NAME, line N, address A` as far as each is known."""


class DatabaseRefused(Terminal):
    """The database refused for good: `sqlstate` is its five-character code, empty if it has none."""

    def __init__(self, problem: str, sqlstate: str = "") -> None:
        super().__init__(problem, sqlstate)
        self.problem = problem
        self.sqlstate = sqlstate

    def __str__(self) -> str:
        return self.problem


class StoreRefused(Terminal):
    """The store refused for good; the text says what to do."""


class NotThere(Terminal):
    """What is asked for does not exist; the text names it."""


class CannotStart(Terminal):
    """This machine lacks something that the job needs."""
