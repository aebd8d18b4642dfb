"""The configurations that the table `device` has to know: kept on disk until it does, so that no restart forgets them.

Used by `jobs.collect.database`. A configuration is on disk before anything that it configures is polled, and stays
there until the database has committed it: what was polled while the database was away, in this run or in earlier ones,
is expected by the configuration that held then.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock

from ess_ray.adapters.journal.owner import journal_folder, journal_owner
from ess_ray.adapters.local.configured_file import FILE, read_record, write_record
from ess_ray.adapters.local.notices import Troubles
from ess_ray.adapters.postgres.devices import collector_name, count_unknown, register_devices
from ess_ray.core.exporting.objects import delivered_by
from ess_ray.core.maps.recorded_rates import recorded
from ess_ray.core.running.configured import ConfigurationRecord, Configured, ConfiguredFleet
from ess_ray.core.running.logfields import about
from ess_ray.core.samples import Device
from ess_ray.core.settings import Settings


class Registrations:
    """Configurations for one database: `opened` once its identity is known, then `append` and `enter`, by any thread.

    `_record` is what is on disk, if the disk takes it. `enter` may wait for the database, and keeps no other call
    waiting meanwhile but another `enter`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder: Path | None = None
        self._identity = ""
        self._record = ConfigurationRecord()
        self._changing, self._entering = Lock(), Lock()
        self._troubles = Troubles(__name__)

    def opened(self, identity: str) -> None:
        """The database has this identity: take up what earlier runs have left for it. Again: nothing happens."""
        with self._changing:
            if self._folder is None:
                settings, self._identity = self._settings, identity
                self._folder = journal_folder(settings.state_dir, journal_owner(settings.simulated, identity))
                self._record = self._read(self._folder).begun(collector_name(settings.state_dir))

    def append(self, settings: Settings, first_us: int, changed_us: Mapping[Device, int]) -> None:
        """Keep on disk that these devices are configured from `first_us` on, some from a moment of their own."""
        with self._changing:
            self._keep(self._record.appended(ConfiguredFleet(first_us, configured(settings), changed_us)))

    @property
    def pending(self) -> bool:
        """True if there are configurations that the database does not have."""
        return bool(self._record.pending)

    def enter(self, dsn: str, earlier_sites: Iterable[str]) -> set[str] | None:
        """Enter the oldest pending configuration; gives the names of its sites, None if nothing is pending.

        `earlier_sites`: that this collector had before. Raises DatabaseUnavailable, DatabaseRefused: it is still
        pending then.
        """
        with self._entering:
            record = self._record
            if not record.pending:
                return None
            configuration = record.pending[0]
            gone = set(earlier_sites) - configuration.sites
            register_devices(
                dsn,
                configuration.devices,
                configuration.first_us,
                gone,
                record.collectors,
                configuration.changed_us,
                self._identity,
            )
            with self._changing:
                self._keep(self._record.entered())
            return configuration.sites

    def compare(self, dsn: str) -> None:
        """What the database has lost of the configurations that it had is pending again: it may be an older copy.

        Raises DatabaseUnavailable, DatabaseRefused.
        """
        with self._entering:
            unknown = count_unknown(dsn, self._record.changes(), self._identity)
            if unknown:
                with self._changing:
                    self._keep(self._record.taken_back(unknown))

    def _read(self, folder: Path) -> ConfigurationRecord:
        try:
            return read_record(folder)
        except (OSError, ValueError) as error:  # not worth a start
            text = (
                f"{folder / FILE} cannot be read, so that the table device may lack what was configured while the "
                f"database was away: {error}"
            )
            self._troubles.met("read", text, about("configuration not read", error=error), logging.ERROR)
            return ConfigurationRecord()

    def _keep(self, record: ConfigurationRecord) -> None:
        self._record = record
        assert self._folder is not None
        try:
            write_record(self._folder, record)
        except OSError as error:
            text = (
                f"{self._folder / FILE} is not written: a restart before the devices are registered would forget "
                f"what is configured now: {error}"
            )
            self._troubles.met("keep", text, about("configuration not kept", error=error))
        else:
            self._troubles.over("keep", f"{self._folder / FILE} is written again", about("configuration kept"))


def configured(settings: Settings) -> tuple[Configured, ...]:
    """The devices of these settings, in order of their names."""
    delivers = {name: delivered_by(each) | recorded(each) for name, each in settings.maps.items()}
    devices = (
        Configured(
            device=device.device,
            map=device.map_name,
            map_hash=settings.maps[device.map_name].map_hash,
            period_s=device.period_us / 1e6,
            phase_s=device.phase_us / 1e6,
            delivers=delivers[device.map_name],
            timezone=settings.timezones[device.device.site],
        )
        for device in settings.devices
    )
    return tuple(sorted(devices, key=lambda each: (each.device.site, each.device.device)))
