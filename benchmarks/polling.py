"""Requests of the poller beside those of a bare client: CPU time of the client alone, and how many a second."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyModbusTCP.client import ModbusClient

from benchmarks.lean_server import lean_server
from benchmarks.material import layout
from benchmarks.measure import Part, Rounds, Spread, in_turn, ratio, spread
from ess_ray.adapters.modbus import ModbusLoop, now
from ess_ray.core.cadence import shared_tick_us
from ess_ray.core.plan import Request
from ess_ray.core.samples import Device, Reason, Sample, Status
from ess_ray.core.settings import DeviceSettings

MAP = "panri"  # 14 requests a poll, of 102 registers in the mean
FLEET = 200
ROUND_S = 1.0


@dataclass
class Count:
    """Requests, and the seconds that they took."""

    requests: int
    cpu_s: float
    busy_s: float  # while there was something to read


def run(rounds: int) -> Part:
    """One device, and a fleet in one process."""
    lines: dict[str, dict[str, Spread]] = {}
    for devices, period_us in ((1, 5_000), (FLEET, 1_000_000)):
        with lean_server(devices) as ports:
            lines |= _compare(ports, period_us, rounds)
    return Part(
        "Poll: requests to a lean server on loopback",
        f"CPU time of the client's process; map {MAP}, {len(layout(MAP).plan.requests)} requests a poll. One device "
        f"every 5 ms, {FLEET} devices every second, by all clients; requests/s from the tick to the last answer.",
        "1.3 times the CPU of bare pyModbusTCP",
        lines,
    )


def _compare(ports: Sequence[int], period_us: int, rounds: int) -> dict[str, dict[str, Spread]]:
    counts: dict[str, list[Count]] = {}

    def counted(name: str, way: Callable[[], Count]) -> Callable[[], float]:
        def count() -> float:
            counts.setdefault(name, []).append(way())
            return 0.0

        return count

    ways: dict[str, Callable[[], Count]] = {
        "poller": lambda: poller(ports, period_us),
        "pyModbusTCP, registers": lambda: bare([numbers_client(port) for port in ports], period_us),
        "pyModbusTCP, bytes": lambda: bare([bytes_client(port) for port in ports], period_us),
        "socket": lambda: bare([socket_client(port) for port in ports], period_us),
    }
    in_turn({name: counted(name, way) for name, way in ways.items()}, rounds)
    cpu_us: Rounds = {name: [1e6 * one.cpu_s / one.requests for one in each[1:]] for name, each in counts.items()}
    return {
        f"{len(ports)} {'devices' if len(ports) > 1 else 'device'}, {name}": {
            "requests/s": spread([one.requests / one.busy_s for one in counts[name][1:]]),
            "CPU us/request": spread(cpu_us[name]),
            "times pyModbusTCP (registers)": ratio(cpu_us[name], cpu_us["pyModbusTCP, registers"]),
            "(bytes)": ratio(cpu_us[name], cpu_us["pyModbusTCP, bytes"]),
        }
        for name in ways
    }


def poller(ports: Sequence[int], period_us: int) -> Count:
    """The poller itself, its connections made before; ticks that it passed over (overrun) do not count."""
    samples: list[Sample] = []
    devices = [_settings(number, port, period_us) for number, port in enumerate(ports)]
    loop = ModbusLoop(devices, lambda sample: samples.append(sample) if isinstance(sample, Sample) else None)
    loop.start(now().wall_us, None)
    while len(samples) < len(ports):  # all are connected then
        time.sleep(0.01)
    from_us = shared_tick_us(now().wall_us + 100_000, [period_us])
    end_us = from_us + int(ROUND_S * 1e6)
    loop.stop(end_us)
    _sleep_until(from_us - 1000)
    start = time.process_time()
    _sleep_until(end_us - period_us / 2)
    while loop.busy:
        time.sleep(0.01)
    cpu_s = time.process_time() - start
    polled = [sample for sample in samples if sample.tick_us >= from_us and sample.reason != Reason.OVERRUN]
    if any(sample.status != Status.STORED for sample in polled):
        raise AssertionError("the machine is too busy: requests failed, and these figures would say nothing")
    ends: dict[int, float] = {}
    for sample in polled:
        ends[sample.tick_us] = max(sample.read_ms / 1e3, ends.get(sample.tick_us, 0))
    return Count(sum(sample.requests for sample in polled), cpu_s, sum(ends.values()))


def bare(clients: Sequence[Callable[[Request], None]], period_us: int) -> Count:
    """The same requests on the same grid, one after the other; ticks that have passed meanwhile are left out."""
    requests = layout(MAP).plan.requests
    for client in clients:
        client(requests[0])
    from_us = shared_tick_us(now().wall_us + 10_000, [period_us])
    tick_us, count, busy_us = from_us, 0, 0
    _sleep_until(from_us - 1000)
    cpu = time.process_time()
    while tick_us < from_us + ROUND_S * 1e6:
        _sleep_until(tick_us)
        for client in clients:
            for request in requests:
                client(request)
        count += len(clients) * len(requests)
        busy_us += now().wall_us - tick_us
        tick_us = shared_tick_us(now().wall_us, [period_us])
    return Count(count, time.process_time() - cpu, busy_us / 1e6)


def numbers_client(port: int) -> Callable[[Request], None]:
    """pyModbusTCP's usual calls: a list of numbers."""
    client = ModbusClient("127.0.0.1", port)
    reads = {3: client.read_holding_registers, 4: client.read_input_registers}

    def read(request: Request) -> None:
        if len(reads[request.function](request.address, request.count) or ()) != request.count:
            raise AssertionError(client.last_error_as_txt)

    return read


def bytes_client(port: int) -> Callable[[Request], None]:
    """pyModbusTCP's `custom_request`: the bytes as they came."""
    client = ModbusClient("127.0.0.1", port)

    def read(request: Request) -> None:
        pdu = client.custom_request(struct.pack(">BHH", request.function, request.address, request.count))
        if len(pdu or b"") != 2 + request.answer_bytes:
            raise AssertionError(client.last_error_as_txt)

    return read


def socket_client(port: int) -> Callable[[Request], None]:
    """A socket and nothing checked."""
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(request: Request) -> None:
        client.sendall(struct.pack(">HHHBBHH", 1, 0, 6, 1, request.function, request.address, request.count))
        left = 9 + request.answer_bytes
        while left:
            left -= len(client.recv(left))

    return read


def _settings(number: int, port: int, period_us: int) -> DeviceSettings:
    device = Device("bench", f"device-{number}")
    patient_us = 20_000_000  # a busy machine shall make it slow, not make it fail
    return DeviceSettings(
        device, MAP, "127.0.0.1", port, 1, layout(MAP).plan, "", period_us,
        connect_timeout_us=patient_us, timeout_us=patient_us, poll_limit_us=patient_us,
    )  # fmt: skip


def _sleep_until(wall_us: float) -> None:
    time.sleep(max(0.0, wall_us / 1e6 - time.time()))
