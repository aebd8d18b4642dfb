"""Which columns of a map could not be read, and why: refused and not answered are told apart. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ess_ray.core.checking.reading import Reading
from ess_ray.core.checking.survey import AddressRange, Key, address_ranges
from ess_ray.core.checking.weighing import keys_of
from ess_ray.core.reasons import Reason, exception_code, explain

MOST_COLUMNS = 12  # that are named in a line
NOT_TRIED = "not tried one by one"


def unread_lines(readings: Iterable[Reading], refused: Mapping[Key, str]) -> list[str]:
    """A line for each reason why values were not read: how many, the reason, the columns, the addresses.

    `refused`: the reason of each register that was tried alone.
    """
    by_reason: dict[str, list[Reading]] = {}
    for reading in readings:
        if not reading.read:
            reasons = [refused[key] for key in keys_of(reading.value) if key in refused]
            by_reason.setdefault(reasons[0] if reasons else NOT_TRIED, []).append(reading)
    return [_line(reason, unread) for reason, unread in by_reason.items()]


def ranges_text(ranges: Sequence[AddressRange]) -> str:
    """The ranges as function:first-last, comma-separated: "4:0-9, 4:12"."""
    return ", ".join(f"{f}:{first}" if first == last else f"{f}:{first}-{last}" for f, first, last in ranges)


def _line(reason: str, unread: Sequence[Reading]) -> str:
    columns: dict[tuple[str, str], int] = {}
    for reading in unread:
        column = reading.value.table, reading.value.column
        columns[column] = columns.get(column, 0) + 1
    names = [f"{table} {name}" + (f" ({number})" if number > 1 else "") for (table, name), number in columns.items()]
    more = f" and {len(names) - MOST_COLUMNS} more columns" if len(names) > MOST_COLUMNS else ""
    where = ranges_text(address_ranges({key: 0 for reading in unread for key in keys_of(reading.value)}))
    values = "1 value" if len(unread) == 1 else f"{len(unread)} values"
    return f"{values} {_why(reason)}: {', '.join(names[:MOST_COLUMNS])}{more} at {where}"


def _why(reason: str) -> str:
    if exception_code(reason) is not None:
        return f"refused with {reason} ({explain(reason).meaning})"
    if reason == Reason.TIMEOUT:
        return "not answered, while others are (timeout)"
    return reason if reason == NOT_TRIED else f"not read ({reason}: {explain(reason).meaning})"
