"""Folders in which only this process's user may have put something."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterable
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


def check_own_tree(key: str, folder: Path, inside: Iterable[str]) -> None:
    """Raise ConfigError if another user made, or may change, this folder, a file in it, or what is below `inside`.

    `inside`: names of folders in it, which need not be there. Links are followed. For files that are only read: the
    right of a group that is this user's own passes, as a umask of 002 gives it.
    """
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise ConfigError(key, f"{folder} is not a folder")
        files = [path for path in folder.iterdir() if path.is_symlink() or not path.is_dir()]
        seen: set[Path] = set()
        for path in (folder, *files):
            _check_unchangeable(key, path)
        for path in (folder / name for name in inside):
            _check_below(key, path, seen)
    except OSError as error:
        raise ConfigError(key, f"{folder} cannot be read: {error.strerror}") from error


def _check_below(key: str, path: Path, seen: set[Path]) -> None:
    if not os.path.lexists(path):
        return
    _check_unchangeable(key, path)
    real = path.resolve()
    if real not in seen and real.is_dir():
        seen.add(real)
        for child in real.iterdir():
            _check_below(key, child, seen)


def _check_unchangeable(key: str, path: Path) -> None:
    for each in (path, path.resolve()):
        _check_owner(key, each)
    with suppress(FileNotFoundError):
        status = path.stat()
        if status.st_mode & stat.S_IWOTH or (status.st_mode & stat.S_IWGRP and not _is_own_group(status.st_gid)):
            raise ConfigError(key, f"{path} may be written by other users: chmod go-w it if all in it is yours")


def _is_own_group(gid: int) -> bool:
    """True for a group that is named as the user and has no other members, as useradd makes one for each user."""
    with suppress(KeyError):
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid()).pw_name
        return group.gr_name == user and not {*group.gr_mem} - {user}
    return False


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
