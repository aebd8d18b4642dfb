"""Requests of the poller beside those of a bare client: CPU time of the client alone, and how many a second."""

from __future__ import annotations

import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event as Signal

from pyModbusTCP.client import ModbusClient

from benchmarks.lean_server import lean_server
from benchmarks.material import layout
from benchmarks.measure import Cell, Part, Rounds, in_turn, ratio, spread
from ess_ray.adapters.modbus.loop import ModbusLoop, now
from ess_ray.core.maps.plan import Request
from ess_ray.core.polling.cadence import first_tick_us
from ess_ray.core.reasons import Reason
from ess_ray.core.samples import Device, Event, Sample, Status
from ess_ray.core.settings import DeviceSettings
from tests.make import make_device

MAP = "sionyu"  # 7 requests a poll, of 71 registers in the mean
FLEETS = (200, 1000)
ROUND_US = {5_000: 1_000_000, 1_000_000: 3_000_000}  # how long a round is, by period
BARE = "pyModbusTCP, registers"
Client = Callable[[Request], None]


@dataclass
class Count:
    """Requests, and the seconds that they took."""

    requests: int
    cpu_s: float
    busy_s: float  # while there was something to read


def run(rounds: int) -> Part:
    """One device, and fleets in one process."""
    lines: dict[str, dict[str, Cell]] = {}
    for devices, period_us in ((1, 5_000), *((fleet, 1_000_000) for fleet in FLEETS)):
        with lean_server(devices) as ports:
            lines |= _compare(ports, period_us, rounds)
    return Part(
        "Poll: requests to a lean server on loopback",
        f"CPU time of the client's process; map {MAP}, {len(layout(MAP).plan.requests)} requests a poll. One device "
        f"every 5 ms, fleets of {' and '.join(map(str, FLEETS))} every second; requests/s from the tick to the last "
        "answer. epoll: one loop for all devices that checks nothing but the length.",
        "a fleet 1.2 times the CPU of epoll, one device 1.3 times that of pyModbusTCP (registers)",
        lines,
    )


def _compare(ports: Sequence[int], period_us: int, rounds: int) -> dict[str, dict[str, Cell]]:
    counts: dict[str, list[Count]] = {}

    def counted(name: str, way: Callable[[], Count]) -> Callable[[], float]:
        def count() -> float:
            counts.setdefault(name, []).append(way())
            return 0.0

        return count

    ways: dict[str, Callable[[], Count]] = {
        "poller": lambda: poller(ports, period_us),
        "epoll": lambda: epoll(ports, period_us),
    }
    if len(ports) == 1:
        ways[BARE] = lambda: one_by_one([numbers_client(port) for port in ports], period_us)
        ways["pyModbusTCP, bytes"] = lambda: one_by_one([bytes_client(port) for port in ports], period_us)
        ways["socket"] = lambda: one_by_one([socket_client(port) for port in ports], period_us)
    in_turn({name: counted(name, way) for name, way in ways.items()}, rounds)
    cpu_us: Rounds = {name: [1e6 * one.cpu_s / one.requests for one in each[1:]] for name, each in counts.items()}
    return {
        f"{len(ports)} {'devices' if len(ports) > 1 else 'device'}, {name}": {
            "requests/s": spread([one.requests / one.busy_s for one in counts[name][1:]]),
            "CPU us/request": spread(cpu_us[name]),
            "times epoll": ratio(cpu_us[name], cpu_us["epoll"]),
            "times pyModbusTCP (registers)": ratio(cpu_us[name], cpu_us[BARE]) if BARE in ways else None,
        }
        for name in ways
    }


def poller(ports: Sequence[int], period_us: int) -> Count:
    """The poller itself, its connections made before; ticks that it passed over (overrun) do not count."""
    first_us = first_tick_us(now().wall_us + 100_000, period_us)
    from_us = first_us + max(period_us, 1_000_000)  # all are connected then
    end_us = from_us + ROUND_US[period_us]
    polled: list[Sample] = []
    left = len(ports) * (end_us - from_us) // period_us
    cpu_s, over = 0.0, Signal()

    def deliver(sample: Sample | Event) -> None:
        nonlocal left, cpu_s
        if isinstance(sample, Sample) and sample.tick_us >= from_us:
            polled.append(sample)
            left -= 1
            if not left:
                cpu_s = time.process_time()  # before the connections are closed
                over.set()

    loop = ModbusLoop(deliver)
    loop.poll([_settings(number, port, period_us) for number, port in enumerate(ports)], first_us, end_us)
    _sleep_until(from_us - 1000)
    start_s = time.process_time()
    over.wait()
    loop.join(10)
    good = [sample for sample in polled if sample.reason != Reason.OVERRUN]
    if any(sample.status != Status.STORED for sample in good):
        raise AssertionError("the machine is too busy: requests failed, and these figures would say nothing")
    ends: dict[int, float] = {}
    for sample in good:
        ends[sample.tick_us] = max(sample.read_ms / 1e3, ends.get(sample.tick_us, 0))
    return Count(sum(sample.requests for sample in good), cpu_s - start_s, sum(ends.values()))


