"""A gateway and the units behind it, played without sockets or clock: replies come in simulated time."""

from __future__ import annotations

import heapq
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace

from ess_ray.adapters.modbus.pdu import ModbusPduCodec
from ess_ray.core.maps.plan import Plan, Request
from ess_ray.core.polling.cadence import Now
from ess_ray.core.polling.connection import Connection
from ess_ray.core.polling.tcp_framing import TcpFraming
from ess_ray.core.samples import Device, Event, Sample, Status
from tests.make import make_device

S = 1_000_000
START_US = 1_700_000_000 * S
SILENT = None
# Of a unit to a request for registers: seconds, and then whether it replies: True, the code of an exception, or SILENT.
Behaviour = Callable[[int, range, float], tuple[float, bool | int | None]]


def make_plan_of(*blocks: range, periods_s: Sequence[int] = ()) -> Plan:
    """A plan with a request for each of these ranges of holding registers, of one value a register.

    `periods_s`: of each range its own period, 0 for those of each tick, rising; () if all are read at each tick.
    """
    requests, offset = [], 0
    for block, period_s in zip(blocks, periods_s or [0] * len(blocks), strict=True):
        atoms = tuple((address, 1) for address in block)
        requests.append(Request(3, block.start, len(block), atoms, offset, period_s * S))
        offset += 2 * len(block)
    return Plan(tuple(requests), offset, "played")


class PlayedLine:
    """A connection, and a gateway behind which `units` behave as `behaviour` says: (unit id, registers, seconds).

    Register r of unit u holds 1000 u + r, modulo 65536, or what `numbers` says: (r, seconds). `serial`: the gateway
    deals with one request after the other, silent ones included.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        plan: Plan,
        units: Sequence[int] = (1,),
        serial: bool = False,
        numbers: Callable[[int, float], int] | None = None,
        **settings: int,
    ) -> None:
        self.samples: list[Sample] = []
        self.events: list[Event] = []
        self.requests: list[tuple[float, int, range]] = []  # seconds, unit id, registers
        self.connects = 0
        self._us = 0
        self._behaviour, self._serial = behaviour, serial
        self._numbers = numbers
        self._free_us = 0  # when the serial gateway is done with what it was asked
        self._arriving: list[tuple[int, int, int, bytes]] = []  # when, order, connection, ADU
        self._connecting = False
        self.connection = Connection(TcpFraming(ModbusPduCodec()), self, self._deliver)
        made = replace(make_device(plan=plan), **settings)  # type: ignore[arg-type]
        devices = [replace(made, device=Device("site", f"unit{unit}"), unit_id=unit) for unit in units]
        self.connection.change(devices, START_US, None)

    def run(self, until_s: float) -> PlayedLine:
        """Let time pass."""
        end_us = round(until_s * S)
        while True:
            if self._connecting:
                self._connecting = False
                self.connection.connected(self._now)
            wake_us = self.connection.wake_at_us(self._now)
            moments = [us for us in (wake_us, self._arriving[0][0] if self._arriving else None) if us is not None]
            if not moments or min(moments) > end_us:
                self._us = end_us
                return self
            self._us = max(self._us, min(moments))
            if self._arriving and self._arriving[0][0] <= self._us:
                _, _, connection, adu = heapq.heappop(self._arriving)
                if connection == self.connects:
                    self.connection.received(adu, self._now)
            else:
                self.connection.wake(self._now)

    def of(self, unit: int) -> list[Sample]:
        """The samples of a unit, in order of their ticks."""
        return sorted((s for s in self.samples if s.device.device == f"unit{unit}"), key=lambda s: s.tick_us)

    def outcomes(self, unit: int = 1) -> list[str]:
        """What became of a unit's ticks: "stored", or the reason."""
        return [s.reason or s.status for s in self.of(unit)]

    def stored(self, unit: int = 1) -> list[int]:
        """The ticks of a unit that were stored, in seconds."""
        return [(s.tick_us - START_US) // S for s in self.of(unit) if s.status is Status.STORED]

    # --- transport ---------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        self.connects += 1
        self._connecting = True

    def close(self) -> None:
        self._connecting = False
        self._arriving.clear()

    def send(self, adus: bytes) -> None:
        for start in range(0, len(adus), 12):
            self._take(adus[start : start + 12])

    def _take(self, adu: bytes) -> None:
        transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", adu)
        registers = range(address, address + count)
        self.requests.append((self._us / S, unit, registers))
        begin_us = max(self._us, self._free_us) if self._serial else self._us
        took_s, reply = self._behaviour(unit, registers, begin_us / S)
        self._free_us = begin_us + round(took_s * S)
        if reply is None:
            return
        numbers = self._numbers
        held = [numbers(r, begin_us / S) if numbers else (1000 * unit + r) % 65536 for r in registers]
        pdu = struct.pack(f">BB{count}H", function, 2 * count, *held)
        if reply is not True:
            pdu = bytes([function | 0x80, reply])
        frame = struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu
        heapq.heappush(self._arriving, (self._free_us, len(self.requests), self.connects, frame))

    @property
    def _now(self) -> Now:
        return Now(self._us, START_US + self._us)

    def _deliver(self, item: Sample | Event) -> None:
        if isinstance(item, Sample):
            self.samples.append(item)
        else:
            self.events.append(item)
