"""The proof that the rows of the tables agree with the samples, identity by identity.

A stored or partial sample has one row of each identity (bank, rack, module) of its device's map; of rows that have a
period of their own (`core.maps.rates`), if that is due at its tick. Compared are the number of rows and the checksum of
their times. Comparing by identity keeps a dead rack from hiding in an average, and
the checksum keeps a doubled row from hiding a missing one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ess_ray.core.maps.registers import RegisterMap
from ess_ray.core.reporting.evidence import Evidence, IdentityRows, Outcome, SampleSum

Identities = Mapping[str, frozenset[tuple[int, ...]]]  # table → the identities of its rows


@dataclass(frozen=True, slots=True)
class TableReport:
    """One table of a device: how many identities it has, and numbers of rows of all of them together.

    `expected`: one of each identity and expected tick of its period; `rows`: in the table; `rejected`: refused.
    `missing` is summed by identity, so that extra rows of one do not make up for another; rejected ones are missing.
    """

    table: str
    identities: int
    expected: int
    rows: int
    rejected: int
    missing: int

    @property
    def loss_percent(self) -> float:
        """Missing rows in percent of the expected ones."""
        return percent(self.missing, self.expected)


@dataclass(frozen=True, slots=True)
class Unproven:
    """Rows of one identity (`ids`) in one span that do not agree with the samples; with equal counts, by their times.

    `expected`: the samples that are not failed, less the rows that the database refused; 0 for an identity that the map
    does not have. `rows`: those in the table.
    """

    table: str
    ids: tuple[int, ...]
    expected: int
    rows: int


def identities_of(register_map: RegisterMap) -> Identities:
    """The rows of a complete sample at which all are due, by table: (1, 2) is rack 2 of bank 1, () the only row."""
    identities: dict[str, set[tuple[int, ...]]] = {}
    for value in register_map.values:
        identities.setdefault(value.table, set()).add(value.ids)
    return {table: frozenset(ids) for table, ids in identities.items()}


class _IdentityProof(NamedTuple):
    """One row identity in one span: what it should have and what it has."""

    table: str
    ids: tuple[int, ...]
    ticks: int  # expected, at which this row is due
    samples: int  # that should have this row
    rows: int
    rejected: int
    agrees: bool


def prove(
    evidence: Sequence[Evidence], identities: Mapping[str, Identities]
) -> tuple[tuple[TableReport, ...], tuple[Unproven, ...]]:
    """The report on each table of a device, and the identities whose rows do not agree with the samples, span by span.

    `evidence`: of one device's spans. `identities`: by map hash, see `identities_of`. A map that is not
    in it (the configuration of a past day) is taken to have the identities that have rows.
    """
    by_table: dict[str, list[_IdentityProof]] = {}
    for part in evidence:
        for proof in _proofs(part, identities.get(part.span.map_hash)):
            by_table.setdefault(proof.table, []).append(proof)
    tables = (
        TableReport(
            table=table,
            identities=len({proof.ids for proof in proofs}),
            expected=sum(proof.ticks for proof in proofs),
            rows=sum(proof.rows for proof in proofs),
            rejected=sum(proof.rejected for proof in proofs),
            missing=sum(max(0, proof.ticks - proof.rows) for proof in proofs),
        )
        for table, proofs in by_table.items()
    )
    wrong = (proof for proofs in by_table.values() for proof in proofs if not proof.agrees)
    return tuple(tables), tuple(Unproven(proof.table, proof.ids, proof.samples, proof.rows) for proof in wrong)


def _proofs(evidence: Evidence, identities: Identities | None) -> Iterator[_IdentityProof]:
    """Every identity of the map (without a map: every identity that has rows), and every other identity with rows."""
    present = {(rows.table, rows.ids): rows for rows in evidence.rows}
    refused = {(rows.table, rows.ids): rows for rows in evidence.rejected}
    runs = [run for run in evidence.runs if run.outcome != Outcome.FAILED]
    sums = {0: SampleSum(sum(run.ticks for run in runs), sum(run.checksum for run in runs)), **evidence.read_every}
    span = evidence.span
    seen = present.keys() | refused.keys()
    due = seen if identities is None else {(table, ids) for table in identities for ids in identities[table]}
    for key in sorted(due | seen):
        nothing = IdentityRows(*key, count=0, checksum=0)
        rows, lost = present.get(key, nothing), refused.get(key, nothing)
        count, total = rows.count + lost.count, rows.checksum + lost.checksum
        if key in due:
            period_us = span.row_periods.get(key, 0)
            read, expected = sums.get(period_us, SampleSum(0, 0)), span.expected_every(period_us)
            agrees = (count, total) == read
            yield _IdentityProof(*key, expected, read.samples - lost.count, rows.count, lost.count, agrees)
        else:
            yield _IdentityProof(*key, 0, 0, rows.count, lost.count, agrees=False)


def percent(part: int, total: int) -> float:
    """100 part / total; 0 if the total is 0."""
    return 100.0 * part / total if total else 0.0
