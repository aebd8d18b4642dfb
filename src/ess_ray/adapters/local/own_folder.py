"""Folders in which only this process's user may have put something."""

from __future__ import annotations

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from ess_ray.core.errors import ConfigError

ADMINISTRATOR = 0  # may do everything anyway
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def check_own(key: str, folder: Path) -> None:
    """Raise ConfigError, which names the setting `key`, if another user made this folder or may change it.

    To be called before anything in it is read or written. The folder, a link by which it is reached, and what lies
    directly in it have to belong to this user or to root, and no one else may have the right to write into it. A folder
    that is not there yet is nobody's, and passes. One that cannot be read, or is a file, raises ConfigError too.
    """
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise ConfigError(key, f"{folder} is not a folder")
        for path in (folder, folder.resolve(), *folder.iterdir()):
            _check_owner(key, path)
        if folder.stat().st_mode & OTHERS_WRITE:
            problem = f"{folder} may be written by other users: chmod go-w it if all in it is yours, or choose another"
            raise ConfigError(key, problem)
    except FileNotFoundError:
        _check_owner(key, folder)  # a link that leads nowhere
    except OSError as error:
        raise ConfigError(key, f"{folder} cannot be read: {error.strerror}") from error


def _check_owner(key: str, path: Path) -> None:
    with suppress(FileNotFoundError):  # it was deleted meanwhile
        owner = path.lstat().st_uid
        if owner not in (os.geteuid(), ADMINISTRATOR):
            users = f"{_name(owner)}, and this runs as {_name(os.geteuid())}"
            raise ConfigError(key, f"{path} belongs to the user {users}: run it as that user, or choose another folder")


def _name(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name} ({uid})"
    except KeyError:
        return str(uid)
