"""Feeds random and mutated frames through a connection and pyModbusTCP's checks: `python -m tests.fuzz_frames 1000000`.

The device replies to every request with a step of a script: the right frame or a mutated one, alone, twice, late, in
pieces, behind alien bytes, or nothing. Each wire (a framing, and what it tolerates) is played; where something is
tolerated, the right frame has it wrong. Struct alone decides whether a frame that was accepted is right in transaction,
protocol, unit, function and length, or checksum, as far as the wire believes them, and came after its request where
there are no ids. Every sample must hold what was accepted and nothing else.

Two connections receive the same: one that has every frame checked by pyModbusTCP, and one with the fast path, as the
poller's has. Whatever comes, both must send, close and deliver the same at the same moments.
"""

from __future__ import annotations

import random
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from pymodbus.framer import FramerRTU

from ess_ray.adapters.modbus.pdu import ModbusPduCodec
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.connection import Connection
from ess_ray.core.polling.framing import Tolerance
from ess_ray.core.polling.framings import FRAMINGS
from ess_ray.core.samples import Event, Sample, Status
from tests.make import make_device

S = 1_000_000
START_US = 1_700_000_000 * S
UNIT = 7
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


class Wire(NamedTuple):
    """How requests and replies travel, and what the device gets wrong in its replies."""

    framing: str
    tolerate: frozenset[Tolerance] = frozenset()

    def __str__(self) -> str:
        return "+".join([self.framing, *sorted(self.tolerate)])

    @property
    def numbered(self) -> bool:
        """Replies are told by their ids."""
        return self.framing == "tcp" and Tolerance.TRANSACTION_ID not in self.tolerate

    @property
    def at_once(self) -> Sequence[int]:
        """How many requests may be in flight together."""
        return (1, 2, 3, 4, 5) if self.numbered else (1,)

    @property
    def request_bytes(self) -> int:
        return 12 if self.framing == "tcp" else 8

    def pdu(self, request: bytes) -> bytes:
        """The PDU of a request."""
        return request[7:] if self.framing == "tcp" else request[1:-2]

    def reply(self, request: bytes, salt: int, number: int) -> bytes:
        """The right reply's frame, but for what is tolerated: that is whatever `number` makes of it."""
        if self.framing == "rtu":
            unit = bytes([number % 256]) if Tolerance.UNIT_ID in self.tolerate else request[:1]
            data = data_of(self.pdu(request), salt)
            return sealed(unit + request[1:2] + bytes([len(data)]) + data)
        frame = bytearray(right(request, salt))
        if Tolerance.TRANSACTION_ID in self.tolerate:
            frame[:2] = struct.pack(">H", number % 0x10000)
        if Tolerance.LENGTH in self.tolerate:
            frame[4:6] = struct.pack(">H", (number >> 3) % 0x10000)
        if Tolerance.UNIT_ID in self.tolerate:
            frame[6] = number % 251
        return bytes(frame)

    def came(self, pdu: bytes, request: bytes, stream: bytes) -> bool:
        """True if the stream has a frame that this PDU may be taken from as the reply to the request."""
        at = stream.find(pdu)
        while at >= 0:
            if self._fits(stream[:at], pdu, stream[at + len(pdu) :], request):
                return True
            at = stream.find(pdu, at + 1)
        return False

    def _fits(self, before: bytes, pdu: bytes, behind: bytes, request: bytes) -> bool:
        """True if what is around the PDU is right, or tolerated."""
        if not before or (before[-1] != UNIT and Tolerance.UNIT_ID not in self.tolerate):
            return False
        if self.framing == "rtu":
            return behind.startswith(sealed(before[-1:] + pdu)[-2:])
        any_length = Tolerance.LENGTH in self.tolerate or pdu[0] & 0x80
        return (
            len(before) >= 7
            and (before[-7:-5] == request[:2] or not self.numbered)
            and before[-5:-3] == b"\0\0"
            and (before[-3:-1] == struct.pack(">H", 1 + len(pdu)) or bool(any_length))
        )


