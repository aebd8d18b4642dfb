"""The way to a device that does not answer as it is asked: framing, unit id, what to tolerate, pauses. Pure.

`find_way` asks for one value in another way each, the likeliest first by what came, until the device answers; few
requests, since each that is met with silence costs a time-out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from ess_ray.core.checking.survey import AddressRange, Reply
from ess_ray.core.polling.framing import Tolerance
from ess_ray.core.polling.framings import FRAMINGS
from ess_ray.core.reasons import ExceptionCode, Reason, Whose, bare_reason, exception_reason, explain
from ess_ray.core.settings import DeviceSettings, ProbeSettings

PAUSE_US = 1_000_000  # after connecting: what some dongles swallow comes within the first second
NO_SUCH_UNIT = frozenset({ExceptionCode.GATEWAY_PATH_UNAVAILABLE, ExceptionCode.GATEWAY_TARGET_SILENT})
# The usual ones first: 1 upwards, 0 and 255 of devices that have none, 247 the highest, 126 of SunSpec inverters.
UNIT_IDS = (1, 2, 3, 0, 255, 247, 4, 5, 10, 100, 126, *range(6, 10), *range(11, 33))
TOLERANCE_OF: Mapping[str, Tolerance] = {
    Reason.BAD_UNIT: Tolerance.UNIT_ID, Reason.BAD_TRANSACTION: Tolerance.TRANSACTION_ID,
    Reason.INCOMPLETE: Tolerance.LENGTH, Reason.BAD_LENGTH: Tolerance.LENGTH,
}  # fmt: skip


Settings = TypeVar("Settings", DeviceSettings, ProbeSettings)


@dataclass(frozen=True, slots=True)
class Way:
    """How a device is asked; the names are those of `DeviceSettings`."""

    framing: str
    unit_id: int
    tolerate: frozenset[str] = frozenset()
    connect_pause_us: int = 0

    def of(self, settings: Settings) -> Settings:
        """Settings of a device or a probe, asked in this way."""
        return replace(
            settings,
            framing=self.framing,
            unit_id=self.unit_id,
            tolerate=self.tolerate,
            connect_pause_us=self.connect_pause_us,
        )


Ask = Callable[[Way, int, int, int], Reply]  # way, function, address, count


@dataclass(frozen=True, slots=True)
class Contact:
    """The way by which the device answers, and what it answered first; `reply` is no answer if none was found."""

    way: Way
    reply: Reply
    asked_as_set: Reply  # what came to the way of the settings

    @property
    def answered(self) -> bool:
        """True if the device has answered, be it with an exception."""
        return answered(self.reply)


def find_way(first: Way, spot: AddressRange, ask: Ask, most_units: int) -> Contact:
    """The first way in which the device answers a request for the registers of `spot`.

    `most_units`: how many other unit ids are tried. Ways that `ask` cannot go are left out: it returns None then.
    """
    function, start, end = spot
    as_set = reply = ask(first, function, start, end - start + 1)
    if reply == Reason.TIMEOUT:  # a reply may be lost now and then
        as_set = reply = ask(first, function, start, end - start + 1)
    if reply is None or answered(reply) or _unreachable(reply):
        return Contact(first, reply, as_set)
    tried = {first}
    waiting = [*_other_ways(first, reply)]
    while waiting:
        way = waiting.pop(0)
        if way in tried:
            continue
        tried.add(way)
        reply = ask(way, function, start, end - start + 1)
        if reply is None or answered(reply):
            return Contact(way, reply, as_set)
        if isinstance(reply, str) and (tolerance := TOLERANCE_OF.get(bare_reason(reply))):  # half way there
            waiting.insert(0, replace(way, tolerate=way.tolerate | {tolerance}))
    for unit_id in other_units(first, most_units) if _may_be_unit(as_set) else ():
        way = replace(first, unit_id=unit_id)
        reply = ask(way, function, start, end - start + 1)
        if reply is None or answered(reply):
            return Contact(way, reply, as_set)
    return Contact(first, as_set, as_set)


def answered(reply: Reply) -> bool:
    """True for data, and for an exception of the device itself, not of a gateway that does not reach it."""
    return isinstance(reply, bytes) or (isinstance(reply, int) and reply not in NO_SUCH_UNIT)


def way_settings(first: Way, way: Way) -> Mapping[str, object]:
    """The settings of a device that differ between two ways, as they stand in a site's file."""
    settings: dict[str, object] = {}
    if way.framing != first.framing:
        settings["framing"] = way.framing
    if way.unit_id != first.unit_id:
        settings["unit_id"] = way.unit_id
    if way.tolerate != first.tolerate:
        settings["tolerate"] = sorted(map(str, way.tolerate))
    if way.connect_pause_us != first.connect_pause_us:
        settings["connect_pause_s"] = way.connect_pause_us / 1e6
    return settings


def settings_text(settings: Mapping[str, object]) -> str:
    """Settings as they stand in a site's file: "framing: rtu, tolerate: [unit_id]"."""
    return ", ".join(f"{key}: {_text(value)}" for key, value in settings.items())


def _text(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def describe(reply: Reply) -> str:
    """What came, for people: "timeout: no complete reply …"."""
    return describe_reason(reason_text(reply))


def describe_reason(reason: str) -> str:
    """A reason and what it means; of one that says itself what came, without the explanation of that."""
    meaning = explain(reason).meaning
    return f"{reason}: {meaning if bare_reason(reason) == reason else meaning.partition('; ')[0]}"


def reason_text(reply: Reply) -> str:
    """The reason of a reply without data, as a sample has it: "timeout", "exception 2"."""
    return exception_reason(reply) if isinstance(reply, int) else str(reply)


def _may_be_unit(reply: Reply) -> bool:
    """True if a wrong unit id is met with such a reply: with silence, or with a gateway's exception."""
    return isinstance(reply, int) or bare_reason(str(reply)) in (Reason.TIMEOUT, Reason.CLOSED, Reason.BAD_UNIT)


def _unreachable(reply: Reply) -> bool:
    return isinstance(reply, str) and explain(reply).whose is Whose.NETWORK


def _other_ways(first: Way, reply: Reply) -> Iterator[Way]:
    """The ways that may help after this reply to the first one, the likeliest first; other unit ids are left out."""
    if isinstance(reply, int):  # a gateway's exception: it is the unit that is not there
        return
    reason = bare_reason(str(reply))
    if reason in TOLERANCE_OF:
        yield replace(first, tolerate=first.tolerate | {TOLERANCE_OF[reason]})
    if reason == Reason.CLOSED:
        yield replace(first, connect_pause_us=PAUSE_US)
    for framing in FRAMINGS:
        if "tls" not in (framing, first.framing):
            yield replace(first, framing=framing, tolerate=first.tolerate & FRAMINGS[framing].tolerable)
    if reason == Reason.TIMEOUT:
        yield replace(first, connect_pause_us=PAUSE_US)
    else:
        yield replace(first, tolerate=frozenset(map(str, FRAMINGS[first.framing].tolerable)))


def other_units(first: Way, most: int) -> list[int]:
    """Other unit ids than that of `first`, the usual ones first, `most` at most."""
    return [unit_id for unit_id in UNIT_IDS if unit_id != first.unit_id][:most]
