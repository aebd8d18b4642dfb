"""Feeds random and mutated frames through a connection and pyModbusTCP's checks: `python -m tests.fuzz_frames 1000000`.

The device replies to every request with a step of a script: the right frame or a mutated one, alone, twice, in pieces,
behind alien bytes, or nothing. Struct alone decides whether a frame that was accepted is right in transaction,
protocol, unit, function and length, and every sample must hold what was accepted and nothing else.

Two connections receive the same: one that has every frame checked by pyModbusTCP, and one with the fast path, as the
poller's has. Whatever comes, both must send, close and deliver the same at the same moments.
"""

from __future__ import annotations

import random
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence

from ess_ray.adapters.modbus.pdu import ModbusPduCodec
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.connection import Connection
from ess_ray.core.polling.tcp_framing import TcpFraming
from ess_ray.core.samples import Event, Sample, Status
from tests.make import make_device

S = 1_000_000
START_US = 1_700_000_000 * S
UNIT = 7
REQUEST_BYTES = 12
RECOVERY = 300  # right replies after which parked registers were tried again and a sample is complete
PLAN = Plan(
    (
        Request(1, 0, 11, tuple((a, 1) for a in range(11)), 0),
        Request(3, 100, 4, tuple((a, 1) for a in range(100, 104)), 11),
        Request(4, 100, 125, tuple((a, 1) for a in range(100, 225)), 19),
        Request(4, 300, 2, ((300, 2),), 269),
        Request(4, 400, 3, tuple((a, 1) for a in range(400, 403)), 273),
        Request(4, 500, 2, tuple((a, 1) for a in range(500, 502)), 279),
    ),
    283,
    "fuzz",
)
Step = tuple[str, bytes, int]  # mutation, bytes to use, a number to use


def data_of(request: bytes, salt: int) -> bytes:
    """The data of the right reply; it differs from poll to poll and from address to address."""
    function, address, count = struct.unpack(">BHH", request[7:12])
    size = (count + 7) // 8 if function <= 2 else 2 * count
    return random.Random(f"{function} {address} {salt}").randbytes(size)


def right(request: bytes, salt: int) -> bytes:
    """The right reply's frame."""
    data = data_of(request, salt)
    return request[:4] + struct.pack(">HBBB", 3 + len(data), request[6], request[7], len(data)) + data


def _replace(frame: bytes, piece: bytes, number: int) -> bytes:
    start = number % len(frame)
    return (frame[:start] + piece + frame[start + len(piece) :])[: len(frame)]


MUTATE: dict[str, Callable[[bytes, bytes, int], bytes]] = {
    "right": lambda frame, piece, number: frame,
    "twice": lambda frame, piece, number: frame + frame,
    "replace": _replace,
    "replace header": lambda frame, piece, number: _replace(frame[:9], piece[:2], number) + frame[9:],
    "insert": lambda frame, piece, number: frame[: number % len(frame)] + piece + frame[number % len(frame) :],
    "delete": lambda frame, piece, number: frame[: number % len(frame)] + frame[number % len(frame) + len(piece) :],
    "cut": lambda frame, piece, number: frame[: number % len(frame)],
    "bit": lambda frame, piece, number: _replace(
        frame, bytes([frame[number % len(frame)] ^ 1 << (number >> 8) % 8]), number
    ),
    "length": lambda frame, piece, number: frame[:4] + struct.pack(">H", number % 300) + frame[6:],
    "byte count": lambda frame, piece, number: frame[:8] + bytes([number % 256]) + frame[9:],
    "exception": lambda frame, piece, number: frame[:4] + b"\0\3" + frame[6:7] + bytes([frame[7] | 0x80, number % 16]),
    "own frame": lambda frame, piece, number: (
        frame[:4] + struct.pack(">H", (len(piece) + 1) % 0xFFFF) + frame[6:7] + piece
    ),
    "garbage": lambda frame, piece, number: piece,
    "silent": lambda frame, piece, number: b"",
}
MUTATE["refused"] = lambda frame, piece, number: MUTATE["exception"](frame, piece, 2)
MUTATIONS = tuple(MUTATE)
LIKELY = (*MUTATIONS, *["right", "refused"] * 8)  # what a device in working order does is as likely


class CheckedCodec:
    """ModbusPduCodec, with every acceptance held against what was sent and what was received, by struct alone."""

    def __init__(self) -> None:
        self._codec = ModbusPduCodec()
        self.in_flight: deque[bytes] = deque()  # ADUs of the requests of this connection without a reply, oldest first
        self.stream = b""  # all that was received on this connection
        self.accepted: dict[int, bytes] = {}  # of this poll, by offset in the image

    def build(self, request: Request) -> bytes:
        return self._codec.build(request)

    def check(self, pdu: bytes, request: Request) -> bytes | int | str:
        request_adu = self.in_flight.popleft()
        sent = struct.unpack(">BHH", request_adu[7:12])
        assert sent == (request.function, request.address, request.count), f"{request} was sent as {sent}"
        reply = self._codec.check(pdu, request)
        if isinstance(reply, bytes):
            bits = request.function <= 2
            size = (request.count + 7) // 8 if bits else 2 * request.count
            right_adu = request_adu[:4] + struct.pack(">HBBB", 3 + size, UNIT, request.function, size) + pdu[2:]
            is_right = len(right_adu) == 9 + size and pdu == right_adu[7:] and right_adu in self.stream
            assert is_right, f"{pdu.hex()} was taken for the reply to {request_adu.hex()}"
            number = int.from_bytes(pdu[2:], "little")
            assert reply == (bytes(number >> i & 1 for i in range(request.count)) if bits else pdu[2:])
            self.accepted[request.offset] = reply
        return reply


