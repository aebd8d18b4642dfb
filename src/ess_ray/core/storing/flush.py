"""What goes to the database in one transaction: bytes ready for COPY, and where each sample's rows lie in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise

import numpy as np

from ess_ray.core.batch import device_of
from ess_ray.core.day import QUARTER_US
from ess_ray.core.samples import Device, Status

Key = tuple[Device, int]  # (device, tick_us) of a sample


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """The keys of a flush, as a sequence of `Key`; in columns, since thousands pass and few are looked at."""

    names: Sequence[str]  # site/device
    ticks_us: np.ndarray

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, place: int) -> Key:
        return device_of(self.names[place]), int(self.ticks_us[place])

    def __iter__(self) -> Iterator[Key]:
        return zip(map(device_of, self.names), self.ticks_us.tolist(), strict=True)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def of(cls, keys: Iterable[Key]) -> Keys:
        """These keys in columns."""
        devices, ticks_us = zip(*keys, strict=True) if (keys := list(keys)) else ((), ())
        return cls([str(device) for device in devices], np.array(ticks_us, np.int64))

    @property
    def sites(self) -> list[str]:
        """Of each key."""
        return [name[: name.index("/")] for name in self.names]

    def less(self, keep: Sequence[int]) -> Keys:
        """Those at the given places."""
        return Keys([self.names[place] for place in keep], self.ticks_us[np.array(keep, int)])


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

    keys: Keys  # of each sample
    samples: TableRows
    tables: tuple[TableRows, ...]  # the data tables
    made_s: float = 0.0  # what it took to make them


@dataclass(frozen=True, slots=True)
class Cost:
    """What a flush took, on its way to the database."""

    normalised_rows: int = 0
    normalise_s: float = 0.0
    copy_s: float = 0.0
    write_s: float = 0.0  # from the first transaction's begin to the last one's commit
    known: int = 0  # transactions that were rolled back since samples were known
    refused: int = 0  # and since rows were refused


@dataclass(frozen=True, slots=True)
class Committed:
    """The answer to a flush."""

    known: tuple[Key, ...]  # samples that the database had before, and so were not written again
    rows: Mapping[str, Mapping[str, int]]  # rows written, by site and table
    committed_us: int  # when, by the writer's clock, microseconds since 1970 UTC
    others: tuple[str, ...] = ()  # the collectors, but for this one, that wrote the known samples: they should not
    rejected: Mapping[str, int] = field(default_factory=dict)  # rows that the database refused for good, by table
    demoted: Mapping[Key, Status] = field(default_factory=dict)  # what became of the samples that lost rows so
    cost: Cost = field(default_factory=Cost)


def touched(keys: Keys) -> list[tuple[str, int, int]]:
    """(site, first_us, last_us) of each quarter of an hour that holds ticks: no local midnight lies within one."""
    found = []
    sites, quarters = keys.sites, keys.ticks_us // QUARTER_US
    for site in set(sites):
        here = np.array([one == site for one in sites])
        for quarter in np.unique(quarters[here]):
            ticks_us = keys.ticks_us[here & (quarters == quarter)]
            found.append((site, int(ticks_us.min()), int(ticks_us.max())))
    return found


def count_rows(flush: Flush) -> dict[str, dict[str, int]]:
    """Rows of the data tables, by site and table."""
    sites = flush.keys.sites
    counts = {site: {table.table: 0 for table in flush.tables} for site in set(sites)}
    for table in flush.tables:
        if len(counts) == 1:
            counts[sites[0]][table.table] = sum(table.rows)
        else:
            for site, rows in zip(sites, table.rows, strict=True):
                counts[site][table.table] += rows
    return counts


def without(flush: Flush, known: Collection[Key]) -> Flush:
    """`flush` less the samples in `known`, and less the repeats of a key: of equal keys the first stays."""
    seen, keep = set(known), []
    for place, key in enumerate(flush.keys):
        if key not in seen:
            seen.add(key)
            keep.append(place)
    return Flush(
        keys=flush.keys.less(keep),
        samples=_cut(flush.samples, keep),
        tables=tuple(_cut(table, keep) for table in flush.tables),
    )


def rows_by_sample(rows: TableRows) -> list[bytes]:
    """The tuples of each sample."""
    return [rows.data[start:end] for start, end in pairwise((0, *rows.ends))]


def rejoined(rows: TableRows, pieces: Sequence[bytes], counts: Sequence[int]) -> TableRows:
    """The same table with other tuples: `pieces` and how many rows they are, one each a sample."""
    ends = tuple(accumulate(map(len, pieces)))
    return replace(rows, data=b"".join(pieces), ends=ends, rows=tuple(counts))


def _cut(rows: TableRows, keep: Sequence[int]) -> TableRows:
    pieces = rows_by_sample(rows)
    return rejoined(rows, [pieces[place] for place in keep], [rows.rows[place] for place in keep])
