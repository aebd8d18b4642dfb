"""Which values of a map were written down together, so that one mistake may concern them all. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ess_ray.core.maps.registers import Value


class ScopeKind(StrEnum):
    """How much of a map a scope is."""

    WHOLE = "map"
    RUN = "run"
    COLUMN = "column"


@dataclass(frozen=True, slots=True)
class Scope:
    """Some values of a map: `indices` among its values, `name` as it stands in a sentence."""

    kind: ScopeKind
    name: str
    indices: tuple[int, ...]


def whole(values: Sequence[Value]) -> Scope:
    """All values of the map."""
    return Scope(ScopeKind.WHOLE, "the whole map", tuple(range(len(values))))


def columns(values: Sequence[Value]) -> list[Scope]:
    """The values of each column of each table, in the order in which they first appear."""
    groups: dict[tuple[str, str], list[int]] = {}
    for index, value in enumerate(values):
        groups.setdefault((value.table, value.column), []).append(index)
    return [
        Scope(ScopeKind.COLUMN, f"the column {table} {column}", tuple(indices))
        for (table, column), indices in groups.items()
    ]


def runs(values: Sequence[Value]) -> list[Scope]:
    """The runs of the map: neighbouring registers of one row, and what repeats them for other rows.

    `values`: by function and address, as those of a `RegisterMap`. A run that is written with a hole counts as two.
    """
    groups: dict[object, list[int]] = {}
    for segment in _segments(values):
        first = values[segment[0]]
        key = first.function, first.table, tuple((values[i].column, values[i].element, values[i].bits) for i in segment)
        groups.setdefault(key, []).extend(segment)
    return [Scope(ScopeKind.RUN, _run_name([values[i] for i in group]), tuple(group)) for group in groups.values()]


def _segments(values: Sequence[Value]) -> list[list[int]]:
    segments: list[list[int]] = []
    end = 0
    for index, value in enumerate(values):
        last = values[index - 1] if segments else None
        if last and _same_row(last, value) and value.address <= end:
            segments[-1].append(index)
        else:
            segments.append([index])
        end = value.address + value.width
    return segments


def _same_row(one: Value, other: Value) -> bool:
    return (one.function, one.table, one.ids) == (other.function, other.table, other.ids)


def _run_name(values: Sequence[Value]) -> str:
    first, rows = values[0], len({value.ids for value in values})
    return f"the run of table {first.table} at {first.address}" + (f" ({rows} rows)" if rows > 1 else "")
