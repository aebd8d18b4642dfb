"""The definition of a SunSpec model, out of the JSON that SunSpec publishes: groups of points, one behind the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ess_ray.core.maps.registers import MAX_REGISTERS

HEADER = 2  # registers of ID and L, in front of what L counts


class PointType(NamedTuple):
    """What a map says of a type of points: its raw type, and the raw numbers that mean "not implemented"."""

    raw: str
    sentinel: str = ""  # hexadecimal digits; "": none, or, of a float, NaN, which is none anyway
    format: str = ""  # by which a map makes text of the number


REGISTERS = "registers"  # a raw type that no map has: an array of its registers, as they are
# "SunSpec Device Information Model Specification", section on types and their unimplemented values.
TYPES: Mapping[str, PointType] = {
    "int16": PointType("int16", "0x8000"), "int32": PointType("int32", "0x80000000"),
    "int64": PointType("int64", "0x8000000000000000"),
    "uint16": PointType("uint16", "0xFFFF"), "uint32": PointType("uint32", "0xFFFFFFFF"),
    "uint64": PointType("uint64", "0xFFFFFFFFFFFFFFFF"), "count": PointType("uint16", "0xFFFF"),
    "acc16": PointType("uint16", "0x0"), "acc32": PointType("uint32", "0x0"), "acc64": PointType("uint64", "0x0"),
    "enum16": PointType("uint16", "0xFFFF"), "enum32": PointType("uint32", "0xFFFFFFFF"),
    "bitfield16": PointType("uint16", "0xFFFF"), "bitfield32": PointType("uint32", "0xFFFFFFFF"),
    "bitfield64": PointType("uint64", "0xFFFFFFFFFFFFFFFF"),
    "float32": PointType("float32"), "float64": PointType("float64"), "string": PointType("string"),
    "ipaddr": PointType("uint32", "0x0", "bytes"), "eui48": PointType("uint64", "0x0000FFFFFFFFFFFF", "hex"),
    "ipv6addr": PointType(REGISTERS),
}  # fmt: skip
SCALE_FACTOR, PAD = "sunssf", "pad"


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a model: `size` registers.

    `factor`: the name of the point with its scale factor, or the power of ten itself. `setting`: it is set by somebody,
    or never changes; else it is measured or counted.
    """

    name: str
    type: str  # as SunSpec names it
    size: int
    factor: str | int | None = None
    units: str = ""
    label: str = ""
    symbols: Mapping[int, str] = field(default_factory=dict)  # of an enumeration its numbers, of a bit field its bits
    setting: bool = False


@dataclass(frozen=True, slots=True)
class PointGroup:
    """Points, and behind them groups. `count`: how often it is there: None once, a point's name, 0 as often as fits."""

    name: str
    points: Sequence[Point]
    groups: Sequence[PointGroup] = ()
    count: str | int | None = None

    @property
    def repeats(self) -> bool:
        """True if there may be many of it, or none."""
        return self.count is not None

    @property
    def size(self) -> int:
        """Registers of its points, without the groups in it."""
        return sum(point.size for point in self.points)

    def size_with(self, times: int) -> int:
        """Registers of it and of the groups in it, if each that repeats is there so many times."""
        return self.size + sum(group.size_with(times) * (times if group.repeats else 1) for group in self.groups)


@dataclass(frozen=True, slots=True)
class Definition:
    """A model: its number, what it is, and its outermost group, which begins with ID and L."""

    id: int
    label: str
    group: PointGroup

    def counts(self) -> Iterator[tuple[str, int]]:
        """The points that say how often a group is there, each with its registers' place behind the model's first."""
        wanted = {str(group.count) for group in _groups(self.group) if isinstance(group.count, str)}
        at = 0
        for point in self.group.points:
            if point.name in wanted:
                yield point.name, at
            at += point.size

    def points(self) -> Iterator[Point]:
        """All of its points, those of its groups too, ID and L not."""
        yield from self.group.points[HEADER:]
        for group in _groups(self.group):
            yield from group.points


def read_definition(tree: Mapping[str, Any]) -> Definition:
    """A model out of its JSON. Raises KeyError if that is none of the form that SunSpec publishes."""
    group = _group(tree["group"])
    return Definition(int(tree["id"]), str(tree["group"].get("label", group.name)), group)


def _group(tree: Mapping[str, Any]) -> PointGroup:
    points = [part for point in tree["points"] for part in _parts(_point(point))]
    return PointGroup(str(tree["name"]), points, [_group(group) for group in tree.get("groups", ())], tree.get("count"))


def _point(tree: Mapping[str, Any]) -> Point:
    symbols = {int(symbol["value"]): str(symbol["name"]) for symbol in tree.get("symbols", ())}
    label = str(tree.get("label") or tree.get("desc") or tree["name"])
    return Point(
        str(tree["name"]), str(tree["type"]), int(tree["size"]), tree.get("sf"), str(tree.get("units") or "").strip(),
        label, symbols, tree.get("static") == "S" or tree.get("access") == "RW",
    )  # fmt: skip


def _parts(point: Point) -> Iterator[Point]:
    """The point; a text that no request can read in one piece is several."""
    number = -(-point.size // MAX_REGISTERS)
    for index in range(number):
        size = min(MAX_REGISTERS, point.size - index * MAX_REGISTERS)
        yield point if number == 1 else replace(point, name=f"{point.name}_{index + 1}", size=size)


def _groups(group: PointGroup) -> Iterator[PointGroup]:
    for inner in group.groups:
        yield inner
        yield from _groups(inner)
