"""The database of a run at its start: prepared, or away and then prepared in the background as soon as it is back.

A collector that is started while its database is away polls into its journals. For that it must know which database
they belong to, so the identity of each database that was ever prepared is kept in `databases.json` in the state folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from datetime import timedelta
from threading import Lock, Thread
from typing import Any

from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.postgres.connect import location
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.errors import DatabaseUnavailable, EssRayError
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings
from ess_ray.jobs.collect.registrations import Registrations

log = logging.getLogger(__name__)
troubles = Troubles(__name__)

RETRY_S = 5.0

# {hash of the host, port and database name: {"identity": …, "name": …, "sites": [registered by the last run]}}
Identities = dict[str, dict[str, Any]]


class Database:
    """Opened once by the driver's main thread; `register_from` may be called at any time after.

        open() ─▶ prepared                                          `prepared`, `problem` is None
        open() ─▶ away, prepared before ──(thread, every 5 s)──▶ prepared     until then `problem` says why it is not

    `identity` is fixed by `open`: of the database that was prepared, or that was prepared before at this address. From
    then on another one that answers there counts as away.

    Registrations are made in order, oldest first, those that earlier runs have left before: by the main thread, or by a
    thread that repeats them until the database takes them. The attributes without underscore may be read by any thread.
    """

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._settings = settings
        self.dsn = dsn
        self._identities_file = settings.state_dir / "databases.json"
        self._registrations = Registrations(settings)
        self._registering = Lock()
        self._sites: set[str] = set()  # registered by this run, or by the one before
        self.identity = ""
        self.name = ""  # server and database, for a person
        self.notes: tuple[str, ...] = ()  # sentences for a person, as of the start
        self.prepared = False
        self.problem: str | None = None

    def open(self) -> None:
        """Prepare the database; if it is away and was prepared by an earlier run, in the background once it is back.

        Raises DatabaseUnavailable if it is away and was never prepared, ConfigError if its tables do not fit,
        DatabaseRefused if the role lacks rights.
        """
        remembered = self._identities().get(self._location_hash)
        try:
            self._prepare()
        except DatabaseUnavailable as error:
            if remembered is None:
                raise
            self.identity, self.name = remembered["identity"], remembered["name"]
            self._registrations.opened(self.identity)
            self.problem = str(error)
            self.notes = (f"the database cannot be reached, samples wait in the journals until it is back: {error}",)
            Thread(target=self._prepare_later, name="prepare", daemon=True).start()
        else:
            before = remembered["identity"] if remembered else self.identity
            if before != self.identity:
                text = f"the database is another one than at the last start: its identity is {self.identity}, not"
                self.notes += (f"{text} {before} (docs/operating.md, A database that was replaced)",)

    def register_from(self, settings: Settings, first_us: int) -> None:
        """Enter the devices into the table `device` as configured from this tick on, microseconds since 1970 UTC.

        Waits for the database; if it is away, or not prepared yet, a thread does it later. Raises DatabaseRefused if
        the database does not take them.
        """
        self._registrations.append(settings, first_us, {})
        if not self.prepared:
            return
        try:
            self._register()
        except DatabaseUnavailable as error:
            self._not_registered(error)
            Thread(target=self._register_later, name="register", daemon=True).start()

    def _prepare(self) -> None:
        storage = self._settings.storage
        prepared = prepare(
            self.dsn,
            self._settings.standard,
            chunk_interval=timedelta(microseconds=storage.chunk_us),
            compress_after=timedelta(microseconds=storage.compress_after_us),
            identity=self.identity,
        )
        kind = "embedded " if storage.kind == "embedded" else ""
        self.name = f"{kind}{prepared.server}, database {prepared.database}"
        self.identity, self.notes = prepared.identity, prepared.notes
        if prepared.schema.steps:
            text = f"schema of the database: {prepared.schema}; an older ess_ray refuses it from now on"
            log.info(text, extra=about("schema changed"))
            self.notes += (text,)
        for remembered in self._identities().values():
            if remembered["identity"] == self.identity:
                self._sites |= set(remembered.get("sites", ()))
        self._remember()
        self._registrations.opened(self.identity)
        self._register()
        self.problem, self.prepared = None, True
        troubles.over("prepare", "the database is prepared", about("database back"))

    def _prepare_later(self) -> None:
        while not self.prepared:
            time.sleep(RETRY_S)
            try:
                self._prepare()
            except EssRayError as error:
                self.problem = str(error)
                text = f"the database is not prepared yet: {error}"
                troubles.met("prepare", text, about("database away", error=error))

    def _register_later(self) -> None:
        while self._registrations.pending:
            time.sleep(RETRY_S)
            try:
                self._register()
            except EssRayError as error:
                self._not_registered(error)

    @staticmethod
    def _not_registered(error: EssRayError) -> None:
        text = f"the devices are not registered yet: {error}"
        troubles.met("register", text, about("devices not registered", error=error))

    def _register(self) -> None:
        with self._registering:
            while (sites := self._registrations.enter(self.dsn, self._sites)) is not None:
                self._sites = sites
                self._remember()
        troubles.over("register", "the devices are registered", about("devices registered"))

    @property
    def _location_hash(self) -> str:
        """Host, port and name of the database as a short key without secrets."""
        return hashlib.sha256(location(self.dsn).encode()).hexdigest()[:16]

    def _identities(self) -> Identities:
        try:
            identities: Identities = json.loads(self._identities_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return identities

    def _remember(self) -> None:
        now = {"identity": self.identity, "name": self.name, "sites": sorted(self._sites)}
        identities = self._identities() | {self._location_hash: now}
        new_file = self._identities_file.with_suffix(".new")
        try:
            new_file.write_text(json.dumps(identities, indent=2), encoding="utf-8")
            new_file.replace(self._identities_file)
        except OSError as error:  # the file is needed only by a start while the database is away
            text = f"{self._identities_file} is not written: a start while the database is away would fail: {error}"
            troubles.met("remember", text, about("database not remembered", error=error))
