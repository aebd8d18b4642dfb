"""The settings of the database, checked: called by `ess_ray.config.load` alone. Errors: ConfigError that names the key.

No error quotes a DSN: a password may stand in it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ess_ray.adapters.postgres.connect import check_dsn
from ess_ray.config.schema import StorageConfig
from ess_ray.config.values import freeze
from ess_ray.core.errors import ConfigError
from ess_ray.core.settings import StorageSettings

DSN_VARIABLE = "ESS_RAY_DSN"


def storage_settings(
    storage: StorageConfig, environment: Mapping[str, str], simulated: bool, database: bool
) -> StorageSettings:
    """Freeze `storage`; a server's DSN is required only if the job needs a database (`database`), and else left empty.

    The DSN is that of `dsn`, else of the file `dsn_file`, else of the variable ESS_RAY_DSN in `environment`.

    Raises ConfigError if a server is given for the embedded database; and, for a job that needs a server, if no DSN is
    given, its file cannot be read or it is no DSN, and if devices are simulated without `allow_simulated`.
    """
    for name in ("dsn", "dsn_file"):
        if storage.kind == "embedded" and getattr(storage, name):
            raise ConfigError(f"storage.{name}", "a server is given, but storage=embedded: set storage=timescale")
    needed = storage.kind == "timescale" and database
    dsn = _dsn(storage, environment) if needed else ""
    if needed and simulated and not storage.allow_simulated:
        raise ConfigError(
            "storage.allow_simulated",
            "simulated samples would go into a real database: set storage=embedded, or storage.allow_simulated=true if "
            "you mean it",
        )
    return freeze(StorageSettings, storage, dsn=dsn)


def read_environment() -> Mapping[str, str]:
    """A copy of the process's environment, with the DSN (ESS_RAY_DSN), which is then removed from the environment.

    No process started later inherits the DSN, and a second call does not find it.
    """
    variables = dict(os.environ)
    os.environ.pop(DSN_VARIABLE, None)
    return variables


def _dsn(storage: StorageConfig, environment: Mapping[str, str]) -> str:
    if storage.dsn:
        key, dsn = "storage.dsn", storage.dsn
    elif storage.dsn_file:
        key, file = "storage.dsn_file", Path(storage.dsn_file).expanduser()
        try:
            dsn = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(key, f"{file} cannot be read: {getattr(error, 'strerror', 'not a text')}") from None
    else:
        key, dsn = DSN_VARIABLE, environment.get(DSN_VARIABLE, "")
        if not dsn:
            problem = f"storage=timescale needs a server: set {DSN_VARIABLE}=postgresql://user@host/database"
            raise ConfigError("storage.dsn", problem)
    check_dsn(key, dsn)
    return dsn
