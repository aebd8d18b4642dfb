"""A fleet as people collect it today: `python -m benchmarks.baselines WAY DSN DEVICES FIRST_PORT SECONDS`.

pymodbus: asyncio, a kept connection a device, values taken apart one by one, `executemany` and one commit a tick.
scripts: as simpler collectors do it, device after device, a new connection for every poll, an INSERT and a commit for
every row. Both write the data rows only: no journal, no account of what is missing. Prints how many device-ticks were
stored.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby

import psycopg
from psycopg.rows import TupleRow
from pymodbus.client import AsyncModbusTcpClient
from pyModbusTCP.client import ModbusClient

from benchmarks.floors import LoopFloor, name_of
from benchmarks.load_device import HOST
from benchmarks.material import layout
from ess_ray.adapters.postgres.schema import prepare
from ess_ray.core.maps.registers import Value

MAP = "sionyu"
SITE = "baseline"

Insert = tuple[str, list[tuple[object, ...]]]  # an INSERT and its rows


class Rows:
    """Images of a map's polls → INSERTs, value by value."""

    def __init__(self) -> None:
        of = layout(MAP)
        self._loop = LoopFloor(of)
        self._tables: dict[str, list[tuple[tuple[int, ...], list[list[Value]]]]] = {}
        self._inserts: dict[str, str] = {}
        ordered = sorted(of.map.values, key=lambda value: (value.table, value.ids, value.column, value.element or 0))
        for (table, ids), values in groupby(ordered, key=lambda value: (value.table, value.ids)):
            columns = [list(same) for _, same in groupby(values, key=lambda value: value.column)]
            self._tables.setdefault(table, []).append((ids, columns))
            identity = of.standard.tables[table].identity
            names = ["time", "site", "device", "quality", *identity, *(same[0].column for same in columns)]
            self._inserts[table] = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(['%s'] * len(names))})"

    def of(self, device: str, tick_s: int, image: bytes) -> list[Insert]:
        """By table."""
        values, head = self._loop.decode([image])[0][0], (datetime.fromtimestamp(tick_s, UTC), SITE, device, 0)
        return [
            (self._inserts[table], [(*head, *ids, *(_cell(values, same) for same in columns)) for ids, columns in rows])
            for table, rows in self._tables.items()
        ]


def _cell(values: dict[str, float], same: Sequence[Value]) -> object:
    first = same[0]
    if first.element is not None:
        return [values[name_of(one)] for one in same]
    value = values[name_of(first)]
    return bool(value) if first.column_type == "bool" else value


async def pymodbus(dsn: str, devices: int, first_port: int, seconds_s: int) -> int:
    """Device-ticks stored."""
    rows, connection = Rows(), await psycopg.AsyncConnection.connect(dsn)
    clients = [AsyncModbusTcpClient(HOST, port=first_port + number) for number in range(devices)]
    await asyncio.gather(*(client.connect() for client in clients))
    stored, tick_s = 0, int(time.time()) + 1
    end_s = tick_s + seconds_s
    while tick_s < end_s:
        await asyncio.sleep(tick_s - time.time())
        images = await asyncio.gather(*(_poll(client) for client in clients))
        by_insert: dict[str, list[tuple[object, ...]]] = {}
        for number, image in enumerate(images):
            for insert, added in rows.of(f"d{number:04d}", tick_s, image):
                by_insert.setdefault(insert, []).extend(added)
        async with connection.cursor() as cursor:
            for insert, added in by_insert.items():
                await cursor.executemany(insert.encode(), added)
        await connection.commit()
        stored += devices
        tick_s = max(tick_s + 1, int(time.time()) + 1)  # what has passed meanwhile is lost
    for client in clients:
        client.close()
    await connection.close()
    return stored


async def _poll(client: AsyncModbusTcpClient) -> bytes:
    image = b""
    for request in layout(MAP).plan.requests:
        read = client.read_holding_registers if request.function == 3 else client.read_input_registers
        answer = await read(request.address, count=request.count)
        image += b"".join(word.to_bytes(2, "big") for word in answer.registers)
    return image


def scripts(dsn: str, devices: int, first_port: int, seconds_s: int) -> int:
    """Device-ticks stored."""
    rows, stored, tick_s = Rows(), 0, int(time.time()) + 1
    end_s = tick_s + seconds_s
    with psycopg.connect(dsn) as connection:
        while tick_s < end_s:
            time.sleep(max(0.0, tick_s - time.time()))
            for number in range(devices):
                _store(connection, rows.of(f"d{number:04d}", tick_s, _read(first_port + number)))
                stored += 1
            tick_s = max(tick_s + 1, int(time.time()) + 1)
    return stored


def _read(port: int) -> bytes:
    client, image = ModbusClient(HOST, port), b""
    for request in layout(MAP).plan.requests:
        read = client.read_holding_registers if request.function == 3 else client.read_input_registers
        words = read(request.address, request.count)
        assert words, client.last_error_as_txt
        image += b"".join(word.to_bytes(2, "big") for word in words)
    client.close()
    return image


def _store(connection: psycopg.Connection[TupleRow], inserts: Sequence[Insert]) -> None:
    for insert, added in inserts:
        for row in added:
            connection.execute(insert.encode(), row)
            connection.commit()


WAYS: dict[str, Callable[[str, int, int, int], int]] = {
    "pymodbus": lambda *words: asyncio.run(pymodbus(*words)),
    "scripts": scripts,
}

if __name__ == "__main__":
    way, database, *numbers = sys.argv[1:]
    prepare(database, layout(MAP).standard)
    print(WAYS[way](database, *map(int, numbers)))