class Fast:
    """The connection with the fast path, and what it did: it must be the same."""

    def __init__(self) -> None:
        self.did: list[object] = []
        self.connection = Connection(TcpFraming(ModbusPduCodec()), self, self.did.append)

    def connect(self) -> None:
        self.did.append("connect")

    def send(self, frame: bytes) -> None:
        self.did.append(frame)

    def close(self) -> None:
        self.did.append("close")


class Play:
    """A connection whose device sends what a script says; also its transport."""

    def __init__(self, at_once: int) -> None:
        self.samples: list[Sample] = []
        self.codec = CheckedCodec()
        self.fed = 0
        self._us = 0
        self._connecting = False
        self._requests: deque[bytes] = deque()  # that the device has not replied to
        settings = make_device(
            unit_id=UNIT, plan=PLAN, timeout_us=50_000, poll_limit_us=900_000, park_retry_us=2 * S, backoff_max_us=S,
            requests_at_once=at_once,
        )  # fmt: skip
        self.connection = Connection(TcpFraming(self.codec), self, self._deliver, fast_path=False)
        self.did: list[object] = []
        self.fast = Fast()
        for connection in (self.connection, self.fast.connection):
            connection.change([settings], START_US, None)
        self.do(lambda connection: connection.connect_ahead(self._now))

    def connect(self) -> None:
        self.did.append("connect")
        self._connecting = True

    def send(self, frame: bytes) -> None:
        self.did.append(frame)
        for start in range(0, len(frame), REQUEST_BYTES):
            request = frame[start : start + REQUEST_BYTES]
            self._requests.append(request)
            self.codec.in_flight.append(request)

    def close(self) -> None:
        self.did.append("close")
        self._connecting = False
        self._requests.clear()
        self.codec.in_flight.clear()

    def do(self, what: Callable[[Connection], object]) -> None:
        """Do the same with both connections; both must react alike."""
        what(self.connection)
        what(self.fast.connection)
        assert self.did == self.fast.did, f"{self.did} {self.fast.did}"
        assert self.connection.wake_at_us(self._now) == self.fast.connection.wake_at_us(self._now)
        self.did.clear()
        self.fast.did.clear()

    def until_request(self) -> None:
        """Let time pass until the connection sends a request: nothing may keep it from that for long."""
        for _ in range(50):
            if self._connecting:
                self._connecting = False
                self.codec.stream = b""
                self.do(lambda connection: connection.connected(self._now))
            elif self._requests:
                return
            else:
                self._wait()
        raise AssertionError("the connection sends nothing more")

    def reply(self, step: Step) -> None:
        """One reply as the step has it, in one to three pieces; a reply that is not enough is waited out.

        Right replies to others in flight may be joined to it.
        """
        mutation, piece, number = step
        stream = MUTATE[mutation](right(self._requests.popleft(), self._us), piece, number)
        for _ in range((number >> 16) % 5 % (len(self._requests) + 1)):
            stream += right(self._requests.popleft(), self._us)
        cuts = sorted((number >> 8) % (len(stream) + 1) * n // 2 for n in range(number % 3))
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            if piece := stream[start:end]:
                self.codec.stream += piece
                self.do(lambda connection, piece=piece: connection.received(piece, self._now))  # type: ignore[misc]
        self.fed += 1
        if number % 97 == 0:
            self.do(lambda connection: connection.closed(self._now))

    @property
    def _now(self) -> Now:
        return Now(self._us, START_US + self._us)

    def _wait(self) -> None:
        wake_us = self.connection.wake_at_us(self._now)
        assert wake_us is not None
        self._us = max(self._us, wake_us)
        self.do(lambda connection: connection.wake(self._now))

    def _deliver(self, item: Sample | Event) -> None:
        """A sample has what was accepted, byte by byte, and calls missing all the rest."""
        self.did.append(item)
        if isinstance(item, Event):
            return
        self.samples.append(item)
        if item.requests == 0:
            return
        image = bytearray(PLAN.image_bytes)
        for offset, data in self.codec.accepted.items():
            image[offset : offset + len(data)] = data
        read = {byte for offset, data in self.codec.accepted.items() for byte in range(offset, offset + len(data))}
        missing = {byte for start, end in item.missing for byte in range(start, end)}
        assert item.image == (bytes(image) if read else b"")
        assert item.status is Status.FAILED or read ^ missing == set(range(PLAN.image_bytes))
        self.codec.accepted = {}


def make_script(chance: random.Random, most_steps: int) -> list[Step]:
    """A random script."""
    return [
        (chance.choice(LIKELY), chance.randbytes(chance.randrange(40)), chance.getrandbits(32))
        for _ in range(chance.randrange(1, most_steps + 1))
    ]


def play(script: Sequence[Step], at_once: int) -> int:
    """Play it; afterwards right replies must bring a complete sample again. Returns how many replies were fed."""
    game = Play(at_once)
    for step in script:
        game.until_request()
        game.reply(step)
    for _ in range(RECOVERY):
        game.until_request()
        game.reply(("right", b"", 1))
        if game.samples and game.samples[-1].status is Status.STORED and game.samples[-1].reason is None:
            return game.fed
    raise AssertionError(f"no complete sample after {RECOVERY} right replies: {game.samples[-1]}")


def main(frames: int, seed: int) -> None:
    """Random scripts until so many frames were fed."""
    chance, fed, begun_s = random.Random(seed), 0, time.monotonic()
    while fed < frames:
        fed += play(make_script(chance, most_steps=200), at_once=chance.choice((1, 2, 3, 4, 5)))
    print(f"{fed} replies in {time.monotonic() - begun_s:.0f} s: no crash, no hang, no wrong value accepted")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
