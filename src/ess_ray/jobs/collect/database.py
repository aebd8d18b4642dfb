"""The database of a run: prepared by a thread, beside everything else that starts; and its table `device`.

A collector polls into its journals until the database is ready: at a restart it waits neither for an embedded server
that recovers, nor for one that is away. For that it must know which database the journals belong to, so the identity of
each database that was ever prepared is kept in `databases.json` in the state folder.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Event, Lock, Thread

from ess_ray.adapters.local.background import Background
from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.postgres.schema import Known, look
from ess_ray.app.serving import prepare_for
from ess_ray.core.errors import DatabaseUnavailable, EssRayError, OtherDatabase
from ess_ray.core.maps.standard import Standard
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings
from ess_ray.jobs.collect.known_databases import KnownDatabases
from ess_ray.jobs.collect.registrations import Registrations

log = logging.getLogger(__name__)
troubles, register_troubles, server_troubles = (Troubles(__name__) for _ in range(3))  # each of one thread

RETRY_S = 5.0
SOON_S = 0.3
DOUBT_S = 60.0
ANSWER_S = 0.5  # for a database that was prepared before: polling does not wait longer
WAIT_S = 0.02


class Database:
    """Begun once by the driver's main thread and then identified; `register_from` may be called by it after that.

        begin() ─▶ (thread) ─▶ prepared                                       `prepared`, `problem` is None
                            ─▶ refused: `check` raises why
                            ─▶ away, prepared before ──(every 5 s)──▶ prepared     until then `problem` says why not

    `identity` and `name` are fixed once `identify` has returned: of the database that answers, or, if none does in
    time, that was prepared before at this address. From then on another one that answers there counts as away.

    Configurations are kept on disk and entered in order, oldest first, those that earlier runs have left before: by
    threads, the latter again and again until the database takes them, or with the preparing. The main thread never
    waits for them: its rounds would stand still, and with them all plants. The attributes without underscore may be
    read by any thread.
    """

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._settings = settings
        self.dsn = dsn
        self._before = KnownDatabases(settings.state_dir, dsn)
        self._registrations = Registrations(settings)
        self._keeping = Background("configured")
        self._kept: Future[None] | None = None  # the configuration that came last
        self._registering = Lock()
        self._register_thread: Thread | None = None
        self._registration_wanted = Event()
        self._comparison_wanted = False  # what the database had of the configurations, it may have lost
        self._unregistered = False  # a registration has failed, and was not made since
        self._notes: SimpleQueue[str] = SimpleQueue()
        self._sites: set[str] = set()  # registered by this run, or by the one before
        self._deciding = Lock()  # which database it is
        self._answered = False  # by a database, in time: it is that one
        self._decided = Event()
        self._refused: Exception | None = None
        self.identity = ""
        self.name = ""  # server and database, for a person
        self.prepared = False
        self.problem: str | None = None
        self.server_problem: str | None = None  # of the embedded server: why it is not there now

    def begin(self, wait_started: Callable[[], None] = lambda: None) -> None:
        """Begin to prepare the database, without waiting.

        `wait_started` waits until its server is ready, or raises CannotStart.
        """
        Thread(target=self._open, args=[wait_started], name="database", daemon=True).start()

    def identify(self) -> None:
        """Wait until it is known which database it is.

        One that was prepared before and does not answer soon is taken to be there still, unless another one has
        answered in its place. Raises what `check` raises.
        """
        limit_s = DOUBT_S if self._before.in_doubt else ANSWER_S
        if not self._decided.wait(limit_s if self._before.identity else None):
            with self._deciding:
                if not self._answered and not self._decided.is_set():
                    self.problem = "the database has not answered since the start"
                    self._take_before("the database does not answer yet, samples wait in the journals until it does")
            self._decided.wait()
        self.check()

    def check_soon(self) -> None:
        """As `check`, and if it was never prepared wait a moment for its first answer: most mistakes show by then."""
        if self._before.identity is None:
            self._decided.wait(SOON_S)
        self.check()

    def check(self) -> None:
        """Raise why the run cannot go on with this database, if that has shown; to be called each round.

        DatabaseUnavailable if it is away and was never prepared, ConfigError if its tables do not fit, DatabaseRefused
        if the role lacks rights, CannotStart if the embedded server does not start.
        """
        if self._refused:
            raise self._refused

    def extend(self, standard: Standard) -> None:
        """Add the tables and columns that it lacks of this standard, while it stores rows; waits until it has them.

        Called by the thread of a reload. Raises DatabaseUnavailable, also if it was not prepared yet or a table is in
        use for too long, ConfigError if its tables do not fit, DatabaseRefused if the role lacks rights.
        """
        if not self.prepared:
            raise DatabaseUnavailable(f"new columns need the database, which is not prepared yet: {self.problem}")
        prepare_for(self._settings.storage, self.dsn, standard, self.identity, beside_writers=True)

    def register_from(self, settings: Settings, first_us: int, changed_us: Mapping[Device, int] | None = None) -> None:
        """Enter the devices into the table `device` as configured from this tick on, microseconds since 1970 UTC.

        `changed_us`: devices whose configuration changes at a moment of their own.

        Does not wait: threads write it to the disk, and to the database once that takes it. What goes wrong is in the
        log and the notes.
        """
        if self._register_thread is None:
            self._register_thread = Thread(target=self._keep_registering, name="register", daemon=True)
            self._register_thread.start()
        self._kept = self._keeping.submit(lambda: self._keep(settings, first_us, changed_us or {}))

    def returned(self) -> None:
        """The database is back after it was away: what an older copy of it lacks of the table `device` is entered."""
        self._comparison_wanted = True
        self._registration_wanted.set()

    def _keep(self, settings: Settings, first_us: int, changed_us: Mapping[Device, int]) -> None:
        """In the thread `configured`: on disk first, whatever the database does."""
        try:
            self._registrations.append(settings, first_us, changed_us)
        except Exception:
            log.exception("the configuration is not registered", extra=about("defect"))
        self._registration_wanted.set()

    def report_server(self, problem: str | None) -> None:
        """Note, in the thread that keeps the embedded server up, why it is not there; None: it is there again."""
        if problem:
            server_troubles.met("server", problem, about("database ended"), logging.ERROR)
            if self.server_problem is None:
                self._notes.put(f"{problem}; samples wait in the journals")
        else:
            text = "the embedded PostgreSQL is there again"
            server_troubles.over("server", text, about("database back"))
            self._notes.put(text)
        self.server_problem = problem

    def wait_registered(self, limit_s: float) -> bool:
        """True once the database has all registrations; waits for it, `limit_s` at most, if it is prepared.

        In any case for the disk to have them.
        """
        deadline_s = time.monotonic() + limit_s
        while time.monotonic() < deadline_s:
            kept = self._kept is None or self._kept.done()
            if kept and not (self.prepared and self._registrations.pending):
                break
            time.sleep(WAIT_S)
        return not self._registrations.pending

    def take_notes(self) -> list[str]:
        """Sentences for a person, each given once."""
        notes = []
        while not self._notes.empty():
            notes.append(self._notes.get())
        return notes

    def _open(self, wait_started: Callable[[], None]) -> None:
        """In the thread `database`: until it is prepared, or refused."""
        try:
            wait_started()
            self._prepare_first()
        except DatabaseUnavailable as error:
            if isinstance(error, OtherDatabase):
                self._before.doubt()
            with self._deciding:
                if not self.identity and self._before.identity is None:
                    self._refused = error
                    return
                self.problem = str(error)
                if not self.identity:
                    text = "the database cannot be reached, samples wait in the journals until it is back"
                    self._take_before(f"{text}: {error}")
        except Exception as error:  # noqa: BLE001  # `check` raises it, a defect too
            self._refused = error
            return
        finally:
            self._decided.set()
        self._prepare_later()

    def _prepare_first(self) -> None:
        known = look(self.dsn)
        with self._deciding:
            self._answered = not self.identity
            if self._answered and known and known.identity == self._before.identity:
                self._take(known.identity, self._name(known))
        self._prepare()
        if self._before.identity not in (None, self.identity):
            text = f"the database is another one than at the last start: its identity is {self.identity}, not"
            self._notes.put(f"{text} {self._before.identity} (docs/outages.md, A database that was replaced)")

    def _take_before(self, note: str) -> None:
        """It is the database that was prepared before, which is not there; `note` says so."""
        assert self._before.identity is not None
        self._notes.put(note)
        self._take(self._before.identity, self._before.name or "")

    def _take(self, identity: str, name: str) -> None:
        """From now on it is this database."""
        self.identity, self.name = identity, name
        self._registrations.opened(identity)
        self._decided.set()

    def _name(self, known: Known) -> str:
        kind = "embedded " if self._settings.storage.kind == "embedded" else ""
        return f"{kind}{known.server}, database {known.database}"

    def _prepare(self) -> None:
        prepared = prepare_for(self._settings.storage, self.dsn, self._settings.standard, self.identity)
        for note in prepared.notes:
            self._notes.put(note)
        if prepared.schema.steps:
            text = f"schema of the database: {prepared.schema}; an older ess_ray refuses it from now on"
            log.info(text, extra=about("schema changed"))
            self._notes.put(text)
        self._take(prepared.identity, self._name(prepared))
        self._sites |= self._before.sites(self.identity)
        self._before.remember(self.identity, self.name, self._sites)
        self._comparison_wanted = True
        self._register()
        self.problem, self.prepared = None, True
        self._registration_wanted.set()  # one may have come meanwhile
        troubles.over("prepare", "the database is prepared", about("database back"))

    def _prepare_later(self) -> None:
        while not self.prepared:
            time.sleep(RETRY_S)
            try:
                self._prepare()
            except Exception as error:  # noqa: BLE001  # it is logged, with its trace if it is a defect
                if isinstance(error, OtherDatabase):
                    self._before.doubt()
                self.problem = str(error)
                text, defect = f"the database is not prepared yet: {error}", not isinstance(error, EssRayError)
                troubles.met("prepare", text, about("database away", error=error), trace=defect)

    def _keep_registering(self) -> None:
        """In the thread `register`, which an error of any kind does not end."""
        while self._registration_wanted.wait():
            self._registration_wanted.clear()
            while (self._comparison_wanted or self._registrations.pending) and self.prepared:
                try:
                    self._register()
                except Exception as error:  # noqa: BLE001  # it is logged, with its trace if it is a defect
                    self._not_registered(error)
                    time.sleep(RETRY_S)

    def _not_registered(self, error: Exception) -> None:
        text = f"the table device may lack what is configured now, collecting goes on: {error}"
        fields = about("devices not registered", error=error)
        with self._registering:
            register_troubles.met("register", text, fields, trace=not isinstance(error, EssRayError))
            if not self._unregistered:
                self._notes.put(f"{text}; it is tried again")
            self._unregistered = True

    def _register(self) -> None:
        with self._registering:
            if self._comparison_wanted:
                self._comparison_wanted = False
                try:
                    self._registrations.compare(self.dsn)
                except BaseException:
                    self._comparison_wanted = True
                    raise
            while (sites := self._registrations.enter(self.dsn, self._sites)) is not None:
                self._sites = sites
                self._before.remember(self.identity, self.name, sites)
            if self._unregistered:
                self._unregistered = False
                self._notes.put("the table device has what is configured")
            register_troubles.over("register", "the table device has what is configured", about("devices registered"))
