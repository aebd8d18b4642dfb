"""The database as the main job's start sees it: prepared, or away and then prepared as soon as it is back.

A collector that is started while its database is away polls into its journals. For that it must know which database
they belong to: the identity of each database that was ever prepared is remembered in the state folder.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from datetime import timedelta
from threading import Lock, Thread

from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.postgres.connect import place_of
from ess_ray.adapters.postgres.devices import Configured, register_devices
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.errors import DatabaseUnavailable, EssRayError
from ess_ray.core.exporting.objects import delivered_by
from ess_ray.core.running.logfields import about
from ess_ray.core.settings import Settings

log = logging.getLogger(__name__)
troubles = Troubles(__name__)

RETRY_S = 5.0


class Database:
    """The database of a run."""

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._settings = settings
        self._dsn = dsn
        self._remembered = settings.state_dir / "databases.json"
        self._to_register: list[tuple[Settings, int]] = []  # oldest first
        self._registering = Lock()
        self._sites: set[str] = set()  # of this run
        self.identity = ""
        self.name = ""  # what it is, for a person
        self.notes: tuple[str, ...] = ()
        self.prepared = False
        self.problem: str | None = None

    def open(self) -> None:
        """Prepare the database. Away, but known from before: it is prepared in the background when it is back.

        Raises DatabaseUnavailable for one that was never seen, ConfigError for tables that do not fit.
        """
        try:
            self._prepare()
        except DatabaseUnavailable as error:
            known = self._known().get(self._place)
            if known is None:
                raise
            self.identity, self.name = known["identity"], known["name"]
            self.problem = str(error)
            self.notes = (f"the database is away, samples wait in the journals: {error}",)
            Thread(target=self._prepare_later, name="prepare", daemon=True).start()

    def register_from(self, settings: Settings, first_us: int) -> None:
        """Enter into the table `device` what is configured from this tick on; later, if the database is away."""
        with self._registering:
            self._to_register.append((settings, first_us))
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
            self._dsn,
            self._settings.standard,
            chunk_interval=timedelta(microseconds=storage.chunk_us),
            compress_after=timedelta(microseconds=storage.compress_after_us),
        )
        kind = "embedded " if storage.kind == "embedded" else ""
        self.name = f"{kind}{prepared.server}, database {prepared.database}"
        self.identity, self.notes = prepared.identity, prepared.notes
        self._remember()
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
        while self._to_register:
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
            while self._to_register:
                settings, first_us = self._to_register[0]
                gone = self._sites - set(settings.timezones)
                register_devices(self._dsn, _configured(settings), first_us, gone)
                self._sites |= set(settings.timezones)
                del self._to_register[0]
        troubles.over("register", "the devices are registered", about("devices registered"))

    @property
    def _place(self) -> str:
        """Where the database is, as a short name without secrets."""
        return hashlib.sha256(place_of(self._dsn).encode()).hexdigest()[:16]

    def _known(self) -> dict[str, dict[str, str]]:
        try:
            known: dict[str, dict[str, str]] = json.loads(self._remembered.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known

    def _remember(self) -> None:
        known = self._known() | {self._place: {"identity": self.identity, "name": self.name}}
        fresh = self._remembered.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(known, indent=2), encoding="utf-8")
            fresh.replace(self._remembered)
        except OSError as error:  # it is needed at a start without the database only
            text = f"{self._remembered} is not written: a start while the database is away would fail: {error}"
            troubles.met("remember", text, about("database not remembered", error=error))


def _configured(settings: Settings) -> list[Configured]:
    delivers = {name: delivered_by(one) for name, one in settings.maps.items()}
    return [
        Configured(
            device=device.device,
            map=device.map_name,
            map_hash=settings.maps[device.map_name].map_hash,
            period_s=device.period_us / 1e6,
            phase_s=device.phase_us / 1e6,
            delivers=delivers[device.map_name],
        )
        for device in settings.devices
    ]
