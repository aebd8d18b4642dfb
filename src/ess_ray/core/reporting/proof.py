"""Whether the rows of the tables agree with the samples, identity by identity.

A stored or partial sample has one row of each identity of its device's map. Compared are the count and a sum of hashes
of the times: so neither a dead rack hides in an average nor a row that came twice behind one that is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.reporting.evidence import Evidence, Fate, Rows

Identities = Mapping[str, frozenset[tuple[int, ...]]]  # table → the identities of its rows


@dataclass(frozen=True, slots=True)
class TableReport:
    """One table of a device; `missing` counts by identity, so that rows too many elsewhere do not fill it up."""

    table: str
    identities: int
    expected: int
    rows: int
    rejected: int
    missing: int

    @property
    def loss_percent(self) -> float:
        """Of the expected rows."""
        return percent(self.missing, self.expected)


@dataclass(frozen=True, slots=True)
class Unproven:
    """Rows that do not agree with the samples. Equal counts: the rows stand at other ticks."""

    table: str
    ids: tuple[int, ...]
    expected: int
    rows: int


def identities_of(register_map: RegisterMap) -> Identities:
    """The rows that one whole sample has."""
    found: dict[str, set[tuple[int, ...]]] = {}
    for value in register_map.values:
        found.setdefault(value.table, set()).add(value.ids)
    return {table: frozenset(ids) for table, ids in found.items()}


class _Line(NamedTuple):
    """One row identity of a span."""

    table: str
    ids: tuple[int, ...]
    ticks: int  # expected of the device
    samples: int  # that should have this row
    rows: int
    rejected: int
    agrees: bool


def prove(
    evidence: Sequence[Evidence], known: Mapping[str, Identities]
) -> tuple[tuple[TableReport, ...], tuple[Unproven, ...]]:
    """Table by table, and what does not agree. `known`: identities by map hash; of other maps those seen are due."""
    by_table: dict[str, list[_Line]] = {}
    for one in evidence:
        for line in _lines(one, known.get(one.span.map_hash)):
            by_table.setdefault(line.table, []).append(line)
    tables = (
        TableReport(
            table=table,
            identities=len({line.ids for line in lines}),
            expected=sum(line.ticks for line in lines),
            rows=sum(line.rows for line in lines),
            rejected=sum(line.rejected for line in lines),
            missing=sum(max(0, line.ticks - line.rows) for line in lines),
        )
        for table, lines in by_table.items()
    )
    wrong = (line for lines in by_table.values() for line in lines if not line.agrees)
    return tuple(tables), tuple(Unproven(line.table, line.ids, line.samples, line.rows) for line in wrong)


def _lines(evidence: Evidence, known: Identities | None) -> Iterator[_Line]:
    """Every identity that should be there (without a known map: that was seen), and every one that is."""
    found = {(rows.table, rows.ids): rows for rows in evidence.rows}
    refused = {(rows.table, rows.ids): rows for rows in evidence.rejected}
    read = [run for run in evidence.runs if run.fate != Fate.FAILED]
    samples, checksum = sum(run.ticks for run in read), sum(run.checksum for run in read)
    seen = found.keys() | refused.keys()
    due = seen if known is None else {(table, ids) for table in known for ids in known[table]}
    for key in sorted(due | seen):
        nothing = Rows(*key, count=0, checksum=0)
        rows, lost = found.get(key, nothing), refused.get(key, nothing)
        count, total = rows.count + lost.count, rows.checksum + lost.checksum
        if key in due:
            agrees = (count, total) == (samples, checksum)
            yield _Line(*key, evidence.span.expected, samples - lost.count, rows.count, lost.count, agrees)
        else:
            yield _Line(*key, 0, 0, rows.count, lost.count, agrees=False)


def percent(part: int, whole: int) -> float:
    """100 part / whole; nothing of nothing is 0."""
    return 100.0 * part / whole if whole else 0.0
