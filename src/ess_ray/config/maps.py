"""The register maps of devices, each with what its device hands to it. Called by `ess_ray.config.load` and `.device`.

A device names a map, chooses its variant, and fills what it leaves open (`core.maps.reuse`, `core.maps.handed`). Those
that say the same share the result; others have each a map of their own, with a name that says what makes it another
one: `racks(rack_id=3)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from ess_ray.adapters.local.yaml_lines import line_finder
from ess_ray.config.device_schema import DeviceConfig
from ess_ray.config.standards import extended
from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.handed import Answer, Handed, OpenPlace, answers, open_places, put
from ess_ray.core.maps.mapcheck import location
from ess_ray.core.maps.mapfile import load_map
from ess_ray.core.maps.own_columns import merged
from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.maps.reuse import Sources, check_variant, complete, included_names, source_of
from ess_ray.core.maps.row_size import check_rows
from ess_ray.core.maps.standard import Standard, load_standard
from ess_ray.core.maps.tree import KeyPath, LineOf, nearest_line

T = TypeVar("T")
Tree = Mapping[str, object]


class DeviceMaps:
    """The maps of a configuration, made as devices ask for them.

    `maps` and `trees` hold those that were asked for, by their names; the trees are complete, with nothing open.
    """

    def __init__(
        self, trees: Mapping[str, Tree], standard: Tree, folders: Sequence[Path], standards: Mapping[str, Tree]
    ) -> None:
        """The trees are those of the configuration: of the maps by name, of the standard, and of the files that extend
        it (`compose.Composed.standards`). `folders`: those of the maps' files, for the lines of messages. Raises
        ConfigError for a standard that is wrong.
        """
        self._sources, self._folders = trees, folders
        extensions = tuple((place, _Same(tree)) for place, tree in standards.items())
        self._standard = _Same(_load_standard(_Same(standard), extensions))
        self.maps: dict[str, RegisterMap] = {}
        self.trees: dict[str, Tree] = {}
        self._texts: dict[str, str | None] = {}
        self._devices: dict[tuple[str, str, str], str] = {}  # by site, map and identity

    def of(self, key: str, site: str, config: DeviceConfig) -> RegisterMap:
        """The map of the device whose settings stand at `key`.

        Raises MapError for whatever is wrong with the map; ConfigError that names a key of the device if the map asks
        for something else, or if it leaves its identity to two devices of the site and both say the same.
        """
        name, source = config.map, self._sources[config.map]

        def fail(field: str, problem: str) -> ConfigError:
            return ConfigError(f"{key}.{field}", problem)

        check_variant(source, config.variant, lambda problem: fail("variant", problem))
        files = tuple(self._files(name, {}).values())
        tree = _complete(name, config.variant, files)
        handed = Handed(config.ids, config.parameters, {"unit_id": config.unit_id})
        given = answers(_places(tree), handed, lambda path: _where(name, files, tree.thing, path), fail)
        register_map, complete_tree = _map(name, config.variant, files, tree, self._standard, given)
        self.maps[register_map.name], self.trees[register_map.name] = register_map, complete_tree
        self._check_identity(key, site, name, given)
        return register_map

    def _files(self, name: str, sources: dict[str, _MapFile]) -> dict[str, _MapFile]:
        """The file of a map and those of all that it includes, by name, as far as they are there."""
        if name in self._sources and name not in sources:
            if name not in self._texts:
                self._texts[name] = _text(name, self._folders)
            sources[name] = _MapFile(name, _Same(self._sources[name]), self._texts[name])
            for other in included_names(self._sources[name]):
                self._files(other, sources)
        return sources

    def standard(self) -> Standard:
        """The effective standard: with what the maps bring that devices have asked for.

        Raises ConfigError if two of them mean different things by one name, MapError if a row is too long.
        """
        before = self._standard.thing
        standard = merged(before, [register_map.own for register_map in self.maps.values()])
        if standard is not before:
            for register_map in self.maps.values():
                check_rows(register_map, standard)
        return standard

    def _check_identity(self, key: str, site: str, name: str, given: Sequence[Answer]) -> None:
        ids = {answer.path[-1]: answer.value for answer in given if answer.path[-2:-1] in (("ids",), ("repeat",))}
        said = ", ".join(f"{column} {value}" for column, value in ids.items())
        if ids and (other := self._devices.setdefault((site, name, said), key)) != key:
            problem = f"{said} is what {other} says, which has the same map: each device has rows of its own"
            raise ConfigError(f"{key}.ids", problem)


@dataclass(frozen=True, slots=True, eq=False)
class _Same(Generic[T]):
    """A thing that only itself is equal to: as `yaml_source` gives the same tree for the same text, what was made of it
    once is taken again by a reload.
    """

    thing: T

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    def __hash__(self) -> int:
        return id(self.thing)


def _text(name: str, folders: Sequence[Path]) -> str | None:
    files = [file for folder in folders if (file := folder / f"{name}.yaml").is_file()]
    return files[0].read_text(encoding="utf-8") if files else None


@lru_cache(maxsize=2)
def _load_standard(chosen: _Same[Tree], extensions: tuple[tuple[str, _Same[Tree]], ...]) -> Standard:
    return extended(load_standard(chosen.thing), [(place, tree.thing) for place, tree in extensions])


@lru_cache(maxsize=32)
def _line_finder(text: str | None) -> LineOf | None:
    return None if text is None else line_finder(text)


class _MapFile(NamedTuple):
    """A map as it is in the configuration, and the text of its file for the lines."""

    name: str
    tree: _Same[Tree]
    text: str | None


@lru_cache(maxsize=64)
def _complete(name: str, variant: str | None, files: tuple[_MapFile, ...]) -> _Same[Tree]:
    trees = {file.name: file.tree.thing for file in files}
    texts = {file.name: file.text for file in files}

    def where(of: str, path: KeyPath) -> str:
        line_of = _line_finder(texts[of])
        return location(of, nearest_line(line_of)(path) if line_of else 0)

    return _Same(complete(name, variant, Sources(trees, where)))


def _line_of(name: str, files: Sequence[_MapFile], tree: Tree) -> LineOf:
    """The lines of a complete tree's nodes, each in the file that it is from."""
    finders = {file.name: _line_finder(file.text) for file in files}

    def line_of(path: KeyPath) -> int | None:
        source, rest = source_of(tree, path)
        finder = finders.get(source or name)
        return finder(rest) if finder else None

    return line_of


def _where(name: str, files: Sequence[_MapFile], tree: Tree, path: KeyPath) -> str:
    source, _ = source_of(tree, path)
    return location(source or name, nearest_line(_line_of(name, files, tree))(path))


@lru_cache(maxsize=64)
def _places(tree: _Same[Tree]) -> tuple[OpenPlace, ...]:
    return open_places(tree.thing)


@lru_cache(maxsize=256)
def _map(
    name: str,
    variant: str | None,
    files: tuple[_MapFile, ...],
    tree: _Same[Tree],
    standard: _Same[Standard],
    given: tuple[Answer, ...],
) -> tuple[RegisterMap, Tree]:
    said: dict[str, object] = {} if variant is None else {"variant": variant}
    said |= {answer.name: answer.value for answer in sorted(given, key=attrgetter("group"))}
    full_name = f"{name}({', '.join(f'{key}={value}' for key, value in said.items())})" if said else name
    filled = put(tree.thing, given)
    register_map = load_map(full_name, filled, standard.thing, _line_of(name, files, filled))
    check_rows(register_map, merged(standard.thing, [register_map.own]))
    return register_map, filled
