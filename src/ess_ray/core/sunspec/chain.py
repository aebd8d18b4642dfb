"""The chain of models that a device has, found by reading it: where it begins, and what stands in it.

"SunSpec Device Information Model Specification": a device begins with "SunS" at 40000, 0 or 50000; behind it stand the
models one behind the other, each with its number and length in front; the number 0xFFFF ends them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ess_ray.core.maps.numbering import LAST_ADDRESS
from ess_ray.core.reasons import exception_reason
from ess_ray.core.sunspec.definitions import HEADER, Definition
from ess_ray.core.sunspec.homes import COMMON
from ess_ray.core.sunspec.placing import Model

BASES = (40000, 0, 50000)
MARK = b"SunS"
END, OTHER_END = 0xFFFF, 0  # some devices end with 0 instead
MOST_MODELS = 200  # a chain that is longer is none

# Reads registers from an address on: their bytes, an exception's code, why there is no reply, None if none may be sent.
Read = Callable[[int, int], bytes | int | str | None]
Find = Callable[[int], Definition | None]


@dataclass(frozen=True, slots=True)
class UnknownModel:
    """A model that is not defined: a maker's own, as those from 64000 on mostly are."""

    number: int
    address: int
    length: int


@dataclass(slots=True)
class Chain:
    """What was found. `base`: where it begins; None: there is none, and `tried` says what each address had instead."""

    base: int | None = None
    models: list[Model] = field(default_factory=list)
    unknown: list[UnknownModel] = field(default_factory=list)
    tried: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # what deviates from the specification
    nameplate: dict[str, str] = field(default_factory=dict)  # texts of the first common model, by point

    @property
    def replied(self) -> bool:
        """True if the device has replied, be it with an exception."""
        return self.base is not None or any(not text.startswith("no reply") for text in self.tried.values())


def walk(read: Read, find: Find) -> Chain:
    """Find the beginning and go through the models, with few requests, each of a model's header, count or text."""
    chain = Chain()
    for base in BASES:
        reply = read(base, len(MARK) // 2)
        if reply == MARK:
            chain.base = base
            _walk_models(chain, base + len(MARK) // 2, read, find)
            return chain
        chain.tried[base] = _told(reply)
        if reply is None:
            break
    return chain


def _told(reply: bytes | int | str | None) -> str:
    if isinstance(reply, bytes):
        return f"holds {reply.hex(' ')}"
    if isinstance(reply, int):
        return exception_reason(reply)
    return f"no reply: {reply or 'no request is left'}"


def _walk_models(chain: Chain, at: int, read: Read, find: Find) -> None:
    while True:
        if at + HEADER - 1 > LAST_ADDRESS or len(chain.models) + len(chain.unknown) >= MOST_MODELS:
            chain.notes.append(f"the chain has no end: stopped at {at}")
            return
        header = _header(at, read)
        if not isinstance(header, tuple):
            chain.notes.append(f"the chain has no end model: {header} at {at}")
            return
        number, length = header
        if number == OTHER_END:
            chain.notes.append(f"the chain ends with model 0 at {at}, not with 65535")
        if number in (END, OTHER_END):
            return
        if at + HEADER + length > LAST_ADDRESS + 1:
            chain.notes.append(f"model {number} at {at} has length {length}, beyond {LAST_ADDRESS}: left out")
            return
        _take(chain, number, at, length, read, find)
        at += HEADER + length


def _header(at: int, read: Read) -> tuple[int, int] | str:
    """Number and length; or what came instead. An end may be its number alone."""
    reply = read(at, HEADER)
    if isinstance(reply, int):
        alone = read(at, 1)
        if isinstance(alone, bytes) and int.from_bytes(alone) in (END, OTHER_END):
            return int.from_bytes(alone), 0
    return (int.from_bytes(reply[:2]), int.from_bytes(reply[2:])) if isinstance(reply, bytes) else _told(reply)


def _take(chain: Chain, number: int, at: int, length: int, read: Read, find: Find) -> None:
    definition = find(number)
    if definition is None:
        chain.unknown.append(UnknownModel(number, at, length))
        return
    counts = {}
    for name, offset in definition.counts():
        if offset >= HEADER + length:
            continue
        reply = read(at + offset, 1)
        if isinstance(reply, bytes):
            counts[name] = int.from_bytes(reply)
        else:
            chain.notes.append(f"model {number} at {at}: {name} could not be read ({_told(reply)})")
    chain.models.append(Model(definition, at, length, counts))
    if number == COMMON and not chain.nameplate:
        _read_nameplate(chain, definition, at, length, read)


def _read_nameplate(chain: Chain, definition: Definition, at: int, length: int, read: Read) -> None:
    end = at + HEADER + length
    for point in definition.group.points:
        if point.type == "string" and at + point.size <= end:
            reply = read(at, point.size)
            if isinstance(reply, bytes):
                text = reply.partition(b"\0")[0].decode("utf-8", "replace")
                chain.nameplate[point.name] = " ".join(text.split())
        at += point.size


def listed(numbers: list[tuple[int, int]], find: Find, base: int = BASES[0]) -> tuple[list[Model], list[int]]:
    """Models one behind the other, without a device: (number, how often what repeats is there), as they would be.

    Also the numbers of those that are not defined.
    """
    models: list[Model] = []
    at, missing = base + len(MARK) // 2, []
    for number, times in numbers:
        definition = find(number)
        if definition is None:
            missing.append(number)
            continue
        length = definition.group.size_with(times) - HEADER
        models.append(Model(definition, at, length, {name: times for name, _ in definition.counts()}))
        at += HEADER + length
    return models, missing
