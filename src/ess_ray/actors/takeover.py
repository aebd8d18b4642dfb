"""The ledger of a database that was filled from a store takes the store's objects over: nothing is uploaded again.

Each table's day is read back: if it is what the object was made of, the object is entered as if this database had
exported it, whatever database wrote it. If the database has all of the object and more, it is entered as one that may
have changed, so that the next export replaces it. An object of which the database lacks anything is not entered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ess_ray.actors.entries import SCHEMA, entry_of, has_content
from ess_ray.adapters.postgres.day_rows import DayRows, open_day
from ess_ray.adapters.postgres.ledger import Ledger
from ess_ray.adapters.stores.checksum import Checksum
from ess_ray.core.day import Day
from ess_ray.core.exporting.objects import DayObject, LedgerEntry
from ess_ray.core.exporting.restoring import CONTENT, ObjectContent
from ess_ray.core.exporting.store import Store, StoredObject

UNKNOWN = ""  # a mark of which the ledger cannot tell if the day changed since: the next export compares


@dataclass(frozen=True, slots=True)
class _ReadBack:
    """A table's day in the database, read in full."""

    rows: DayRows
    content: Checksum


class TakeOver:
    """Takes objects over into the ledger of one store."""

    def __init__(self, dsn: str, ledger: Ledger, store: Store) -> None:
        """`ledger`: the one of `store`, in the database of `dsn`."""
        self._dsn = dsn
        self._ledger = ledger
        self._store = store

    def day(self, site: str, day: Day, restored: Mapping[str, ObjectContent]) -> Iterator[tuple[float, int]]:
        """Take a day's objects over; yields the share of the work that is done, and how many were entered since.

        `restored`: by table, the objects of which the database has every row.
        """
        day_objects = [each for each in self._ledger.day_objects(site, day) if each.table in restored]
        tables = [list(group) for _, group in groupby(day_objects, key=lambda each: each.table)]
        for number, of_table in enumerate(tables, 1):
            yield number / len(tables), self._table(of_table, restored[of_table[0].table])

    def _table(self, day_objects: Sequence[DayObject], restored: ObjectContent) -> int:
        """Take over the objects of a table's day, one for each format; returns how many were entered."""
        entered, read_back = 0, None
        # Late commits that the snapshot does not show are not forgotten before the entry is there.
        with self._ledger.claim(day_objects[0]):
            for day_object in day_objects:
                stored = self._store.stat(day_object.name)
                entry, changed = self._ledger.entry_of(day_object)
                if stored is None or (entry and entry.agrees(stored) and changed is False and not entry.dropped):
                    continue
                read_back = read_back or self._read(day_object)
                if new := self._entry(day_object, stored, read_back, restored):
                    self._ledger.take_over(day_object, new)
                    entered += 1
        return entered

    def _read(self, day_object: DayObject) -> _ReadBack:
        content = Checksum()
        with open_day(self._dsn, day_object, identity=self._ledger.identity, dropped_too=True) as rows:
            content.add(rows.header)
            for block in rows:
                content.add(block)
        return _ReadBack(rows, content)

    def _entry(
        self, day_object: DayObject, stored: StoredObject, read_back: _ReadBack, restored: ObjectContent
    ) -> LedgerEntry | None:
        rows, content, location = read_back.rows, read_back.content, self._store.location
        is_restored = stored.crc32c == restored.crc32c
        if has_content(stored, day_object, content) or (is_restored and restored.content_crc32c == content.crc32c):
            return entry_of(day_object, rows, content, stored, location)
        # The other formats of the day that was restored hold the same.
        content_crc32c = restored.content_crc32c
        if not is_restored and (content_crc32c is None or stored.metadata.get(CONTENT) != f"{content_crc32c:08x}"):
            return None
        return replace(
            entry_of(day_object, rows, content, stored, location),
            content_crc32c=content_crc32c or 0,
            rows=restored.rows,
            first_us=restored.first_us,
            last_us=restored.last_us,
            mark=UNKNOWN,
            schema_hash=stored.metadata.get(SCHEMA, ""),
        )
