"""Flushes: the samples of one transaction as bytes ready for COPY, and where each sample's rows lie in them.

Made by `core.decoding.normalise`, written by `adapters.postgres.writer`, which cuts out of them what the database has
already (`without`) and what it refuses (`core.storing.rejects`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, chain, pairwise

import numpy as np

from ess_ray.core.batch import device_of
from ess_ray.core.day import QUARTER_US
from ess_ray.core.samples import Device, Status

Key = tuple[Device, int]  # (device, tick_us) of a sample


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The keys of a flush, as a sequence of `Key`; in columns, since thousands pass and few are looked at."""

    names: Sequence[str]  # site/device
    ticks_us: np.ndarray  # int64, as long as `names`; microseconds since 1970 UTC

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Key:
        return device_of(self.names[index]), int(self.ticks_us[index])

    def __iter__(self) -> Iterator[Key]:
        return zip(map(device_of, self.names), self.ticks_us.tolist(), strict=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def of(cls, keys: Iterable[Key]) -> Keys:
        """Keys in columns."""
        devices, ticks_us = zip(*keys, strict=True) if (keys := list(keys)) else ((), ())
        return cls([str(device) for device in devices], np.array(ticks_us, np.int64))

    @property
    def sites(self) -> list[str]:
        """The site of each key."""
        return [name[: name.index("/")] for name in self.names]

    def at(self, indices: Sequence[int]) -> Keys:
        """The keys at these indices."""
        return Keys([self.names[index] for index in indices], self.ticks_us[np.array(indices, int)])


@dataclass(frozen=True, slots=True)
class TableRows:
    """Rows of one table as PostgreSQL binary COPY tuples, without the file header and trailer.

    `ends[i]` is the byte offset behind the last row of sample i (of the flush's `keys`): rows are in the order of the
    samples, so that one sample's rows can be cut out. `rows[i]` counts them.
    """

    table: str
    columns: tuple[str, ...]  # the COPY column list, in the order of the fields
    data: bytes
    ends: tuple[int, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Flush:
    """Samples and their rows. `samples` is the TableRows of table `sample`, one row a key."""

    keys: Keys  # of each sample; a key may stand there twice
    samples: TableRows
    tables: tuple[TableRows, ...]  # the data tables
    made_s: float = 0.0  # the time it took to make them


@dataclass(frozen=True, slots=True)
class Cost:
    """Rows and seconds of a flush on its way to the database, and transactions that were rolled back for it."""

    normalised_rows: int = 0
    normalise_s: float = 0.0
    copy_s: float = 0.0
    write_s: float = 0.0  # from the first transaction's begin to the last one's commit
    transactions: int = 0  # that were committed; of flushes that share one, the first has it, with its seconds
    duplicate_rollbacks: int = 0  # since the database had some of the samples
    refusal_rollbacks: int = 0  # since it refused some of the rows


@dataclass(frozen=True, slots=True)
class Committed:
    """The writer's answer to a flush."""

    duplicates: tuple[Key, ...]  # samples that the database had before, and so were not written again
    rows: Mapping[str, Mapping[str, int]]  # rows written, by site and table
    committed_us: int  # when, by the writer's clock, microseconds since 1970 UTC
    other_collectors: tuple[str, ...] = ()  # that wrote the duplicates: two must not poll the same devices
    rejected: Mapping[str, int] = field(default_factory=dict)  # rows that the database refused for good, by table
    demoted: Mapping[Key, Status] = field(default_factory=dict)  # what became of the samples that lost rows so
    # Rows by table of the duplicates that this collector itself has written: the answer to that commit may be lost.
    duplicate_rows: Mapping[Key, Mapping[str, int]] = field(default_factory=dict)
    cost: Cost = field(default_factory=Cost)
    left: Collection[Key] = ()  # samples that there was no time for: the same flush is to be written again


def touched_spans(keys: Keys) -> list[tuple[str, int, int]]:
    """(site, first tick, last tick) of each site's quarters of an hour that hold ticks: no local midnight lies in one.

    Both ticks are of the keys (last included), in microseconds since 1970 UTC. No order; empty without keys.
    """
    spans = []
    sites, quarters = keys.sites, keys.ticks_us // QUARTER_US
    for site in set(sites):
        of_site = np.array([other == site for other in sites])
        for quarter in np.unique(quarters[of_site]):
            ticks_us = keys.ticks_us[of_site & (quarters == quarter)]
            spans.append((site, int(ticks_us.min()), int(ticks_us.max())))
    return spans


def count_rows(flush: Flush) -> dict[str, dict[str, int]]:
    """Number of rows of the data tables (without `sample`), by site and table."""
    sites = flush.keys.sites
    counts = {site: {table.table: 0 for table in flush.tables} for site in set(sites)}
    for table in flush.tables:
        if len(counts) == 1:
            counts[sites[0]][table.table] = sum(table.rows)
        else:
            for site, rows in zip(sites, table.rows, strict=True):
                counts[site][table.table] += rows
    return counts


def rows_by_key(flush: Flush, keys: Collection[Key]) -> dict[Key, Mapping[str, int]]:
    """The number of rows that the samples with these keys have in the flush, by table; `keys` that it lacks are not."""
    if not keys:
        return {}
    indices = ((index, key) for index, key in enumerate(flush.keys) if key in keys)
    return {key: {table.table: table.rows[index] for table in flush.tables} for index, key in indices}


def without(flush: Flush, duplicates: Collection[Key]) -> Flush:
    """`flush` less the samples in `duplicates`, and less the repeats of a key: the first stays. `made_s` is 0."""
    seen, keep = set(duplicates), []
    for index, key in enumerate(flush.keys):
        if key not in seen:
            seen.add(key)
            keep.append(index)
    return _chosen(flush, keep)


def joined_rows(flushes: Sequence[Flush]) -> list[TableRows]:
    """The rows of all flushes for one transaction, `sample` first: one for each table and column list.

    They can be stored and not be cut: `ends` and `rows` are empty.
    """
    pieces: dict[tuple[str, tuple[str, ...]], list[bytes]] = {}
    for rows in chain((flush.samples for flush in flushes), *(flush.tables for flush in flushes)):
        pieces.setdefault((rows.table, rows.columns), []).append(rows.data)
    return [TableRows(table, columns, b"".join(data), (), ()) for (table, columns), data in pieces.items()]


def halves(flush: Flush) -> tuple[Flush, Flush]:
    """The first and the second half of the samples, at least two; `made_s` is 0."""
    middle = len(flush.keys) // 2
    return _chosen(flush, range(middle)), _chosen(flush, range(middle, len(flush.keys)))


def _chosen(flush: Flush, indices: Sequence[int]) -> Flush:
    return Flush(
        keys=flush.keys.at(indices),
        samples=_cut(flush.samples, indices),
        tables=tuple(_cut(table, indices) for table in flush.tables),
    )


def rows_by_sample(rows: TableRows) -> list[bytes]:
    """The COPY tuples of each sample, one behind the other; empty for a sample without rows."""
    return [rows.data[start:end] for start, end in pairwise((0, *rows.ends))]


def rejoined(rows: TableRows, pieces: Sequence[bytes], counts: Sequence[int]) -> TableRows:
    """The same table with other rows: `pieces` are each sample's COPY tuples, `counts` how many rows that is."""
    ends = tuple(accumulate(map(len, pieces)))
    return replace(rows, data=b"".join(pieces), ends=ends, rows=tuple(counts))


def _cut(rows: TableRows, keep: Sequence[int]) -> TableRows:
    pieces = rows_by_sample(rows)
    return rejoined(rows, [pieces[index] for index in keep], [rows.rows[index] for index in keep])
