"""The files of the user's folder: of `site/` those that are named, or with `site=all` all; and slips of names.

Called by `ess_ray.config.compose` alone. Errors: ConfigError that names the file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from ess_ray.adapters.local.plants_folder import FILE, READ
from ess_ray.config.messages import hint
from ess_ray.config.paths import conf_folder
from ess_ray.core.errors import ConfigError

ALL = "all"
IMPORT = "job=import"  # makes the map that a site may name already
GLOBAL = "_global_"  # the package of a file that chooses sites, as conf/site/all.yaml does
SITES = "sites"  # the package of a file with several sites
KEY = re.compile(r"^([A-Za-z0-9_-]+):", re.MULTILINE)
NAME = re.compile(r"[A-Za-z0-9_/-]+")
PACKAGE = re.compile(r"\s*#\s*@package\s+(\S+)\s*")
LIKE = 0.75  # names that are as much alike are taken for slips
MOST_NAMED = 3  # files in a message


def choose_sites(words: Sequence[str], folders: Sequence[Path]) -> list[str]:
    """The words with `site=all`, also where it is the default, as the sites of the user's own folder, if it has any.

    An `all.yaml` of the user's own stays what it is, and `job=import` needs no site. Raises ConfigError if a chosen
    site has no file, if its file does not name its package, or if two of them are the same site.
    """
    chosen = [word.partition("=")[2] for word in words if word.startswith("site=")]
    names = re.findall(r"[^\[\],'\"\s]+", chosen[-1]) if chosen else [ALL]
    own = [] if IMPORT in words else [*_own_sites(folders[0])]
    if ALL in names and own and not _file(folders[0], ALL).is_file():
        names = [*dict.fromkeys(each for name in names for each in (own if name == ALL else [name]))]
        words = [*words, f"site=[{','.join(names)}]"]
    _check_packages(names, folders)
    return [*words]


def check_names(folder: Path) -> None:
    """Raises ConfigError for what lies in the user's folder, is not read, and was probably meant to be."""
    if folder == conf_folder():
        return
    for path in sorted(folder.iterdir()):
        name = path.name
        if path.is_dir():
            meant = [] if name in READ else get_close_matches(name, ("site", "map", "standard"), 1, LIKE)
        else:
            meant = [] if name == FILE else get_close_matches(name.replace("config.", "ess_ray."), [FILE], 1, LIKE)
        if meant:
            raise ConfigError(f"{folder / name}", f"is not read: did you mean {meant[0]}?")
    for path in sorted(path for group in READ for path in (folder / group).rglob("*.yml")):
        raise ConfigError(f"{path.relative_to(folder)}", "is not read: its name has to end in .yaml")


def unchosen_sites(folder: Path, sites: Collection[str]) -> str:
    """A sentence about the files of the user's folder whose sites are not among the chosen `sites`; empty: none."""
    if folder == conf_folder():
        return ""
    files = [f"site/{name}.yaml" for name in _own_sites(folder) if not _is_chosen(_file(folder, name), sites)]
    if not files:
        return ""
    rest = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
    return f"there and not chosen: {', '.join(files[:MOST_NAMED])}{rest}; site=all takes all of {folder}"


def _own_sites(folder: Path) -> Iterator[str]:
    """The names of the folder's site files, but those that choose sites. Raises ConfigError for one that is no name."""
    root = folder / "site"
    for file in sorted(root.rglob("*.yaml")):
        name = file.relative_to(root).with_suffix("").as_posix()
        if file.name.startswith(".") or _package(file) == GLOBAL:
            continue
        if not NAME.fullmatch(name):
            raise ConfigError(f"site/{name}.yaml", "a file's name may hold only letters, digits, _ and -: rename it")
        yield name


def _is_chosen(file: Path, sites: Collection[str]) -> bool:
    """True if a site of the file is there; one whose package is `sites` has several, as keys of its own."""
    package = _package(file) or ""
    if package != SITES:
        return package.removeprefix(f"{SITES}.") in sites
    return any(name in sites for name in KEY.findall(file.read_text(encoding="utf-8")))


def _check_packages(names: Sequence[str], folders: Sequence[Path]) -> None:
    packages: dict[str, str] = {}
    for name in dict.fromkeys(names):
        files = [file for folder in folders if (file := _file(folder, name)).is_file()]
        if not files:
            there = {file.stem for folder in folders for file in (folder / "site").glob("*.yaml")}
            raise ConfigError("site", f"there is no {name!r}{hint(name, sorted(there))}")
        package = _package(files[0])
        if package is None:
            raise ConfigError(f"site/{name}.yaml", f"has to begin with the line `# @package sites.{name}`")
        if package != GLOBAL and package in packages:
            raise ConfigError(f"site/{name}.yaml", f"is {package}, as site/{packages[package]}.yaml is: rename one")
        packages[package] = name


def _file(folder: Path, name: str) -> Path:
    return folder / "site" / f"{name}.yaml"


def _package(file: Path) -> str | None:
    """The package that a file names, where Hydra looks for it: in its first line that is not empty."""
    try:
        lines = (line for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    except (OSError, ValueError) as error:
        problem = f"cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        raise ConfigError(f"site/{file.name}", problem) from error
    match = PACKAGE.fullmatch(next(lines, ""))
    return match[1] if match else None
