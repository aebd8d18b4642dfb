"""A device that sends what it likes, as fast as it can, costs bounded memory and time, and its neighbour nothing."""

from __future__ import annotations

import resource
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import pytest

from ess_ray.core.samples import Sample, Status
from tests import torture
from tests.contract.test_modbus import GOOD, collect, settings

PATIENT: dict[str, Any] = {"period_us": 1_000_000, "timeout_us": 900_000, "poll_limit_us": 950_000}
QUARTERS, TICKS = 24, 6  # `collect` counts in quarters of a second
GROWTH_MB = 16  # what a process may grow by, whatever is sent; a flood sends gigabytes in that time
FLOODS = {
    "zeros": bytes(65536),
    "garbage": bytes(range(256)) * 256,
    "answers to nothing": struct.pack(">HHHBB", 65535, 0, 11, 1, 4) + b"\x08" + bytes(8),
    "a frame as long as the head allows": struct.pack(">HHHBB", 1, 0, 65535, 1, 4) + bytes(65533),
    "heads only": struct.pack(">HHHB", 1, 0, 254, 1) * 4096,
}


@contextmanager
def flooding(data: bytes) -> Iterator[tuple[int, list[int]]]:
    """The port of a server that sends this to whoever connects, until it goes; and how many bytes it got rid of."""
    server, sent = socket.create_server(("127.0.0.1", 0)), [0]
    ended = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(1.0)
            while not ended.is_set():
                sent[0] += connection.send(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server.getsockname()[1], sent
    finally:
        ended.set()
        server.close()


def poll_beside(good: int, hostile: list[int]) -> tuple[list[Sample], float]:
    """In a process of its own: all samples of all, and how much it has grown by in MB."""
    collect([settings(good)], 1)  # what a poll needs anyway is there
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    samples = collect([replace(settings(port), **PATIENT) for port in (good, *hostile)], QUARTERS)
    return samples, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (1 << 10)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units")
def test_floods_cost_their_own_samples_and_no_memory() -> None:
    with ExitStack() as stack:
        good = stack.enter_context(torture.device(torture.good))
        floods = {what: stack.enter_context(flooding(data)) for what, data in FLOODS.items()}
        process = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        samples, grown_mb = process.submit(poll_beside, good, [port for port, _ in floods.values()]).result(timeout=60)
    assert grown_mb < GROWTH_MB
    by_port: dict[int, list[Sample]] = {}
    for sample in samples:
        by_port.setdefault(int(sample.device.device[1:]), []).append(sample)
    for what, (port, sent) in floods.items():
        assert sent[0] > 0, what
        assert [sample.status for sample in by_port[port]] == [Status.FAILED] * TICKS, what
    assert [(sample.status, sample.image) for sample in by_port[good]] == [(Status.STORED, GOOD)] * TICKS
