"""PostgreSQL takes the tuples of core.decoding.pgcopy and gives the values back."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import psycopg

from ess_ray.core.decoding.pgcopy import encode
from tests.decoded import column_of

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
COLUMNS: list[tuple[str, list[Any]]] = [  # type, one value a row
    ("timestamptz", [datetime(2026, 11, 22, 0, 0, 0, 1, UTC), datetime(1969, 1, 1, tzinfo=UTC), None]),
    ("text", ["", "é석 ", None]),
    ("int2", [-(1 << 15), (1 << 15) - 1, None]),
    ("int4", [-(1 << 31), (1 << 31) - 1, None]),
    ("int8", [-(1 << 63), (1 << 63) - 1, None]),
    ("float4", [-math.inf, -0.0, None]),
    ("float8", [math.inf, 5e-324, None]),
    ("float8", [-0.0, 1.7976931348623157e308, -0.9]),
    ("bool", [True, False, None]),
    ("int2[]", [[1, None, -(1 << 15)], [], None]),
    ("int4[]", [[1, 2], [(1 << 31) - 1, None], None]),
    ("int8[]", [[-(1 << 63)], [0], [1]]),
    ("float4[]", [[0.5], [math.inf, None], None]),
    ("float8[]", [[-0.0, 0.1], None, [None]]),
]  # fmt: skip


def test_all_types_come_back_from_the_database(dsn: str) -> None:
    names = [f"c{number}" for number in range(len(COLUMNS))]
    types = [of for of, _ in COLUMNS]
    data, _ = encode([column_of(of, values) for of, values in COLUMNS], types)
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        columns = ", ".join(f"{name} {of}" for name, of in zip(names, types, strict=True))
        cursor.execute(f"CREATE TABLE t (row int4 GENERATED ALWAYS AS IDENTITY, {columns})")
        with cursor.copy(f"COPY t ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.write(HEADER + data + TRAILER)
        found = cursor.execute(f"SELECT {', '.join(names)} FROM t ORDER BY row").fetchall()
    expected = list(zip(*(values for _, values in COLUMNS), strict=True))
    assert found == expected
    assert [str(row[5]) for row in found] == ["-inf", "-0.0", "None"]  # == does not see the sign of a zero
