"""The request plan of a register map: made once, immutable, as few requests as there can be.

Made by the driver, used by pollers (what to send), the decoder (where a value lies in a sample's image) and reports.
The *image* of a sample is the data of all its replies, one request behind the other: two bytes a register, high byte
first, and one byte (0 or 1) a bit. V1.1b3: "MODBUS Application Protocol Specification V1.1b3". Errors are ConfigError.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ess_ray.core.errors import ConfigError
from ess_ray.core.maps.atoms import Atom, find_atoms
from ess_ray.core.maps.measured import Measured, find_measured
from ess_ray.core.maps.rates import by_period
from ess_ray.core.maps.registers import BIT_FUNCTIONS, FUNCTIONS, MAX_BITS, MAX_REGISTERS, Expected, RegisterMap, Value

# So many registers in a row of another period are read along: on a serial line at 9600 baud 32 bytes take about as long
# as one more request and the beginning of its reply, with the silence around them and the device's time to think.
READ_ALONG = 16


@dataclass(frozen=True, slots=True)
class Request:
    """A read request of the plan: `count` registers or bits from `address` (0-based, on the wire) on.

    `function`: 1-4. `atoms`: (address, count) of the registers or bits of its values, ascending; none may be split over
    two requests.
    """

    function: int
    address: int
    count: int  # registers, or bits for functions 1 and 2
    atoms: tuple[Atom, ...]
    offset: int  # of its payload in the sample's image, in bytes
    period_us: int = 0  # of all its values, see `core.maps.rates`; 0: it is sent at each tick

    @property
    def item_bytes(self) -> int:
        """Bytes of the image that a register (two) or a bit (one, 0 or 1) takes."""
        return 1 if self.function in BIT_FUNCTIONS else 2

    @property
    def reply_bytes(self) -> int:
        """Bytes of the reply's data: two a register, one for eight bits (V1.1b3, sections 6.1-6.4)."""
        return (self.count + 7) // 8 if self.function in BIT_FUNCTIONS else 2 * self.count


@dataclass(frozen=True, slots=True)
class Guard:
    """A register, or bit, that is compared in each sample; from `start` to `end` it is in the image.

    `covers`: requests of the plan, with those of their atoms that count as not read where it holds another number than
    `expected` says.
    """

    expected: Expected
    start: int
    end: int
    data: bytes  # of the number that is expected
    period_us: int
    covers: tuple[Request, ...]

    def holds(self, image: bytes) -> bool:
        """True if a sample's image has the number that is expected."""
        return image[self.start : self.end] == self.data

    def number(self, image: bytes) -> int:
        """The number in a sample's image."""
        return int.from_bytes(image[self.start : self.end])


@dataclass(frozen=True, slots=True)
class Plan:
    """The requests of one poll, in the order they are sent: by period (those of each tick first), function, address.

    `image_bytes`: the length of a sample's image; `layout`: 16 hexadecimal digits. `measured`: where its
    values are that move while the device measures.
    """

    requests: tuple[Request, ...]
    image_bytes: int
    layout: str  # hash of the map and of this plan: equal layouts decode alike
    measured: tuple[Measured, ...] = ()
    guards: tuple[Guard, ...] = ()

    @property
    def periods_us(self) -> tuple[int, ...]:
        """The periods of its requests, rising: (0,) for a plan that is sent as a whole at each tick."""
        return tuple(dict.fromkeys(request.period_us for request in self.requests))

    def at_each_tick(self) -> Plan:
        """The plan with all of its requests sent at each tick: to look at a device once."""
        return replace(self, requests=tuple(replace(request, period_us=0) for request in self.requests))


def make_plan(
    register_map: RegisterMap,
    max_registers: int = MAX_REGISTERS,
    max_bits: int = MAX_BITS,
    borders: Collection[int] = (),
) -> Plan:
    """The fewest requests that read every value of `register_map`, with none across the addresses `borders`.

    A request holds at most `max_registers` registers (`max_bits` bits for functions 1 and 2), never a part of a value,
    only values of one period, and an address without such a value only if the map calls it readable, or if it is one of
    a few with values of other periods. Raises ConfigError for a limit that the protocol does not know (V1.1b3, sections
    6.1-6.4) or that one value alone exceeds, and for a border within a value.
    """
    _check_limit("max_registers", max_registers, MAX_REGISTERS)
    _check_limit("max_bits", max_bits, MAX_BITS)
    requests: list[Request] = []
    offset = 0
    located: list[tuple[Value, Sequence[int]]] = []
    guards: list[Guard] = []
    limits = {function: max_bits if function in BIT_FUNCTIONS else max_registers for function in FUNCTIONS}
    for period_us, values in by_period(register_map.values):
        of_period: list[Request] = []
        others = {key for value in register_map.values if value.period_us != period_us for key in value.keys}
        known = replace(register_map, values=tuple(values), readable_holes=register_map.readable_holes | others)
        for function, atoms in find_atoms(known, limits, borders).items():
            holes = _Holes(*(_of_function(keys, function) for keys in (register_map.readable_holes, others)))
            for group in _group(atoms, holes, limits[function], borders):
                first, (last, width) = group[0][0], group[-1]
                of_period.append(Request(function, first, last + width - first, tuple(group), offset, period_us))
                offset += of_period[-1].count * of_period[-1].item_bytes
        located += _located(values, of_period)
        requests += of_period
        guards += _guards(values, of_period)
    layout = _layout(register_map.map_hash, requests)
    return Plan(tuple(requests), offset, layout, find_measured(located), tuple(guards))