WIRES = (
    Wire("tcp"),
    *(Wire("tcp", frozenset({tolerance})) for tolerance in Tolerance),
    Wire("tcp", frozenset(Tolerance)),
    Wire("rtu"),
    Wire("rtu", frozenset({Tolerance.UNIT_ID})),
)


def sealed(frame: bytes) -> bytes:
    """The frame with its checksum, by pymodbus."""
    return frame + struct.pack(">H", FramerRTU.compute_CRC(frame))


def data_of(pdu: bytes, salt: int) -> bytes:
    """The data of the right reply; it differs from poll to poll and from address to address."""
    function, address, count = struct.unpack(">BHH", pdu)
    size = (count + 7) // 8 if function <= 2 else 2 * count
    return random.Random(f"{function} {address} {salt}").randbytes(size)


def right(request: bytes, salt: int) -> bytes:
    """The right reply's frame, over TCP."""
    data = data_of(request[7:12], salt)
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
    "behind": lambda frame, piece, number: frame + piece[: number % 10],
    "in front": lambda frame, piece, number: piece[: number % 10] + frame,
    "late": lambda frame, piece, number: b"",  # it comes with the next reply
    "garbage": lambda frame, piece, number: piece,
    "silent": lambda frame, piece, number: b"",
}
MUTATE["refused"] = lambda frame, piece, number: MUTATE["exception"](frame, piece, 2)
MUTATE_RTU: Mapping[str, Callable[[bytes, bytes, int], bytes]] = MUTATE | {
    "replace header": lambda frame, piece, number: sealed(_replace(frame[:3], piece[:2], number) + frame[3:-2]),
    "length": lambda frame, piece, number: sealed(frame[:1] + bytes([number % 256]) + frame[2:-2]),
    "byte count": lambda frame, piece, number: sealed(frame[:2] + bytes([number % 256]) + frame[3:-2]),
    "exception": lambda frame, piece, number: sealed(frame[:1] + bytes([frame[1] | 0x80, number % 16])),
    "refused": lambda frame, piece, number: sealed(frame[:1] + bytes([frame[1] | 0x80, 2])),
    "own frame": lambda frame, piece, number: sealed(frame[:1] + piece),
}
MUTATIONS = tuple(MUTATE)
LIKELY = (*MUTATIONS, *["right", "refused"] * 8)  # what a device in working order does is as likely


class CheckedCodec:
    """ModbusPduCodec, with every acceptance held against what was sent and what was received, by struct alone."""

    def __init__(self, wire: Wire) -> None:
        self._codec = ModbusPduCodec()
        self._wire = wire
        self.in_flight: deque[bytes] = deque()  # ADUs of the requests that were sent last, without a reply, in order
        self.stream = b""  # all that was received on this connection; without ids, since a request was sent
        self.accepted: dict[int, bytes] = {}  # of this poll, by offset in the image

    def build(self, request: Request) -> bytes:
        return self._codec.build(request)

    def check(self, pdu: bytes, request: Request) -> bytes | int | str:
        request_adu = self.in_flight.popleft()
        sent = struct.unpack(">BHH", self._wire.pdu(request_adu))
        assert sent == (request.function, request.address, request.count), f"{request} was sent as {sent}"
        reply = self._codec.check(pdu, request)
        if not isinstance(reply, str):
            came = self._wire.came(pdu, request_adu, self.stream)
            assert came, f"{pdu.hex()} was taken for the reply to {request_adu.hex()}"
        if isinstance(reply, bytes):
            bits = request.function <= 2
            size = (request.count + 7) // 8 if bits else 2 * request.count
            assert pdu[:2] == bytes([request.function, size])
            assert len(pdu) == 2 + size
            number = int.from_bytes(pdu[2:], "little")
            assert reply == (bytes(number >> i & 1 for i in range(request.count)) if bits else pdu[2:])
            self.accepted[request.offset] = reply
        return reply


