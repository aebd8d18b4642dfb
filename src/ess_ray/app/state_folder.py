"""The state folder of a job, and the log in it."""

from __future__ import annotations

import os
from pathlib import Path

from ess_ray.adapters.local.logs import DRIVER_BYTES, DRIVER_FILES, FOLDER, LogFile, log_to
from ess_ray.adapters.local.own_folder import check_own
from ess_ray.core.errors import CannotStart
from ess_ray.core.settings import Settings


def state_folder(settings: Settings, log_name: str, actor: str) -> None:
    """Make the state folder and write this process's log into it; from now on files are readable by their owner only.

    `log_name` is the log file's name without suffix, `actor` the process's name in its lines. Raises CannotStart if the
    folder cannot be made, ConfigError if it is another user's.
    """
    os.umask(0o077)
    try:
        settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_state_folder(settings.state_dir)  # once more: somebody may have been faster
        (settings.state_dir / FOLDER).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"state_dir {settings.state_dir} cannot be made: {error.strerror}") from error
    log_to(LogFile(str(settings.state_dir), log_name, actor, settings.log_level, DRIVER_BYTES, DRIVER_FILES))


def check_state_folder(state_dir: Path) -> None:
    """Raises ConfigError if another user made the state folder or may change it, or if it is no folder.

    A folder that is not there yet passes. Called before any job touches it.
    """
    check_own("state_dir", state_dir)
