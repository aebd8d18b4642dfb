"""The history of devices, joined again from days: what `job=restore` enters into the table `device`.

An object of the table `device` has the configurations of a day, cut to the day. Restored day by day they grow together
to what they were. What the database has already counts: only times of which it says nothing are entered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

ConfigurationValues = tuple[str | float | None, ...]  # map, map_hash, period_s, phase_s, delivers, timezone


@dataclass(frozen=True, slots=True)
class Configuration:
    """A device's configuration in [start_us, end_us), microseconds since 1970 UTC; None: until now."""

    device: str
    start_us: int
    end_us: int | None
    values: ConfigurationValues


@dataclass(frozen=True, slots=True)
class JoinedHistory:
    """The changes that add restored configurations to those of the database.

    `longer`: pairs of a row as it is and as it shall be. `added`: rows that are new. `lacking`: number of restored
    configurations of which the database has other values for some of the time, which stay.
    """

    longer: tuple[tuple[Configuration, Configuration], ...]
    added: tuple[Configuration, ...]
    new: int  # number of restored configurations of which any time is entered
    lacking: int


_Row = tuple[Configuration | None, Configuration]  # as it is in the table, None: not at all; and as it shall be


def join(existing: Iterable[Configuration], restored: Sequence[Configuration]) -> JoinedHistory:
    """Join the restored configurations of one site to those of its database.

    `existing`: all of the devices of `restored`, as the table has them.
    """
    rows_of: dict[str, list[_Row]] = {}
    for row in existing:
        if _end(row) > row.start_us:
            rows_of.setdefault(row.device, []).append((row, row))
    new = lacking = 0
    longer: list[tuple[Configuration, Configuration]] = []
    added: list[Configuration] = []
    for configuration in sorted(restored, key=lambda each: each.start_us):
        rows = rows_of.setdefault(configuration.device, [])
        pieces = _free([row for _, row in rows], configuration)
        new += bool(pieces)
        for piece in pieces:
            _enter(rows, piece)
        lacking += not _covered([row for _, row in rows], configuration)
    for rows in rows_of.values():
        longer += [(before, row) for before, row in rows if before is not None and before != row]
        added += [row for before, row in rows if before is None]
    return JoinedHistory(tuple(longer), tuple(added), new, lacking)


def _free(rows: Iterable[Configuration], wanted: Configuration) -> list[Configuration]:
    """The parts of `wanted` of whose time no row says anything."""
    pieces, start_us = [], wanted.start_us
    for row in sorted(rows, key=lambda each: each.start_us):
        if row.start_us >= _end(wanted):
            break
        if row.start_us > start_us:
            pieces.append(replace(wanted, start_us=start_us, end_us=row.start_us))
        start_us = int(min(max(start_us, _end(row)), _end(wanted)))
    if start_us < _end(wanted):
        pieces.append(replace(wanted, start_us=start_us))
    return pieces


def _enter(rows: list[_Row], piece: Configuration) -> None:
    """Make a row longer that ends where the piece begins, or begins where it ends; else add the piece."""
    for index, (before, row) in enumerate(rows):
        if row.values == piece.values and row.end_us == piece.start_us:
            rows[index] = (before, replace(row, end_us=piece.end_us))
            return
        if row.values == piece.values and row.start_us == piece.end_us:
            rows[index] = (before, replace(row, start_us=piece.start_us))
            return
    rows.append((None, piece))


def _covered(rows: Iterable[Configuration], wanted: Configuration) -> bool:
    """True if rows with the same values, one behind the other, cover all of `wanted`."""
    reached_us = wanted.start_us
    for row in sorted(rows, key=lambda each: each.start_us):
        if row.values == wanted.values and row.start_us <= reached_us < _end(row):
            reached_us = int(min(_end(row), _end(wanted)))
    return reached_us >= _end(wanted)


def _end(configuration: Configuration) -> float:
    return float("inf") if configuration.end_us is None else configuration.end_us
