"""Thousands of devices in one lean process: `python -m benchmarks.load_device --devices 3000 --first-port 20000`

Each port of 127.0.0.1 is a device that answers from tables made beforehand: two minutes of a few simulated plants, each
device at a moment of its own, so that values move as they do in plants. Prints a line when it listens and serves until
standard input ends. `--delay-ms` answers later, as over a slow link; `--silent` takes connections and never answers,
`--unreachable` lets none come about (devices that refuse need no process). `--ceiling` measures what such a process
holds itself, with the barest client.

Requests must come whole, as all clients here send them; those that come together are answered together.
"""

from __future__ import annotations

import argparse
import os
import resource
import select
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from benchmarks.material import START_US, layout
from benchmarks.processes import process_cpu_s
from ess_ray.simulator.plant import Plant
from ess_ray.simulator.server import reply

HOST = "127.0.0.1"
FIRST_PORT = 20_000
PLANTS, MOMENTS = 4, 120  # how many plants, and seconds of each
SPARE_FILES = 64
CEILING_S = 3.0
REQUEST_BYTES = 12


class Answers(dict[bytes, bytes]):
    """Of one moment of a plant: all of an answer but its transaction, by all of a request but its transaction."""

    def __init__(self, plant: Plant, now_us: int) -> None:
        super().__init__()
        self._plant, self._now_us = plant, now_us

    def __missing__(self, request: bytes) -> bytes:
        pdu = reply(self._plant, request[5:], self._now_us)
        self[request] = made = b"\0\0" + (1 + len(pdu)).to_bytes(2, "big") + request[4:5] + pdu
        return made


def make_answers(map_name: str) -> list[Answers]:
    """A table a moment, with the requests of the map's plan already in it."""
    tables = []
    for seed in range(PLANTS):
        plant = Plant(layout(map_name).map, seed)
        for moment in range(MOMENTS):
            tables.append(Answers(plant, START_US + 1_000_000 * moment))
            for request in requests(map_name):
                tables[-1][request[2:]]
    return tables


def requests(map_name: str) -> list[bytes]:
    """The frames of one poll."""
    return [
        b"\0\1\0\0\0\6\1" + bytes([each.function]) + each.address.to_bytes(2, "big") + each.count.to_bytes(2, "big")
        for each in layout(map_name).plan.requests
    ]


class Load:
    """The devices; without answers they are silent."""

    def __init__(self, ports: Sequence[int], answers: Sequence[Answers], delay_s: float) -> None:
        allow_files(2 * len(ports))
        self._answers, self._delay_s = answers, delay_s
        self._listeners = {each.fileno(): each for each in (socket.create_server((HOST, port)) for port in ports)}
        self._clients: dict[int, tuple[socket.socket, int]] = {}  # with the moment that its device is ahead
        self._poll = select.epoll()
        for number in (sys.stdin.fileno(), *self._listeners):
            self._poll.register(number, select.EPOLLIN)

    def serve(self) -> None:
        """Answer until standard input ends."""
        answers, clients, moments, delay_s = self._answers, self._clients, len(self._answers), self._delay_s
        due: deque[tuple[float, int, bytes]] = deque()  # all wait equally long, so they are in order
        while True:
            ready = self._poll.poll(max(0.0, due[0][0] - time.monotonic()) if due else None)
            now_s, second = time.monotonic(), int(time.time())
            for number, _ in ready:
                if number not in clients:
                    if number not in self._listeners:
                        return
                    self._accept(self._listeners[number])
                elif request := _read(number):
                    table = answers[(second + clients[number][1]) % moments]
                    if len(request) == REQUEST_BYTES:
                        frame = request[:2] + table[request[2:]]
                    else:
                        frame = b"".join([one[:2] + table[one[2:]] for one in _split(request)])
                    if delay_s:
                        due.append((now_s + delay_s, number, frame))
                    else:
                        _write(number, frame)
                else:
                    clients.pop(number)[0].close()
            while due and due[0][0] <= now_s:
                _, number, frame = due.popleft()
                if number in clients:
                    _write(number, frame)

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients[client.fileno()] = client, 37 * listener.getsockname()[1]
        if self._answers:
            self._poll.register(client.fileno(), select.EPOLLIN)


