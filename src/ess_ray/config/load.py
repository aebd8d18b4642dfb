"""From the composed configuration to frozen `Settings`: checked once, before anything starts.

Every error is a ConfigError: one line with the key in front.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from ess_ray.config.cluster import cluster_settings
from ess_ray.config.compose import Composed
from ess_ray.config.device import check_hosts, check_tls, device_settings
from ess_ray.config.export import export_settings
from ess_ray.config.importing import import_settings
from ess_ray.config.jobs import find_job
from ess_ray.config.maps import DeviceMaps
from ess_ray.config.new import new_settings
from ess_ray.config.probe import probe_settings
from ess_ray.config.report import report_settings
from ess_ray.config.restore import restore_settings
from ess_ray.config.schema import Config
from ess_ray.config.storage import storage_settings
from ess_ray.config.values import check_groups, file_of, freeze
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.own_columns import own_columns
from ess_ray.core.settings import JournalLimits, PageSettings, Settings

PLAYED = "simulated"  # in the state folder: that of devices which are played although they have a host


def load_settings(composed: Composed, environment: Mapping[str, str]) -> Settings:
    """The settings of the job. Raises ConfigError for a value that cannot be used (MapError for a register map).

    `environment`: variables by name, as `config.storage.read_environment` gives them, where the DSN may be. Makes and
    changes no files. Simulated devices have no host yet: `simulator.launch.simulate` fills it in.
    """
    try:
        return _settings(composed, environment)
    except ConfigError as error:
        raise composed.own.located(error, composed.words) from None


def _settings(composed: Composed, environment: Mapping[str, str]) -> Settings:
    config = composed.config
    job = find_job(config.job)
    check_groups(config)
    has_no_site = job.devices == "one" and bool(config.probe.host)
    simulated = job.devices != "none" and config.source.kind == "simulated" and not has_no_site
    if not config.sites:
        raise ConfigError("site", "no site is chosen: set for example site=all")
    maps = DeviceMaps(config.maps, config.standard, [folder / "map" for folder in composed.folders], composed.standards)
    devices = device_settings(config, maps)
    standard = maps.standard()
    if job.devices == "all":  # a report reads the database only, also about devices that are gone
        check_hosts(config, simulated)
    probe = probe_settings(config, devices, simulated) if job.devices == "one" else None
    if not simulated and not config.cluster.address:  # in a cluster the files are those of the nodes
        check_tls(devices if job.devices == "all" else [probe.device] if probe and probe.device else [])
    state_dir = _state_dir(config)
    return freeze(
        Settings,
        config.run,  # and of it: duration, drain, summary, require_complete
        job=job.name,
        state_dir=state_dir,
        summary=_file("run.summary", config.run.summary),
        simulated=simulated,
        seed=config.source.seed,
        log_level=config.logging.level,
        timezones={name: _timezone(name, site.timezone) for name, site in config.sites.items()},
        devices=tuple(devices),
        maps=maps.maps,
        map_trees=maps.trees,
        standard=standard,
        standard_tree=config.standard,
        own=own_columns(standard),
        storage=storage_settings(config.storage, environment, simulated, job.database),
        journal=freeze(JournalLimits, config.journal, capacity_bytes=config.journal.max_mb << 20),
        cluster=cluster_settings(config, simulated),
        report=report_settings(_report_day(config), config.report),
        export=export_settings(config, state_dir, standard, job.name),
        restore=restore_settings(config, state_dir, standard) if job.name == "restore" else None,
        page=_page(config),
        adopt=_adopted(config, job.name),
        check_format=config.check.format,
        old_programs=file_of(config.upgrade.programs),
        probe=probe,
        importing=import_settings(config, composed.folders) if job.name == "import" else None,
        unchosen_sites=composed.unchosen,
        new=new_settings(config, composed.folders, composed.home) if job.name == "new" else None,
    )


def _report_day(config: Config) -> str:
    """The word `day`; of jobs for which it can be several days another, since there is no report."""
    return "yesterday" if config.job in ("export", "restore") else config.day


def _adopted(config: Config, job: str) -> str | None:
    if config.journals.adopt is not None and job != "journals":
        raise ConfigError("journals.adopt", "belongs to job=journals")
    return config.journals.adopt


def _page(config: Config) -> PageSettings:
    if not config.page.host:
        raise ConfigError("page.host", "expected a name or an address of this machine; page.port=null: no page")
    return freeze(PageSettings, config.page)


def _state_dir(config: Config) -> Path:
    """The state folder; of devices that are played although they are real one of its own, so that nothing is mixed."""
    folder = file_of(config.state_dir)
    if folder is None:
        raise ConfigError("state_dir", "expected a folder; it is made if it is not there")
    if not config.source.ignore_hosts:
        return folder
    if config.source.kind != "simulated":
        raise ConfigError("source.ignore_hosts", "belongs to source=simulated: set that, or leave it out")
    if config.export.kind not in ("auto", "none", "local") or config.export.folder:
        problem = "with source.ignore_hosts simulated days would go where those of the plants go: set export=auto"
        raise ConfigError("export", problem)
    return folder / PLAYED


def _file(key: str, text: str | None) -> Path | None:
    """The path of a file that is written at the end of a run. Raises ConfigError now if it could not be."""
    file = file_of(text)
    if file and not file.parent.is_dir():
        raise ConfigError(key, f"there is no folder {file.parent}")
    if file and file.is_dir():
        raise ConfigError(key, f"{file} is a folder; expected a file")
    return file


def _timezone(site: str, name: str) -> str:
    key = f"sites.{site}.timezone"
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(key, f"there is no time zone {name!r}: set for example Asia/Seoul") from error
    return name
