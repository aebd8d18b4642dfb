"""Devices that number every answer, stamp it with their clock and note it: what was really given, to compare with.

`python -m tests.faults.devices FILE COUNT HOST` serves COUNT devices, one port each but for the last two, which share a
port as units 1 and 2; it prints their ports as JSON, and appends to FILE one line an answer, before it is sent:
device, number, clock in ms since 1970, connection, first register asked. The map is conf/map/numbered.yaml.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple, cast

HEAD, PARTS = 0, 1000  # first registers of the two requests
BLOCK_REGISTERS = 9
CONNECTIONS = count(1)


class Answer(NamedTuple):
    """One answer that was given."""

    device: int
    number: int
    clock_ms: int
    connection: int
    address: int


def checksum(device: int, number: int, clock_ms: int) -> int:
    """The checksum that binds the values of an answer together."""
    return zlib.crc32(struct.pack(">HIQ", device, number, clock_ms))


def read_answers(file: Path) -> list[Answer]:
    """The notes, in the order of the answers."""
    return [Answer(*map(int, line.split())) for line in file.read_text().splitlines()]


class Device:
    """One device: how many answers it has given."""

    def __init__(self, device: int, notes: int) -> None:
        self._device = device
        self._notes = notes
        self._number = 0

    def answer(self, connection: int, pdu: bytes) -> bytes:
        """The answer's PDU to a request to read registers."""
        function, address, registers = struct.unpack(">BHH", pdu)
        first = PARTS if address >= PARTS else HEAD
        blocks = 2 if first == PARTS else 1
        if function != 3 or address + registers > first + blocks * BLOCK_REGISTERS:
            return bytes((function | 0x80, 2))
        self._number += 1
        clock_ms = time.time_ns() // 1_000_000
        values = self._device, self._number, clock_ms
        image = struct.pack(">HIQI", *values, checksum(*values)) * blocks
        os.write(self._notes, f"{self._device} {self._number} {clock_ms} {connection} {address}\n".encode())
        data = image[2 * (address - first) :][: 2 * registers]
        return bytes((function, len(data))) + data


class Connection(asyncio.Protocol):
    """One client of the devices behind a port, by unit id."""

    def __init__(self, units: Sequence[Device]) -> None:
        self._units = units
        self._number = next(CONNECTIONS)
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Every request is twelve bytes: the header, function, address, count."""
        self._pending += data
        while len(self._pending) >= 12:
            request, self._pending = self._pending[:12], self._pending[12:]
            pdu = self._units[request[6] - 1].answer(self._number, request[7:])
            self._transport.write(request[:4] + struct.pack(">H", len(pdu) + 1) + request[6:7] + pdu)


def groups(devices: int) -> list[list[int]]:
    """Which devices stand behind one port."""
    return [[one] for one in range(devices - 2)] + [[devices - 2, devices - 1]]


async def serve(file: Path, devices: int, host: str) -> None:
    """Serve until the end of the process."""
    notes = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    made = [[Device(one, notes) for one in group] for group in groups(devices)]
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(lambda units=units: Connection(units), host, 0)  # type: ignore[misc]
        for units in made
    ]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.Event().wait()


@contextmanager
def numbered_devices(file: Path, devices: int, host: str = "127.0.0.1") -> Iterator[list[int]]:
    """The ports of devices in a process of their own, which ends with the block."""
    command = [sys.executable, "-m", "tests.faults.devices", str(file), str(devices), host]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
