"""A sample: the registers read from one device at one tick, or the reason why they were not.

Times are whole microseconds since 1970 UTC. A sample's image is the payload of all requests of the device's plan, one
behind the other, in the plan's order (registers: two bytes each, big end first; bits: one byte each, 0 or 1); what
could not be read is zero bytes there and listed in `missing`, so that nothing is decoded from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The status of a sample, exactly one; the texts are those of the column `status`.

    STORED: all values are there, but for registers that are parked (the reason is then `parked`). PARTIAL: some are.
    FAILED: none, and the image is empty. The reason (`core.reasons`) says why.
    """

    STORED = "stored"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Device:
    """A device by the name of its site and its own, which is unique within the site; as text `site/device`.

    The configuration takes only a-z, 0-9, `_` and `-` in either name: no slash.
    """

    site: str
    device: str

    def __str__(self) -> str:
        return f"{self.site}/{self.device}"


# Not `frozen`: one is made for each tick of each device, and a frozen one takes twice as long to make.
@dataclass(slots=True, unsafe_hash=True)
class Sample:
    """One device at one tick; never changed once it is made. `image` is empty if nothing was read."""

    device: Device
    layout: str  # of the plan that it was read by: says how to decode the image
    tick_us: int
    status: Status
    reason: str | None  # see `core.reasons`; None for a complete sample
    missing: tuple[tuple[int, int], ...]  # byte ranges [start, end) of the image that were not read
    missing_text: str | None  # the same for people: "4:500-588" (function:first-last address), comma-separated
    read_ms: float  # from the tick to the last byte
    requests: int  # sent, retries included
    retries: int
    image: bytes


class EventKind(StrEnum):
    """What an event tells of its device. Events are transitions: they come in pairs or alone, never once a tick."""

    meaning: str
    bad_news: bool  # someone may have to do something

    def __new__(cls, text: str, meaning: str = "", bad_news: bool = False) -> EventKind:
        """A member that is the text, as the column `kind` has it, and has the other two as attributes."""
        kind = str.__new__(cls, text)
        kind._value_ = text
        kind.meaning, kind.bad_news = meaning, bad_news
        return kind

    DEVICE_LOST = (
        "device lost",
        "three polls in a row received no reply; `detail` has the reason of the third",
        True,
    )
    DEVICE_BACK = "device back", "the device replies again", False
    DEVICE_FROZEN = (
        "device frozen",
        "all registers have stayed the same for frozen_after_s, measured values too; they are stored as ever", True,
    )  # fmt: skip
    DEVICE_MOVES = "device moves", "registers of the frozen device change again", False
    DEVICE_CHANGED = (
        "device changed",
        "a register does not hold what the map expects, see `detail`: what the map places by it is not stored", True,
    )  # fmt: skip
    DEVICE_AS_EXPECTED = "device as expected", "the registers of the changed device hold what the map expects", False
    REGISTERS_PARKED = (
        "registers parked",
        "the device calls the registers in `detail` illegal, or does not reply to them: they are left out", True,
    )  # fmt: skip
    ASKED_SINGLY = (
        "asked singly",
        "the device does not take several requests at once: from now on it gets one after the other", True,
    )  # fmt: skip
    SURPLUS_BYTES = (
        "surplus bytes",
        "the device sends more bytes than its replies have: they are dropped; `detail` has the first of them", True,
    )  # fmt: skip
    OVERLOADED = (
        "overloaded",
        "polls take longer than the devices' periods leave: ticks are `overrun`; `detail` says what would fit", True,
    )  # fmt: skip
    CLOCK_FORWARD = "clock forward", "the wall clock jumped ahead: [time, until) has no ticks", True
    CLOCK_BACK = (
        "clock back",
        "the wall clock jumped back: ticks in [time, until) were taken already and are skipped", True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a device; (device, time_us, kind) is its key.

    Times are microseconds since 1970 UTC. `until_us`: end of [time_us, until_us) for a jump of the clock, else None.
    `detail`: more for people, may be empty.
    """

    device: Device
    time_us: int
    kind: EventKind
    until_us: int | None = None
    detail: str = ""
