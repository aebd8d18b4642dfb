"""What is wrong between a map and a device, and what to set: the way to the device, then the map. Pure.

Used by `job=check` for a device that is in trouble, and by `job=probe`. First the device has to answer
(`core.checking.ways`); then the registers of the map are read, a few requests first; what is refused or doubtful is
explained by causes (`core.checking.causes`), the last of which is another unit id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ess_ray.core.checking.causes import Asking, Cause, explains_all, find_causes, find_unit
from ess_ray.core.checking.expected import fits
from ess_ray.core.checking.reading import peek
from ess_ray.core.checking.scopes import whole
from ess_ray.core.checking.survey import AddressRange, Key, Survey
from ess_ray.core.checking.ways import Ask, Contact, Way, find_way, other_units, way_settings
from ess_ray.core.checking.weighing import Weighing, keys_of
from ess_ray.core.maps.plan import Plan
from ess_ray.core.maps.registers import BIT_FUNCTIONS, MAX_BITS, MAX_REGISTERS, Value

FIRST_LOOK = 30  # requests for the map's registers, before other assumptions are tried if none was read
MOST_FOR_CAUSES, MOST_FOR_UNITS = 150, 60


@dataclass(frozen=True, slots=True)
class AskingLimits:
    """How much may be asked: requests for the registers, and how many other unit ids."""

    most_requests: int
    most_units: int


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found. `survey` is by the way of `contact`; `unit_id` is that of `way`, if a cause says another unit."""

    first: Way  # as it is set
    contact: Contact
    survey: Survey
    causes: tuple[Cause, ...]
    way: Way

    @property
    def needed(self) -> Mapping[str, object]:
        """The settings of the device that should be others, as they stand in a site's file."""
        return {**way_settings(self.first, self.way), **size_settings(self.survey)}


def diagnose(
    values: Sequence[Value],
    windows: Sequence[AddressRange],
    first: Way,
    ask: Ask,
    limits: AskingLimits,
    survey: Survey | None = None,
) -> Diagnosis:
    """Find the way to a device of which no register is known, and what is wrong with its map.

    `values`: of the map, () without one; `windows`: registers to be read. `first`: the way that is set. Asks as often
    as it needs, within `limits`, until `ask` returns None.
    """
    spot = _first_spot(values, windows)
    contact = find_way(first, spot, ask, limits.most_units)
    survey = survey or Survey()
    if not contact.answered:
        survey.silence = str(contact.reply) if isinstance(contact.reply, str) else None
        return Diagnosis(first, contact, survey, (), first)
    keys = [(of, address) for of, begin, end in windows for address in range(begin, end + 1)]
    return look_at(values, keys, first, contact, survey, ask, limits)


def look_at(
    values: Sequence[Value],
    keys: Iterable[Key],
    first: Way,
    contact: Contact,
    survey: Survey,
    ask: Ask,
    limits: AskingLimits,
) -> Diagnosis:
    """The same for a device that answers by `contact`, and of which `survey` is known."""
    keys, read = list(keys), partial(ask, contact.way)
    left = limits.most_requests - survey.cover(keys, read, min(FIRST_LOOK, limits.most_requests))
    asking = Asking(read, min(MOST_FOR_CAUSES, limits.most_requests))
    causes = find_causes(values, survey, asking) if values and not survey.registers else []
    if not causes:
        survey.not_searched.clear()
        survey.cover(keys, read, max(left, 0))
        causes = find_causes(values, survey, asking) if values else []
    if values and not _settled(values, survey, causes) and _mostly_wrong(values, survey):
        units = {
            unit_id: Asking(partial(ask, replace(contact.way, unit_id=unit_id)), MOST_FOR_UNITS)
            for unit_id in other_units(contact.way, limits.most_units)
        }
        other = find_unit(values, survey, units)
        if other and (not causes or other[0].gain > causes[0].gain):
            return Diagnosis(first, contact, survey, (other[0],), replace(contact.way, unit_id=other[1]))
    return Diagnosis(first, contact, survey, tuple(causes), contact.way)


def longest_requests(plan: Plan) -> Mapping[str, int]:
    """The registers, and the bits, of the plan's longest requests, as `max_registers` and `max_bits`; 0: none."""
    longest = dict.fromkeys(("max_registers", "max_bits"), 0)
    for request in plan.requests:
        key = "max_bits" if request.function in BIT_FUNCTIONS else "max_registers"
        longest[key] = max(longest[key], request.count)
    return longest


def size_settings(survey: Survey) -> Mapping[str, object]:
    """`max_registers` and `max_bits`, where the device takes less than Modbus allows."""
    most = {key: MAX_BITS if key == "max_bits" else MAX_REGISTERS for key in ("max_registers", "max_bits")}
    most_read = dict(most)
    for function in survey.bounded & survey.largest.keys():
        key = "max_bits" if function in BIT_FUNCTIONS else "max_registers"
        most_read[key] = min(most_read[key], survey.largest[function])
    return {key: number for key, number in most_read.items() if number < most[key]}


def _first_spot(values: Sequence[Value], windows: Sequence[AddressRange]) -> AddressRange:
    """The registers of the first value, or the first register of a device without a map."""
    if values:
        value = values[0]
        return value.function, value.address, value.address + value.width - 1
    function, begin, _ = windows[0]
    return function, begin, begin


def _settled(values: Sequence[Value], survey: Survey, causes: Sequence[Cause]) -> bool:
    """True if nothing speaks against the map, or if one cause explains all that does."""
    return explains_all(causes) or not Weighing(values, survey).doubtful(whole(values))


def _mostly_wrong(values: Sequence[Value], survey: Survey) -> bool:
    """True if less than half of the values fit: of another unit hardly any would."""
    return 2 * sum(fits(peek(value, survey.registers)) for value in values) < len(values)


def mapped_keys(values: Iterable[Value]) -> list[Key]:
    """The registers of all values, and those that say whether they are what the map calls them."""
    values = list(values)
    expected = {(one.function, one.address) for value in values for one in value.expected}
    return sorted(expected.union(key for value in values for key in keys_of(value)))