class Fast:
    """The connection with the fast path, and what it did: it must be the same."""

    def __init__(self, wire: Wire) -> None:
        self.did: list[object] = []
        framing = FRAMINGS[wire.framing](ModbusPduCodec(), wire.tolerate)
        self.connection = Connection(framing, self, self.did.append)

    def connect(self) -> None:
        self.did.append("connect")

    def send(self, frame: bytes) -> None:
        self.did.append(frame)

    def close(self) -> None:
        self.did.append("close")


class Play:
    """A connection whose device sends what a script says; also its transport."""

    def __init__(self, wire: Wire, at_once: int) -> None:
        self.samples: list[Sample] = []
        self._wire = wire
        self._mutate = MUTATE if wire.framing == "tcp" else MUTATE_RTU
        self._late = b""  # of this connection, comes with the next reply
        self.codec = CheckedCodec(wire)
        self.fed = 0
        self._us = 0
        self._connecting = False
        self._requests: deque[bytes] = deque()  # that the device has not replied to
        settings = make_device(
            unit_id=UNIT, plan=PLAN, timeout_us=50_000, poll_limit_us=900_000, park_retry_us=2 * S, backoff_max_us=S,
            requests_at_once=at_once,
        )  # fmt: skip
        framing = FRAMINGS[wire.framing](self.codec, wire.tolerate)
        self.connection = Connection(framing, self, self._deliver, fast_path=False)
        self.did: list[object] = []
        self.fast = Fast(wire)
        for connection in (self.connection, self.fast.connection):
            connection.change([settings], START_US, None)
        self.do(lambda connection: connection.connect_ahead(self._now))

    def connect(self) -> None:
        self.did.append("connect")
        self._connecting = True

    def send(self, frame: bytes) -> None:
        self.did.append(frame)
        self.codec.in_flight.clear()  # those that were sent before are given up
        if not self._wire.numbered:
            self.codec.stream = b""
        for start in range(0, len(frame), self._wire.request_bytes):
            request = frame[start : start + self._wire.request_bytes]
            self._requests.append(request)
            self.codec.in_flight.append(request)

    def close(self) -> None:
        self.did.append("close")
        self._connecting = False
        self._late = b""
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
        good = self._wire.reply(self._requests.popleft(), self._us, number)
        stream, self._late = self._late + self._mutate[mutation](good, piece, number), b""
        if mutation == "late":
            self._late = good
        for _ in range((number >> 16) % 5 % (len(self._requests) + 1)):
            stream += self._wire.reply(self._requests.popleft(), self._us, number)
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


def play(script: Sequence[Step], at_once: int, wire: Wire = WIRES[0]) -> int:
    """Play it; afterwards right replies must bring a complete sample again. Returns how many replies were fed."""
    game = Play(wire, at_once)
    for step in script:
        game.until_request()
        game.reply(step)
    for _ in range(RECOVERY):
        game.until_request()
        game.reply(("right", b"", 1))
        if game.samples and game.samples[-1].status is Status.STORED and game.samples[-1].reason is None:
            return game.fed
    raise AssertionError(f"no complete sample after {RECOVERY} right replies: {game.samples[-1]}")


def main(frames: int, seed: int, names: Sequence[str]) -> None:
    """Random scripts until so many frames were fed, on each wire that is named; on all if none is."""
    unknown = {*names} - {*map(str, WIRES)}
    assert not unknown, f"unknown: {', '.join(unknown)}; there are {', '.join(map(str, WIRES))}"
    for wire in WIRES:
        if names and str(wire) not in names:
            continue
        chance, fed, begun_s = random.Random(seed), 0, time.monotonic()
        while fed < frames:
            fed += play(make_script(chance, most_steps=200), chance.choice(wire.at_once), wire)
        took_s = time.monotonic() - begun_s
        print(f"{wire}: {fed} replies in {took_s:.0f} s: no crash, no hang, no wrong value accepted", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1, sys.argv[3:])
