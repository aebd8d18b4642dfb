"""What a map leaves open for the device that has it to say, in its site's file.

So may a map to the map that includes it. Open are an identity column, `ids: {rack_id: device}` or
`repeat: {rack_id: device}`, and any other value that is written as `device.NAME`, for example `scale: device.ct_ratio`.
What is handed over takes the place of these words, node for node: every node stays where it is in the file, so that its
line still holds, and the result is a map as any other, of which nobody needs to know that something was open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.tree import KeyPath, unknown

DEVICE = "device"
PARAMETER = re.compile(r"device\.([a-z][a-z0-9_]*)")
SPAN = re.compile(r"(\d+)\.\.(\d+)")
HIGHEST_ID = 0x7FFF  # identity columns are int2
FOR_READERS = ("note", "enum")  # attributes whose texts mean nothing to the program


class OpenPlace(NamedTuple):
    """A node of a map that the device fills. `many`: it is under `repeat`, where several rows are meant."""

    path: KeyPath
    group: str  # the key of the device that has it: "ids" or "parameters"
    name: str
    many: bool = False


class Answer(NamedTuple):
    """What the device puts into an open place: `value`, as it stands in the map then."""

    path: KeyPath
    group: str
    name: str
    value: object


@dataclass(frozen=True, slots=True)
class Handed:
    """What a device says about its map: `ids` and `parameters` as its site's file has them.

    `always`: further parameters that every device has, and that a map need not ask for.
    """

    ids: Mapping[str, object] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    always: Mapping[str, object] = field(default_factory=dict)

    def to(self, place: OpenPlace) -> object:
        """What is handed to a place, None for nothing."""
        return (self.ids if place.group == "ids" else {**self.always, **self.parameters}).get(place.name)


# Makes the error of a key of the device, such as `ids.rack_id`, and a problem. Not raised by itself.
Fail = Callable[[str, str], ConfigError]


def open_places(tree: Mapping[str, object]) -> tuple[OpenPlace, ...]:
    """The places that a map leaves open, in the order of the file."""
    return tuple(_open(tree, ()))


def _open(node: object, path: KeyPath) -> Iterator[OpenPlace]:
    if isinstance(node, Mapping):
        for key, child in node.items():
            if key not in FOR_READERS:
                yield from _open(child, (*path, key))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from _open(child, (*path, index))
    elif node == DEVICE and path[-2:-1] in (("ids",), ("repeat",)):
        yield OpenPlace(path, "ids", str(path[-1]), path[-2] == "repeat")
    elif isinstance(node, str) and (match := PARAMETER.fullmatch(node)):
        yield OpenPlace(path, "parameters", match[1])


def answers(
    places: Sequence[OpenPlace], handed: Handed, where: Callable[[KeyPath], str], fail: Fail, *, partial: bool = False
) -> tuple[Answer, ...]:
    """What is put into each of the `places` of a map; `partial`: what is not handed over stays open.

    Raises what `fail` makes if something is missing, cannot stand where it is asked for, or is asked for nowhere.
    `where` names a node of the map for people: `map racks, line 5`.
    """
    for group, given in (("ids", handed.ids), ("parameters", handed.parameters)):
        asked = {place.name for place in places if place.group == group}
        for name in given:
            if name not in asked:
                raise fail(f"{group}.{name}", _not_asked(group, name, asked))
    return tuple(
        Answer(place.path, place.group, place.name, _fitting(place, handed.to(place), where, fail))
        for place in places
        if not partial or handed.to(place) is not None
    )


def put(tree: Mapping[str, object], given: Iterable[Answer]) -> Mapping[str, object]:
    """The tree with every answer in its place; the tree itself if there is none."""
    filled: object = tree
    for answer in given:
        filled = _replaced(filled, answer.path, answer.value)
    return cast(Mapping[str, object], filled)


def _not_asked(group: str, name: str, asked: set[str]) -> str:
    if asked:
        return unknown("name", name, sorted(asked)) + " (what its map asks for)"
    word = f"`ids: {{{name}: device}}` in a block" if group == "ids" else f"`device.{name}` where the value is meant"
    return f"its map does not ask for it: write {word} of the map, or leave this out"


def _fitting(place: OpenPlace, value: object, where: Callable[[KeyPath], str], fail: Fail) -> object:
    """The value as it stands in the map. Most is checked with the map; of identities it is said here."""
    asks = f"{where(place.path)} leaves {place.name} to the device"
    if value is None:
        raise fail(
            place.group, f"{asks}: write `{place.group}: {{{place.name}: {3 if place.group == 'ids' else '…'}}}`"
        )
    if isinstance(value, str) and (value == DEVICE or PARAMETER.fullmatch(value)):
        return value  # a map that includes this one leaves it to its own device
    if place.group != "ids":
        if isinstance(value, Mapping | list):
            raise fail(f"parameters.{place.name}", f"expected one number or text, found {value!r}")
        return value
    match = SPAN.fullmatch(value) if isinstance(value, str) else None
    first, last = (int(match[1]), int(match[2])) if match else (value, value)
    if not (_is_id(first) and _is_id(last) and cast(int, first) <= cast(int, last)):
        kind = "a whole number or first..last" if place.many else "a whole number"
        raise fail(f"ids.{place.name}", f"expected {kind} from 0 to {HIGHEST_ID}, found {value!r}")
    if match and not place.many:
        raise fail(f"ids.{place.name}", f"{asks}, which says one number there; several, as {value}, go under repeat")
    return f"{first}..{last}" if place.many else value  # under repeat, a number alone would mean 1 to that number


def _is_id(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= HIGHEST_ID


def _replaced(node: object, path: KeyPath, value: object) -> object:
    """A copy of the node with `value` at `path`; what is not on the way is shared."""
    if not path:
        return value
    key, *rest = path
    copy = dict(node) if isinstance(node, Mapping) else list(cast(list[object], node))
    copy[key] = _replaced(copy[key], tuple(rest), value)  # type: ignore[index]
    return copy
