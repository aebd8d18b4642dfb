"""Flushes for the tests of the database side, encoded from PostgreSQL's manual and not by the code under test."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import psycopg

from ess_ray.core.maps.column_types import Column
from ess_ray.core.maps.standard import Standard, Table
from ess_ray.core.samples import Device
from ess_ray.core.storing.flush import Flush, Key, Keys, TableRows

BANK_COLUMNS = {
    "soc": "float8",
    "alarms": "int2[]",
    "energy": "int8",
    "count": "int4",
    "closed": "bool",
    "label": "text",
}
STANDARD = Standard(
    {
        "bank": Table("bank", ("bank_id",), {name: Column(name, kind, "", "") for name, kind in BANK_COLUMNS.items()}),
        "pcs": Table("pcs", (), {"power": Column("power", "float8", "kW", "")}),
    }
)
PG_EPOCH_US = 946_684_800_000_000  # 2000-01-01 UTC
T0 = 1_790_000_000_000_000
FORMATS = {"int2": ">h", "int4": ">i", "int8": ">q", "float4": ">f", "float8": ">d", "bool": ">?"}
SAMPLE_TYPES = {
    "time": "timestamptz", "site": "text", "device": "text", "status": "text", "reason": "text", "missing": "text",
    "read_ms": "float4", "requests": "int2", "retries": "int2",
}  # fmt: skip
BANK_TYPES = {
    "time": "timestamptz",
    "site": "text",
    "device": "text",
    "quality": "int2",
    "bank_id": "int2",
} | BANK_COLUMNS
PCS_TYPES = {"time": "timestamptz", "site": "text", "device": "text", "quality": "int2", "power": "float8"}


def field(kind: str, value: object) -> bytes:
    """One field of a binary COPY tuple (PostgreSQL manual, COPY), written from the manual for these tests."""
    if value is None:
        return struct.pack(">i", -1)
    if kind == "timestamptz":
        kind, value = "int8", int(str(value)) - PG_EPOCH_US
    if kind == "int2[]":
        assert isinstance(value, list)
        data = struct.pack(">iiiii", 1, int(None in value), 21, len(value), 1)
        data += b"".join(field("int2", element) for element in value)
    elif kind == "text":
        data = str(value).encode()
    else:
        data = struct.pack(FORMATS[kind], value)
    return struct.pack(">i", len(data)) + data


def rows(table: str, types: dict[str, str], samples: Sequence[Sequence[Sequence[object]]]) -> TableRows:
    """Rows as COPY tuples; `samples`: for each sample its rows."""
    pieces = [
        b"".join(struct.pack(">h", len(types)) + b"".join(map(field, types.values(), row)) for row in of_sample)
        for of_sample in samples
    ]
    ends = tuple(sum(map(len, pieces[: i + 1])) for i in range(len(pieces)))
    return TableRows(table, tuple(types), b"".join(pieces), ends, tuple(map(len, samples)))


def flush_of(keys: Sequence[Key], soc: float = 50.5) -> Flush:
    """Two bank rows a sample, and a pcs row."""
    starts = [(tick_us, device.site, device.device) for device, tick_us in keys]
    return Flush(
        Keys.of(keys),
        rows("sample", SAMPLE_TYPES, [[(*start, "stored", None, None, 12.5, 7, 0)] for start in starts]),
        (
            rows(
                "bank",
                BANK_TYPES,
                [[(*start, 0, b, soc, [1, None], -5, 6, True, "ä") for b in (1, 2)] for start in starts],
            ),
            rows("pcs", PCS_TYPES, [[(*start, 0, -1.5)] for start in starts]),
        ),
    )


def keys_of(ticks: range, device: str = "rack-1") -> list[Key]:
    return [(Device("jeju", device), T0 + tick * 1_000_000) for tick in ticks]


def compress(dsn: str, *tables: str) -> None:
    """Compress every chunk now. TimescaleDB's policy is removed first: where both come to a chunk, one is refused."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in tables:
            connection.execute("SELECT remove_compression_policy(%s)", [table])
            connection.execute("SELECT compress_chunk(chunk) FROM show_chunks(%s) chunk", [table])


def counts(dsn: str) -> tuple[int, ...]:
    with psycopg.connect(dsn) as connection:
        rows = (connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("sample", "bank", "pcs"))
        return tuple(row[0] for row in rows if row)
