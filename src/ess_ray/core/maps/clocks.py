"""Dates and times in registers, as a map writes them: `type: datetime, parts: [year, month, day, hour, minute]`.

Each part is a register, or two bytes of one, the high one first: `month/day`; a part that says nothing here is `skip`.
Called by `core.maps.mapvalue`; the simulator and the decoder take the fields of a part from here.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ess_ray.core.maps.tree import TreeNode

DATE, TIME = ("year", "month", "day"), ("hour", "minute", "second")
SKIP = "skip"
CENTURY = 2000  # of years that are written with two digits


def read_parts(node: TreeNode) -> tuple[str, ...]:
    """The field `parts` of a `Value` out of its attribute.

    Raises what `node.fail` makes for unknown parts, for one that is there twice, and unless they make a date, a time of
    day from the hour on, or both.
    """
    parts = tuple(item.text() for item in node.items())
    fields = [field for part, item in zip(parts, node.items(), strict=True) for field in _fields(part, item)]
    said = [field for field in fields if field != SKIP]
    date, time = (tuple(field for field in kind if field in said) for kind in (DATE, TIME))
    if len(said) != len(set(said)) or date not in ((), DATE) or time != TIME[: len(time)] or not said:
        raise node.error(f"expected {', '.join(DATE)}, or hour, minute, second, or all of them, each once")
    return parts


def _fields(part: str, item: TreeNode) -> tuple[str, ...]:
    fields = fields_of(part)
    for field in fields:
        TreeNode(field, item.path, item.fail, item.line_of, item.address).text((*DATE, *TIME, SKIP), "part")
    if len(fields) > 2:
        raise item.error("a register has two bytes, a/b")
    return fields


def fields_of(part: str) -> tuple[str, ...]:
    """The fields of a part: one of the whole register, or those of its high and its low byte."""
    return tuple(part.split("/"))


def read_zone(node: TreeNode) -> str:
    """A time zone by its name: UTC, Asia/Seoul. Raises what `node.fail` makes for another text."""
    name = node.text()
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError) as error:
        raise node.error(f"expected a time zone, as UTC or Asia/Seoul, found {name!r}") from error
    return name