def on_the_grid(read_all: Callable[[], int], period_us: int) -> Count:
    """What reading all devices takes, tick by tick; ticks that have passed meanwhile are left out."""
    read_all()
    from_us = first_tick_us(now().wall_us + 10_000, period_us)
    tick_us, count, busy_us = from_us, 0, 0
    _sleep_until(from_us - 1000)
    cpu = time.process_time()
    while tick_us < from_us + ROUND_US[period_us]:
        _sleep_until(tick_us)
        count += read_all()
        busy_us += now().wall_us - tick_us
        tick_us = first_tick_us(now().wall_us, period_us)
    return Count(count, time.process_time() - cpu, busy_us / 1e6)


def one_by_one(clients: Sequence[Client], period_us: int) -> Count:
    """The same requests by waiting clients, one device after the other."""
    requests = layout(MAP).plan.requests

    def read_all() -> int:
        for client in clients:
            for request in requests:
                client(request)
        return len(clients) * len(requests)

    return on_the_grid(read_all, period_us)


def epoll(ports: Sequence[int], period_us: int) -> Count:
    """The floor: one loop that sends ready frames to all and receives."""
    requests = layout(MAP).plan.requests
    frames = [struct.pack(">HHHBBHH", 1, 0, 6, 1, one.function, one.address, one.count) for one in requests]
    sizes = [9 + request.reply_bytes for request in requests]
    with ExitStack() as stack:
        poll = stack.enter_context(select.epoll())
        clients = {}
        for port in ports:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            poll.register(client.fileno(), select.EPOLLIN)
            clients[client.fileno()] = client

        def read_all() -> int:
            steps = dict.fromkeys(clients, 0)
            left = len(clients)
            for client in clients.values():
                client.send(frames[0])
            while left:
                for number, _ in poll.poll():
                    client, step = clients[number], steps[number]
                    if len(client.recv(512)) != sizes[step]:
                        raise AssertionError("half an answer")
                    step += 1
                    if step < len(frames):
                        steps[number] = step
                        client.send(frames[step])
                    else:
                        left -= 1
            return len(clients) * len(frames)

        return on_the_grid(read_all, period_us)


def numbers_client(port: int) -> Client:
    """pyModbusTCP's usual calls: a list of numbers."""
    client = ModbusClient("127.0.0.1", port)
    reads = {3: client.read_holding_registers, 4: client.read_input_registers}

    def read(request: Request) -> None:
        if len(reads[request.function](request.address, request.count) or ()) != request.count:
            raise AssertionError(client.last_error_as_txt)

    return read


def bytes_client(port: int) -> Client:
    """pyModbusTCP's `custom_request`: the bytes as they came."""
    client = ModbusClient("127.0.0.1", port)

    def read(request: Request) -> None:
        pdu = client.custom_request(struct.pack(">BHH", request.function, request.address, request.count))
        if len(pdu or b"") != 2 + request.reply_bytes:
            raise AssertionError(client.last_error_as_txt)

    return read


def socket_client(port: int) -> Client:
    """A socket and nothing checked."""
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(request: Request) -> None:
        client.sendall(struct.pack(">HHHBBHH", 1, 0, 6, 1, request.function, request.address, request.count))
        left = 9 + request.reply_bytes
        while left:
            left -= len(client.recv(left))

    return read


def _settings(number: int, port: int, period_us: int) -> DeviceSettings:
    device = Device("bench", f"device-{number}")
    patient_us = 20_000_000  # a busy machine shall make it slow, not make it fail
    return make_device(
        device, map_name=MAP, host="127.0.0.1", port=port, plan=layout(MAP).plan, period_us=period_us,
        connect_timeout_us=patient_us, timeout_us=patient_us, poll_limit_us=patient_us,
    )  # fmt: skip


def _sleep_until(wall_us: float) -> None:
    time.sleep(max(0.0, wall_us / 1e6 - time.time()))
