"""The settings of `job=new`, checked: called by `config.load` alone. Errors: ConfigError that names the key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ess_ray.adapters.local.plants_folder import OPTION, USUAL
from ess_ray.config.device_schema import DeviceConfig
from ess_ray.config.importing import import_settings
from ess_ray.config.schema import Config
from ess_ray.config.values import file_of, freeze
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import ImportSettings, NewSettings, ProbeSettings

SAID = ("site", "timezone", "device", "host", "port", "unit_id", "map")


def new_settings(config: Config, folders: Sequence[Path], home: Path | None) -> NewSettings:
    """Freeze `new`. `folders`: of the configuration; `home`: the user's folder, which need not be there.

    Raises ConfigError for a map and a table at once, and a table that is not there. Names are checked where the answers
    to questions are, in `jobs.new`.
    """
    new = config.new
    folder = (home or Path(USUAL)).absolute()
    if new.map and new.table:
        raise ConfigError("new.table", "a map is said, too: leave new.map or new.table out")
    probe = freeze(
        ProbeSettings, DeviceConfig(), device=None, host="", port=502, unit_id=1, tls=None, tolerate=frozenset(),
        windows=(), configured={}, requests_s=config.probe.rate, most_requests=config.probe.most_requests,
        most_connections=config.probe.connections,
    )  # fmt: skip
    table = None
    if new.table == "sunspec":
        raise ConfigError("new.table", "is found by itself: leave it out")
    if new.table:
        importing = import_settings(replace(config, from_=new.table), folders)
        assert isinstance(importing, ImportSettings)  # of a file, whatever its name
        table = replace(importing, folder=folder)
    named = [] if folder == Path(USUAL).absolute() else [OPTION, str(folder)]
    simulated = config.source.kind == "simulated" and folder.joinpath("ess_ray.yaml").is_file()
    return NewSettings(
        folder=folder,
        said={name: str(value) for name in SAID if (value := getattr(new, name)) is not None},
        table=table,
        address=new.address,
        maps=tuple(sorted({file.stem for each in folders for file in (each / "map").glob("*.yaml")})),
        probe=probe,
        ca_file=file_of(new.ca_file),
        as_is=(*named, *(["source=plant"] if simulated else [])),
    )
