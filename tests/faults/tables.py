"""The rows of the database, as the verdict reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from tests.faults.database import Server
from tests.faults.history import Tick
from tests.faults.plants import Plants

Row = tuple[int | None, ...]  # giver, number, clock_ms, checksum
Rows = list[tuple[int | None, Row]]  # by part
SAMPLES = "SELECT substr(device, 2)::int, extract(epoch FROM time)::bigint, status, reason FROM sample"
ROWS = (
    "SELECT substr(device, 2)::int, extract(epoch FROM time)::bigint, {part}, giver, number, clock_ms, checksum "
    "FROM {table}"
)


@dataclass
class Tables:
    """Samples with their reasons, and the data rows of each tick."""

    samples: dict[Tick, tuple[str, str | None]]
    heads: Mapping[Tick, Rows] = field(default_factory=dict)
    parts: Mapping[Tick, Rows] = field(default_factory=dict)
    site_of: Mapping[int, str] = field(default_factory=dict)  # of the devices whose days are looked at
    closed: set[Tick] = field(default_factory=set)  # ticks of the days that are over

    def of_object(self, site: str, table: str) -> set[tuple[str, ...]]:
        """The rows of a site's day that is over as an object has them: device, second, part, then the values."""
        ticks = [tick for tick in self.closed if self.site_of.get(tick[0]) == site]
        by_tick = self.heads if table == "head" else self.parts
        rows: list[tuple[Tick, int | None, tuple[object, ...]]]
        if table == "sample":
            rows = [(tick, None, self.samples[tick]) for tick in ticks if tick in self.samples]
        else:
            rows = [(tick, part, row) for tick in ticks for part, row in by_tick.get(tick, [])]
        return {(str(tick[0]), str(tick[1]), _text(part), *map(_text, values)) for tick, part, values in rows}


def read_tables(server: Server, plants: Plants | None = None) -> Tables:
    """The rows as they are now; `plants` says which days are over."""
    samples = {(device, s): (status, reason) for device, s, status, reason in server.query(SAMPLES)}
    tables = Tables(samples, _rows(server, "head", "NULL::int"), _rows(server, "part", "part"))
    if plants and plants.closed:
        tables.site_of = {device: plants.site_of(device) for device in range(plants.devices)}
        tables.closed = {tick for tick in {*samples, *tables.heads, *tables.parts} if _is_of(plants, tick)}
    return tables


def _is_of(plants: Plants, tick: Tick) -> bool:
    of: date = plants.date_at(*tick)
    return of == plants.closed


def _rows(server: Server, table: str, part: str) -> dict[Tick, Rows]:
    rows: dict[Tick, Rows] = defaultdict(list)
    for device, second, number, *values in server.query(ROWS.format(table=table, part=part)):
        rows[device, second].append((number, tuple(values)))
    return rows


def _text(value: object) -> str:
    return "" if value is None else str(value)
