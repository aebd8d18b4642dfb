"""A sample: what one device gave, or did not give, at one tick.

Times are whole microseconds since 1970 UTC. A sample's image is the payload of all requests of the device's plan, one
behind the other, in the plan's order (registers: two bytes each, big end first; bits: one byte each, 0 or 1); what
could not be read is zero bytes there and listed in `missing`, so that nothing is decoded from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """A sample is exactly one of these."""

    STORED = "stored"
    PARTIAL = "partial"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a sample is not complete. `exception` is followed by the device's code: "exception 2"."""

    TIMEOUT = "timeout"  # no complete answer within the request's time limit
    REFUSED = "refused"  # the device refused the connection
    UNREACHABLE = "unreachable"  # no route, no name, or no answer to the connection
    CLOSED = "closed"  # the device closed the connection before its answer was complete
    EXCEPTION = "exception"  # the device answered with a Modbus exception
    BAD_TRANSACTION = "bad transaction"  # an answer to a request that was never sent
    BAD_UNIT = "bad unit"
    BAD_FUNCTION = "bad function"
    BAD_LENGTH = "bad length"
    BAD_PROTOCOL = "bad protocol"  # not Modbus TCP at all
    OVERRUN = "overrun"  # the poll before was still running
    BACKOFF = "backoff"  # the device is silent; between two probes it is not asked
    PARKED = "parked"  # known bad registers are left out
    CLOCK = "clock"
    REJECTED = "rejected"
    JOURNAL_FULL = "journal_full"


@dataclass(frozen=True, slots=True)
class Device:
    """A device by name; names are unique within a site."""

    site: str
    device: str

    def __str__(self) -> str:
        return f"{self.site}/{self.device}"


@dataclass(slots=True, unsafe_hash=True)  # frozen in all but name: a frozen one takes twice as long to make
class Sample:
    """One device at one tick, never changed once made. `image` is empty where nothing was read."""

    device: Device
    layout: str  # of the plan that it was read by: says how to decode the image
    tick_us: int
    status: Status
    reason: str | None  # a Reason, "exception n" for exceptions; None for a complete sample
    missing: tuple[tuple[int, int], ...]  # byte ranges [start, end) of the image that were not read
    missing_text: str | None  # the same for people: "4:500-588" (function:first-last address), comma-separated
    read_ms: float  # from the tick to the last byte
    requests: int  # sent, retries included
    retries: int
    image: bytes


class Kind(StrEnum):
    """What an event tells. Events are transitions: they come in pairs or alone, never once a tick."""

    DEVICE_LOST = "device lost"  # three polls in a row heard nothing
    DEVICE_BACK = "device back"
    REGISTERS_PARKED = "registers parked"  # the device calls them illegal: they are left out
    ASKED_SINGLY = "asked singly"  # it does not take several requests at once (`requests_at_once`)
    CLOCK_FORWARD = "clock forward"  # the wall clock jumped ahead: [time, until) has no ticks
    CLOCK_BACK = "clock back"  # the wall clock jumped back: ticks in [time, until) were taken already and are skipped


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a device; (device, time_us, kind) is its key."""

    device: Device
    time_us: int
    kind: Kind
    until_us: int | None = None
    detail: str = ""
