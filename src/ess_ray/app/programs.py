"""`python -m ess_ray.app.programs PROGRAM [ARGUMENT …]`: psql, pg_dump or pg_restore on the embedded database.

Whether the job runs or not. The arguments go to the program, but `--config-dir FOLDER` in front of them. The database
is that of the state folder that ESS_RAY_STATE names, else the one that `ess_ray.yaml` of the plants folder names (see
`adapters.local.plants_folder`), else of `ess_ray_state` in this folder; `pg_restore` makes it if it is not there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ess_ray.adapters.local.own_folder import check_own
from ess_ray.adapters.local.plants_folder import OPTION, find_plants_folder, state_dir_of
from ess_ray.adapters.postgres.connect import PINNED
from ess_ray.adapters.postgres.embedded.process import find_bin_dir
from ess_ray.adapters.postgres.embedded.server import EmbeddedPostgres
from ess_ray.app.exit_codes import FAILED, UNUSABLE
from ess_ray.core.errors import ConfigError, EssRayError
from ess_ray.core.settings import STATE_DIR

PROGRAMS = ("psql", "pg_dump", "pg_restore")


def main(program: str, arguments: Sequence[str]) -> int:
    """Run one of PROGRAMS with `arguments` until it ends; a database that does not run is started for this time.

    Gives the program's exit code, or with a line on standard error FAILED (no database) or UNUSABLE (the state folder).
    """
    try:
        config_dir, arguments = _config_dir(arguments)
        state_dir = _state_dir(config_dir).absolute()
        check_own("state_dir", state_dir)
    except ConfigError as error:
        print(f"ess_ray: {error}", file=sys.stderr)
        return UNUSABLE
    folder = state_dir / "postgresql"
    if not folder.is_dir() and program != "pg_restore":
        print(f"ess_ray: there is no embedded database in {folder.parent}: run the job here first", file=sys.stderr)
        return FAILED
    if program != "psql":
        os.umask(0o077)  # a dump and a new state folder are for their owner
    server = EmbeddedPostgres(folder)
    try:
        dsn = server.running_dsn() or server.start()
        command = [str(find_bin_dir() / program), "-d", dsn, *arguments]
        environment = {"PGCLIENTENCODING": PINNED["client_encoding"], **os.environ}  # whatever the locale of a script
        return subprocess.run(command, check=False, env=environment).returncode
    except EssRayError as error:
        print(f"ess_ray: {error}", file=sys.stderr)
        return FAILED
    finally:
        server.stop()


def _config_dir(arguments: Sequence[str]) -> tuple[Path | None, Sequence[str]]:
    """The folder that the first arguments name, and the others."""
    option, equals, folder = arguments[0].partition("=") if arguments else ("", "", "")
    if option != OPTION:
        return None, arguments
    if equals:
        return Path(folder), arguments[1:]
    if len(arguments) < 2:
        raise ConfigError(OPTION, "expected a folder")
    return Path(arguments[1]), arguments[2:]


def _state_dir(config_dir: Path | None) -> Path:
    if config_dir is None and (named := os.environ.get("ESS_RAY_STATE")):
        return Path(named)
    folder = find_plants_folder(config_dir, os.environ)
    return (state_dir_of(folder) if folder else None) or Path(STATE_DIR)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in PROGRAMS:
        sys.exit(f"ess_ray: expected one of {', '.join(PROGRAMS)}")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
