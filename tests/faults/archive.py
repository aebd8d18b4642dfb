"""Every object that was ever made in the bucket, and what the objects have to hold when all is over.

Each sample that was in an object once has to be in it for ever, cell by cell. An object whose day is not held has all
that the database has of that day, and more only if the database has lost some of it; only then may a day be held.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

from tests.faults.devices import HEAD, PARTS
from tests.faults.history import Tick
from tests.faults.tables import Row, Tables
from tests.faults.verdict import Given, Verdict, why_wrong
from tests.stores import BUCKET, FakeStore

LATE = 4  # of the column `quality`: the sample was committed late, which may be so the second time only
ANSWER = ("giver", "number", "clock_ms", "checksum")
ADDRESSES = {"head": HEAD, "part": PARTS}
APART = ("part", "kind", "table_name", "row_data")  # columns that tell rows of a tick apart
COMPARED = {"sample", *ADDRESSES}  # of events and configurations no row may be gone or doubled, and that is all
HELD = re.compile(r"^(\S+) \S+ (\w+) \(csv\): held, ", re.MULTILINE)

Key = tuple[int, str, str]  # device, time, and what tells the rows of a tick apart
Cells = Mapping[str, str]


class Bucket(list[tuple[str, int]]):
    """Takes the place of `FakeStore.made`: keeps the bytes of each generation, read before there can be another."""

    def __init__(self, store: FakeStore) -> None:
        super().__init__()
        self.generations: list[tuple[str, bytes]] = []  # name and bytes, in the order in which they were made
        self._store = store
        store.made = self

    def append(self, made: tuple[str, int]) -> None:
        """An object was made; the store's lock is held."""
        super().append(made)
        self.generations.append((made[0], self.read(made[0])))

    def read(self, name: str) -> bytes:
        """The bytes of an object now; none if there is no such object."""
        status, body, _ = self._store.request("GET", f"/storage/v1/b/{BUCKET}/o/{quote(name, safe='')}?alt=media")
        return body if status == 200 else b""

    def archived(self, output: str) -> Archived:
        """What the bucket has now, and had; `output`: that of a `job=export` over the days that are over."""
        now = {name: self.read(name) for name, _ in self.generations}
        return Archived(self.generations, now, {(site, table) for site, table in HELD.findall(output)})


@dataclass(frozen=True)
class Archived:
    """The objects: all generations, those of the end, and site and table of those that are held."""

    generations: Sequence[tuple[str, bytes]]
    now: Mapping[str, bytes]
    held: set[tuple[str, str]] = field(default_factory=set)


def parse(content: bytes) -> tuple[dict[Key, Cells], list[Key]]:
    """The rows of an object, and the keys that it has twice."""
    rows: dict[Key, Cells] = {}
    doubled = []
    for cells in csv.DictReader(io.StringIO(content.decode(), newline="")):
        time = datetime.fromisoformat(cells["time"]).astimezone(UTC).isoformat()
        key = int(cells["device"].removeprefix("d") or 0), time, "".join(cells.get(name) or "" for name in APART)
        if key in rows:
            doubled.append(key)
        rows[key] = cells
    return rows, doubled


def judge_archive(verdict: Verdict, archived: Archived, given: Given, tables: Tables, missing: set[Tick]) -> None:
    """Accuse what is not in the objects as it should be. `missing`: what the database has lost of the day."""
    lossy = {tables.site_of.get(device) for device, _ in missing}
    now = {name: parse(content)[0] for name, content in archived.now.items()}
    ever: set[tuple[str, Key]] = set()
    for name, content in archived.generations:
        rows, doubled = parse(content)
        ever.update((name, key) for key in rows)
        for key in doubled:
            verdict.accuse("doubled", _tick(key), f"{name} had {key} twice")
        _judge_kept(verdict, name, rows, now[name])
    verdict.exported = sum(name.endswith("_sample.csv") for name, _ in ever)
    for name, rows in now.items():
        site, table = name.split("/")[0], _table(name)
        if table not in COMPARED:
            continue
        if table in ADDRESSES:
            _judge_values(verdict, given, table, rows)
        if (site, table) not in archived.held:
            _compare(verdict, name, table, rows, tables.of_object(site, table), missing)
        elif site not in lossy:
            verdict.accuse("wrong", (0, 0), f"{name} is held, and the database has lost nothing of it")
    verdict.held = len(archived.held)


def _judge_kept(verdict: Verdict, name: str, rows: Mapping[Key, Cells], now: Mapping[Key, Cells]) -> None:
    """What a generation of an object had, and what the object has now."""
    for key, cells in rows.items():
        left = now.get(key)
        if left is None:
            verdict.accuse("gone", _tick(key), f"{name} had {key}, and has it no more")
        elif _table(name) in COMPARED and _lasting(left) != _lasting(cells):
            verdict.accuse("wrong", _tick(key), f"{name} had {dict(cells)}, and has {dict(left)}")


def _judge_values(verdict: Verdict, given: Given, table: str, rows: Mapping[Key, Cells]) -> None:
    for key, cells in rows.items():
        row: Row = tuple(int(cells[name]) if cells[name] else None for name in ANSWER)
        if any(row):
            answer = given.by_number.get((key[0], row[1] or 0))
            if why := why_wrong(answer, _tick(key), row, ADDRESSES[table]):
                verdict.accuse("wrong", _tick(key), f"in an object: {why}: {row}, {answer}")


def _compare(
    verdict: Verdict, name: str, table: str, rows: Mapping[Key, Cells], stored: set[tuple[str, ...]], missing: set[Tick]
) -> None:
    """An object that is not held and the database's rows of that day: the same, but for what the database has lost.

    Nothing notices that by itself; a day is held once something is to take its place.
    """
    exported = {(str(key[0]), str(_tick(key)[1]), key[2], *_values(table, cells)) for key, cells in rows.items()}
    for row in sorted(stored - exported):
        verdict.accuse("gone", (int(row[0]), int(row[1])), f"{name} is not held, and lacks {row}")
    for row in sorted(exported - stored):
        if (tick := (int(row[0]), int(row[1]))) not in missing:
            verdict.accuse("wrong", tick, f"{name} is not held, and has {row}: the database has not")


def _values(table: str, cells: Cells) -> tuple[str, ...]:
    return tuple(cells[name] for name in (("status", "reason") if table == "sample" else ANSWER))


def _lasting(cells: Cells) -> dict[str, str]:
    """The cells without what may differ when a sample is stored a second time."""
    lasting = dict(cells)
    if "quality" in lasting:
        lasting["quality"] = str(int(lasting["quality"]) & ~LATE)
    return lasting


def _table(name: str) -> str:
    return name.rpartition("_")[2].removesuffix(".csv")


def _tick(key: Key) -> Tick:
    return key[0], int(datetime.fromisoformat(key[1]).timestamp())