def unreachable(ports: Sequence[int]) -> list[socket.socket]:
    """Ports whose queue of connections is full: what knocks there gets no answer."""
    allow_files(2 * len(ports))
    listeners = [socket.create_server((HOST, port), backlog=0) for port in ports]
    return listeners + [socket.create_connection((HOST, port)) for port in ports]


def _read(number: int) -> bytes:
    """Nothing: the client is gone."""
    try:
        return os.read(number, 256)
    except OSError:
        return b""


def _split(requests: bytes) -> list[bytes]:
    return [requests[start : start + REQUEST_BYTES] for start in range(0, len(requests), REQUEST_BYTES)]


def _write(number: int, frame: bytes) -> None:
    with suppress(OSError):  # the client is gone, which the next read tells
        os.write(number, frame)


@contextmanager
def load_devices(devices: int, map_name: str, *more: str, first_port: int = FIRST_PORT) -> Iterator[int]:
    """The process id of devices that run meanwhile; `more`: further words for the command line."""
    command = [sys.executable, "-m", "benchmarks.load_device", "--map", map_name, "--devices", str(devices)]
    command += ["--first-port", str(first_port), *more]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            if not process.stdout.readline():
                raise AssertionError("the load devices could not start; what they said is above")
            yield process.pid
        finally:
            process.stdin.close()


@dataclass(frozen=True)
class Ceiling:
    """What devices hold whose client checks nothing and never waits."""

    ticks_per_s: float  # client and devices together on this machine
    cpu_us: float  # of the devices' process alone, a device-tick

    def __str__(self) -> str:
        a_core = f"{self.cpu_us:.0f} us of CPU each: {1e6 / self.cpu_us:.0f}/s a core"
        return f"{self.ticks_per_s:.0f} device-ticks/s with a minimal client; {a_core}"


def ceiling(pid: int, devices: int, map_name: str, first_port: int, seconds_s: float = CEILING_S) -> Ceiling:
    """Of the devices that process `pid` serves: each gets its next request as soon as it has answered."""
    allow_files(devices)
    frames = requests(map_name)
    poll, clients = select.epoll(), {}
    for port in range(first_port, first_port + devices):
        client = socket.create_connection((HOST, port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        clients[client.fileno()] = client
        poll.register(client.fileno(), select.EPOLLIN)
    sent = dict.fromkeys(clients, 1)
    start_s, cpu_s = time.monotonic(), process_cpu_s(pid)
    for number in clients:
        os.write(number, frames[0])
    while (passed_s := time.monotonic() - start_s) < seconds_s:
        for number, _ in poll.poll():
            os.read(number, 512)
            os.write(number, frames[sent[number] % len(frames)])
            sent[number] += 1
    ticks = (sum(sent.values()) - len(sent)) / len(frames)
    return Ceiling(ticks / passed_s, 1e6 * (process_cpu_s(pid) - cpu_s) / ticks)


def allow_files(count: int) -> None:
    """As many open files as that, if the system lets us; it is the soft limit that is low by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(count + SPARE_FILES, hard)
    if wanted < count:
        raise SystemExit(f"{count} files have to be open at once, and the hard limit is {hard}: see `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def main() -> None:
    """Serve, or measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load_device", description=__doc__.splitlines()[0])
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--map", default="sionyu")
    parser.add_argument("--first-port", type=int, default=FIRST_PORT)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="from a request to its answer")
    parser.add_argument("--silent", action="store_true", help="take connections, and never answer")
    parser.add_argument("--unreachable", action="store_true", help="let no connection come about")
    parser.add_argument("--ceiling", action="store_true", help="measure what a process of these devices holds")
    words = parser.parse_args()
    if words.ceiling:
        with load_devices(
            words.devices, words.map, "--delay-ms", str(words.delay_ms), first_port=words.first_port
        ) as pid:
            print(ceiling(pid, words.devices, words.map, words.first_port))
        return
    ports = range(words.first_port, words.first_port + words.devices)
    full = unreachable(ports) if words.unreachable else []
    load = Load([] if full else ports, [] if words.silent else make_answers(words.map), words.delay_ms / 1000)
    print(f"{words.devices} devices from port {words.first_port} on", flush=True)
    load.serve()


if __name__ == "__main__":
    main()
