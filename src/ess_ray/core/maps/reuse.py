"""Maps made of others: `include` takes the blocks of other maps, `variants` has what differs from model to model.

`complete` makes one tree of a map and all that it includes, with the variant that its user has chosen. Every node stays
where it is in its file, and an included tree stands in the entry that includes it (`tree`): so the result can travel,
in recipes and to the simulator, and a message still finds the file and line. `core.maps.sections` reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from ess_ray.core.errors import ConfigError, MapError
from ess_ray.core.maps.handed import Handed, answers, open_places, put
from ess_ray.core.maps.tree import KeyPath, unknown

INCLUDE, VARIANTS, TREE = "include", "variants", "tree"
ENTRY = ("map", "at", "variant", "ids", "parameters", "period_s")  # what an entry of `include` may say
MOST_DEEP, MOST_INCLUDED = 8, 256

Tree = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sources:
    """The maps that there are, by name, as their files have them; `where` names a node of one: `map racks, line 5`."""

    trees: Mapping[str, Tree]
    where: Callable[[str, KeyPath], str]


def included_names(tree: Tree) -> Iterator[str]:
    """The names of the maps that a map includes itself, in whatever variant."""
    variants = tree.get(VARIANTS)
    for part in (tree, *(variants.values() if isinstance(variants, Mapping) else ())):
        entries = part.get(INCLUDE) if isinstance(part, Mapping) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Mapping) and isinstance(entry.get("map"), str):
                yield cast(str, entry["map"])


def check_variant(tree: Tree, variant: object, fail: Callable[[str], ConfigError]) -> None:
    """Raises what `fail` makes unless `variant` is one of the map's, or None and the map has none."""
    variants = tree.get(VARIANTS)
    names = [str(name) for name in variants] if isinstance(variants, Mapping) else []
    if variant is None and names:
        raise fail(f"its map has the variants {', '.join(names)}: write `variant: {names[0]}`")
    if variant is not None and not names:
        raise fail("its map has no variants: leave it out")
    if variant is not None and variant not in names:
        raise fail(unknown("variant", variant, names))


def complete(name: str, variant: str | None, sources: Sources) -> Tree:
    """The tree of the map `name` with the trees that it includes, and of its variants the chosen one alone.

    The tree itself if it has neither. The caller has checked the variant. Raises MapError for an entry of `include`
    that names no map, itself, or too many, or that hands over what its map does not ask for.
    """
    return _Completion(sources).tree(name, variant, ())


class _Completion:
    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._included = 0

    def tree(self, name: str, variant: str | None, above: tuple[str, ...]) -> Tree:
        """`above`: the maps that include this one, the outermost first."""
        tree = self._sources.trees[name]
        if variant is not None:
            chosen = cast(Tree, cast(Tree, tree[VARIANTS])[variant])
            if isinstance(chosen, Mapping):
                chosen = self._with_included(chosen, name, (VARIANTS, variant), above)
            tree = {**tree, VARIANTS: {variant: chosen}}
        return self._with_included(tree, name, (), above)

    def _with_included(self, part: Tree, name: str, path: KeyPath, above: tuple[str, ...]) -> Tree:
        entries = part.get(INCLUDE)
        if not isinstance(entries, list):  # nothing, or a mistake that the reader of the map tells
            return part
        full = [
            self._included_by(entry, name, (*path, INCLUDE, index), above) if isinstance(entry, Mapping) else entry
            for index, entry in enumerate(entries)
        ]
        return {**part, INCLUDE: full}

    def _included_by(self, entry: Tree, name: str, path: KeyPath, above: tuple[str, ...]) -> Tree:
        def fail(problem: str, *keys: str) -> MapError:
            return MapError(self._sources.where(name, (*path, *keys)), ".".join((INCLUDE, *keys)) + f": {problem}")

        other = self._checked_name(entry, name, above, fail)
        variant = entry.get("variant")
        check_variant(self._sources.trees[other], variant, lambda problem: fail(problem, "variant"))
        tree = self.tree(other, cast("str | None", variant), (*above, name))
        handed = Handed(*(cast(Tree, entry.get(key) or {}) for key in ("ids", "parameters")))
        for key in ("ids", "parameters"):
            if not isinstance(entry.get(key, {}), Mapping):
                raise fail(f"expected names with values, found {entry[key]!r}", key)
        places = open_places(tree)
        given = answers(
            places, handed, lambda path: self._sources.where(other, path), lambda key, problem: fail(problem, key),
            partial=True,
        )  # fmt: skip
        return {**entry, TREE: put(tree, given)}

    def _checked_name(self, entry: Tree, name: str, above: tuple[str, ...], fail: Callable[..., MapError]) -> str:
        """The name of the map that an entry includes."""
        for key in entry:
            if key not in ENTRY:
                raise fail(unknown("key", key, ENTRY), str(key))
        other = entry.get("map")
        if not isinstance(other, str):
            raise fail("expected the name of a map, `{map: NAME, at: 40070}`")
        if other in (*above, name):
            raise fail(f"a map cannot include itself: {' → '.join((*above, name, other))}", "map")
        if other not in self._sources.trees:
            raise fail(f"there is no map {other!r} in the folders of maps", "map")
        self._included += 1
        if len(above) >= MOST_DEEP or self._included > MOST_INCLUDED:
            raise fail(f"more than {MOST_INCLUDED} maps are included, or {MOST_DEEP} within each other", "map")
        return other


def source_of(tree: Tree, path: KeyPath) -> tuple[str, KeyPath]:
    """The name of the included map that a node of a complete tree is from, "" for the map itself; its path there."""
    name, start = "", 0
    node: object = tree
    for depth, key in enumerate(path):
        if key == TREE and depth >= 2 and path[depth - 2] == INCLUDE and isinstance(node, Mapping):
            name, start = str(node.get("map")), depth + 1
        try:
            node = node[key]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            break
    return name, path[start:]