def _of_function(keys: Iterable[tuple[int, int]], function: int) -> frozenset[int]:
    return frozenset(address for of, address in keys if of == function)


@dataclass(frozen=True, slots=True)
class _Holes:
    """Addresses without a value for a request: the map calls them `readable`, or they are for requests of `others`."""

    readable: frozenset[int]
    others: frozenset[int]

    def may_be_read(self, addresses: range) -> bool:
        """True if a request may go across these addresses."""
        if self.others and len(addresses) <= READ_ALONG:
            return all(address in self.readable or address in self.others for address in addresses)
        return all(address in self.readable for address in addresses)


def locate(plan: Plan, value: Value) -> int:
    """The byte offset of `value` in a sample's image: of its first register, or of its bit (one byte a bit).

    `value` has to be one of the map that the plan was made for; not checked.
    """
    return byte_offset(plan, value.function, value.address, value.period_us)


def byte_offset(plan: Plan, function: int, address: int, period_us: int = 0) -> int:
    """The byte offset of a register, or of a bit, in a sample's image; it has to be one that the plan reads.

    `period_us`: of the values that it is read for.
    """
    return _offset(plan.requests, function, address, period_us)


def _offset(requests: Sequence[Request], function: int, address: int, period_us: int) -> int:
    keys = [(request.period_us, request.function, request.address) for request in requests]
    request = requests[bisect_right(keys, (period_us, function, address)) - 1]
    return request.offset + (address - request.address) * request.item_bytes


def _located(values: Iterable[Value], requests: Sequence[Request]) -> Iterator[tuple[Value, Sequence[int]]]:
    """Each value with what `locate` gives for it, or for each of its words; both in the order of the plan."""
    ahead = iter(requests)
    request = next(ahead, None)
    for value in values:
        if value.words:
            yield value, [_offset(requests, value.function, address, value.period_us) for address in value.words]
            continue
        while request and (value.function, value.address) >= (request.function, request.address + request.count):
            request = next(ahead, None)
        if request:
            yield value, (request.offset + (value.address - request.address) * request.item_bytes,)


def _guards(values: Iterable[Value], requests: Iterable[Request]) -> Iterator[Guard]:
    """The guards of the values of one period, which these requests read."""
    covered: dict[Expected, set[tuple[int, int]]] = {}
    for value in values:
        for expected in value.expected:
            keys = covered.setdefault(expected, {(one.function, one.address) for one in value.expected})
            keys.update((value.function, address) for address in value.addresses)
    for expected, keys in covered.items():
        covers, offset = [], 0
        for request in requests:
            if request.function == expected.function and 0 <= expected.address - request.address < request.count:
                offset = request.offset + (expected.address - request.address) * request.item_bytes
            atoms = [
                (first, count) for first, count in request.atoms
                if any((request.function, address) in keys for address in range(first, first + count))
            ]  # fmt: skip
            if atoms:
                covers.append(replace(request, atoms=tuple(atoms)))
        width = 1 if expected.function in BIT_FUNCTIONS else 2
        data = expected.number.to_bytes(width)
        yield Guard(expected, offset, offset + width, data, covers[0].period_us, tuple(covers))


def _check_limit(name: str, limit: int, highest: int) -> None:
    if not 1 <= limit <= highest:
        raise ConfigError(name, f"expected 1 to {highest} (the protocol's limit of one request), found {limit}")


def _group(atoms: list[Atom], holes: _Holes, limit: int, borders: Collection[int]) -> list[list[Atom]]:
    """The atoms of each request. Filled from the left: that gives the fewest, as part of a possible one is possible."""
    groups: list[list[Atom]] = []
    for address, width in atoms:
        for border in borders:
            if address < border < address + width:
                raise ConfigError("borders", f"{border} lies within a value, which has the address {address}")
        if groups:
            end = sum(groups[-1][-1])
            fits = address + width - groups[-1][0][0] <= limit
            fits = fits and not any(groups[-1][-1][0] < border <= address for border in borders)
            if fits and holes.may_be_read(range(end, address)):
                groups[-1].append((address, width))
                continue
        groups.append([(address, width)])
    return groups


def _layout(map_hash: str, requests: list[Request]) -> str:
    text = map_hash + "".join(f"\n{request.function} {request.address} {request.count}" for request in requests)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
